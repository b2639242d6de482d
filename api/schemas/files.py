"""What the routes that take files take and answer. Grain: a file, a rejected row, a reason."""

from datetime import date
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from api.schemas.base import Model
from mta_assets.analysis.recognise import FileKind, column_mapping
from mta_assets.analysis.run import Options
from mta_assets.errors import CallError


class Verdict(StrEnum):
    """What became of a file's rows: all can be used, some, or none."""

    OK = "ok"
    USABLE = "usable_with_rejected_rows"
    UNUSABLE = "unusable"


class FileQuery(Model):
    """How a file is to be read. Of a multipart form these may be parts as well."""

    kind: FileKind | None = Field(None, description="What the rows of `file` are; without it, their columns say.")
    columns: str | None = Field(
        None,
        max_length=10_000,
        description="Which column of yours is which of ours: OURS=THEIRS,... Where two files differ, say for which kind: conversions.ts=ordered_at.",
        examples=["user_id=customer_id,ts=time"],
    )
    timezone: str | None = Field(
        None, max_length=100, description="The IANA zone of times that carry no offset; UTC without it.", examples=["Europe/Berlin"]
    )
    filename: str | None = Field(None, max_length=1_000, description="What to call a file that is the body itself. It is only ever shown.")

    @field_validator("columns")
    @classmethod
    def _is_a_mapping(cls, text: str | None) -> str | None:
        try:
            column_mapping(text or "ours=theirs")
        except CallError as error:
            raise ValueError(str(error)) from error
        return text

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # the last for names that are folders
            raise ValueError("it is no IANA time zone; write for example Europe/Berlin or UTC") from error
        return name

    def options(self) -> Options:
        """As the engine takes it."""
        return Options(columns=column_mapping(self.columns) if self.columns else {}, timezone=self.timezone)


class ValidateQuery(FileQuery):
    """How a file is to be read, and how much is told of it."""

    limit: int = Field(20, ge=0, le=1_000, description="How many rejected rows `errors` has.")


class AnalyzeQuery(FileQuery):
    """How files are to be read and analysed."""

    models: str = Field(
        "all", min_length=1, max_length=2_000, description="`all`, or names of models separated by commas.", examples=["linear,markov_1"]
    )
    by: Literal["channel", "campaign"] = Field("channel", description="What earns credit.")
    lookback_days: float | None = Field(
        None, gt=0, le=730, description="How long before a conversion a touch counts; without it, as the server is set up (30)."
    )
    mode: Literal["auto", "inline", "job"] = Field(
        "auto",
        description="auto: small files are analysed at once, larger ones become a job; inline refuses larger ones; job makes one in any case.",
    )

    def options(self) -> Options:
        """As the engine takes it."""
        read = super().options()
        return Options(models=self.models, by=self.by, columns=read.columns, timezone=read.timezone, lookback_days=self.lookback_days)


class Rows(Model):
    """What became of the rows: read = accepted + quarantined + duplicates."""

    read: int = Field(description="All of them.")
    accepted: int = Field(description="Rows that count.")
    quarantined: int = Field(description="Rows that cannot be used.")
    duplicates: int = Field(description="Rows that are there twice and count once.")


class RowError(Model):
    """A row that cannot be used."""

    file: str = Field(description="What you called the file.")
    row: int = Field(description="As a spreadsheet counts: the header of a CSV is row 1.")
    column: str | None = Field(description="The column at fault; null when it is the whole row.")
    value: str | None = Field(description="What is there, shortened.")
    reason: str = Field(description="What is wrong.")
    remedy: str = Field(description="What to do.")


class Reason(Model):
    """How often something was wrong."""

    column: str | None = Field(description="The column at fault; null when it is the whole row.")
    reason: str = Field(description="What is wrong.")
    remedy: str = Field(description="What to do.")
    rows: int = Field(description="In how many rows.")


class ChannelRows(Model):
    """A channel that the accepted rows name, or that the channel rules give them."""

    channel: str
    rows: int


class Validation(Model):
    """The verdict on a file, by the same rules as the pipeline and the analysis."""

    verdict: Verdict = Field(description="ok: every row counts or is a duplicate; usable_with_rejected_rows; unusable: see `reason`.")
    reason: str | None = Field(description="Why it is unusable as a whole; null when it is not.")
    file: str = Field(description="What you called the file.")
    kind: FileKind | None = Field(description="What its rows are; null when that cannot be told.")
    size_bytes: int = Field(description="Its size as it was sent.")
    sha256: str = Field(description="The hash of its bytes as they were sent.")
    rows: Rows
    first_day: date | None = Field(description="The first day of the accepted rows, in the reporting timezone; null of a path table.")
    last_day: date | None = Field(description="The last day.")
    channels: list[ChannelRows] = Field(description="The channels of the accepted rows, the most frequent first, 100 at most.")
    channel_count: int = Field(description="How many channels there are.")
    errors: list[RowError] = Field(description="The first rows that cannot be used, `limit` at most.")
    reasons: list[Reason] = Field(description="What is wrong, the most frequent first, 100 at most.")
    reason_count: int = Field(description="How many different reasons there are.")
