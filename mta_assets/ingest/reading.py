"""One batch being read: cells by our names, as texts or typed values, each checked against its contract as it is taken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from mta_assets.config import ChannelRule, Config, SourceConfig
from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Rule
from mta_assets.contracts.tables import STAGED
from mta_assets.ingest.fields import FIELDS
from mta_assets.ingest.identity import Words, hash_texts, mix
from mta_assets.ingest.mapping import Columns, default_of
from mta_assets.ingest.numbers import parse_flag
from mta_assets.ingest.parsed import Fault, Parsed
from mta_assets.ingest.persons import NOBODY, Persons
from mta_assets.ingest.problems import Problems
from mta_assets.ingest.readers.base import RawBatch
from mta_assets.ingest.texts import Texts, constant, read_texts

RETIRED_REMEDY = "nothing, if it may go; else keep more by retention.events_days in mta.yaml before the day is removed"
_LONGEST_EXTRA = 8192  # bytes of a cell that no column of ours has
_EXTRA_RULES = (
    Rule(
        name="short",
        holds=lambda c: c.str.len_bytes() <= _LONGEST_EXTRA,
        reason=f"is longer than {_LONGEST_EXTRA} bytes",
        remedy=rules.SHORT_TEXT.remedy,
    ),
    rules.NO_CONTROL,
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What is the same for every row of a file. now: when it is ingested, for judging what lies in the future."""

    file: str
    file_version: str
    source_name: str
    source: SourceConfig
    config: Config
    rules: tuple[ChannelRule, ...]
    now: datetime
    persons: Persons = NOBODY
    kept_since: date | None = None

    @property
    def provenance(self) -> dict[str, str]:
        """The columns that say where a row is from."""
        return {"source_name": self.source_name, "file": self.file, "file_version": self.file_version}

    @cached_property
    def last_moment(self) -> datetime:
        """The latest time that is not refused as lying in the future."""
        return self.now + timedelta(hours=self.config.latest_ahead_hours)

    @cached_property
    def last_day(self) -> date:
        """The day of `last_moment`, in the reporting timezone."""
        return self.last_moment.astimezone(ZoneInfo(self.config.reporting_timezone)).date()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A batch under its origin. Taking a column from it reads, checks and keeps book of the rows that fail."""

    raw: RawBatch
    columns: Columns
    origin: Origin
    problems: Problems

    def __len__(self) -> int:
        return self.raw.cells.height

    def has(self, name: str) -> bool:
        """Whether the file has a column of that name of ours."""
        return name in self.columns.theirs

    def texts(self, name: str, default: str | None = None) -> Texts:
        """The texts of our column, trimmed; where empty, what the source, the field or the caller says."""
        filled = self._default(name) or default
        return read_texts(self._cells(name), filled) if self.has(name) else constant(filled, len(self))

    def typed(self, name: str, parse: Callable[[pl.Series], Parsed]) -> pl.Series:
        """The values of our column; cells that are not of the type are problems."""
        cells, default = self._cells(name), self._default(name)
        if default is not None and cells.null_count():
            cells = cells.cast(pl.String).fill_null(default)
        parsed = parse(cells)
        self.fault(name, *parsed.faults)
        return parsed.values

    def fault(self, name: str, *faults: Fault) -> None:
        """Record what is wrong with our column beyond its contract."""
        for fault in faults:
            self.problems.add(name, fault, self._cells(name))

    def refuse_retired(self, name: str, day: pl.Series) -> None:
        """Refuse rows of days that are past their time: results that they would change are final, and of what they say nothing is to be kept."""
        if (first := self.origin.kept_since) is not None:
            reason = f"is before {first}, the first day of which events are kept"
            self.hide(name, Fault(bad=(day < first).fill_null(value=False), reason=reason, remedy=RETIRED_REMEDY))

    def hide(self, name: str, fault: Fault) -> None:
        """Refuse rows of which nothing is to be kept."""
        self.problems.hide(name, fault)

    def check(
        self, table: str, name: str, values: pl.Series | Texts, where: pl.Series | None = None, *, may_be_empty: bool = False
    ) -> None:
        """Hold values against the contract of a staged table's column."""
        column = next(column for column in STAGED[table].columns if column.name == name)
        self._check(replace(column, nullable=column.nullable or may_be_empty), name, values, where)

    @cached_property
    def consents(self) -> pl.Series | None:
        """(rows,) whether each row may be used per user; None when all may. A cell that says neither yes nor no is no consent, and a problem."""
        if not any(field.name == "consent" for field in FIELDS[self.origin.source.kind]):
            return None
        unless_said = self.origin.config.privacy.consent_unless_said
        if unless_said and not self.has("consent") and self._default("consent") is None:
            return None
        said = self.typed("consent", parse_flag)
        unread = said.is_null() & self._cells("consent").is_not_null()
        consents = said.fill_null(unless_said) & ~unread
        if consents.all():
            return None
        self.problems.conceal(~consents.to_numpy())
        return consents

    @cached_property
    def extra(self) -> tuple[pl.Series, dict[str, Words]]:
        """((rows,) what else each row carries as a JSON object, or null; its hash per column, 0 where empty). Equal for equal rows of any format."""
        fragments, hashes = [], {}
        for name in self.columns.extra:
            texts = read_texts(self.raw.cells[name], None)
            self._check(Column(name=name, dtype=pl.String(), meaning="", nullable=True, rules=_EXTRA_RULES), name, texts)
            fragments.append(texts.spread(_fragment(name, texts.values)))
            hashes[name] = texts.spread_hashes(_hash_named(name, texts.values))
        if not fragments:
            return constant(None, len(self)).rows, {}
        joined = pl.concat_str(fragments, separator=",", ignore_nulls=True)
        return pl.select(pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}"))).alias("extra")).to_series(), hashes

    def quarantine(self) -> pl.DataFrame:
        """The rejected rows, users under the names that are stored."""
        persons, raw = self.origin.persons, self.raw
        if persons.pseudonyms and self.has("user_id"):
            stored = self.texts("user_id").map(persons.stored_ids).rows.alias(self.columns.theirs["user_id"])
            raw = replace(raw, cells=raw.cells.with_columns(stored))
        return self.problems.quarantine(replace(raw, malformed=persons.shown(raw.malformed)), self.origin.provenance)

    def _check(self, column: Column, name: str, values: pl.Series | Texts, where: pl.Series | None = None) -> None:
        shown = self._cells(name) if self.has(name) else values.rows if isinstance(values, Texts) else values
        if name == "user_id" and self.origin.persons.pseudonyms:
            shown = constant(None, len(self)).rows
        self.problems.check(column, values, shown, where)

    def _cells(self, name: str) -> pl.Series:
        return self.raw.cells[self.columns.theirs[name]] if self.has(name) else constant(None, len(self)).rows

    def _default(self, name: str) -> str | None:
        return default_of(next(field for field in FIELDS[self.origin.source.kind] if field.name == name), self.origin.source)


def _fragment(name: str, values: pl.Series) -> pl.Series:
    """'"name":"value"' of every value, null where empty."""
    encoded = pl.DataFrame({name: values}).select(pl.struct(name).struct.json_encode()).to_series()
    return encoded.str.strip_prefix("{").str.strip_suffix("}").set(values.is_null(), None)


def _hash_named(name: str, values: pl.Series) -> Words:
    hashed = mix(hash_texts(values) ^ hash_texts(pl.Series([name])))
    hashed[values.is_null().to_numpy()] = 0
    return hashed
