"""What the routes of freshness and checks take and answer."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from api.schemas.base import Model


class FreshnessQuery(Model):
    """Which sources and tables."""

    status: Literal["fresh", "late", "stale", "empty"] | None = Field(None, description="Only those of this status.")


class FreshnessRow(Model):
    """How old a source or a table is."""

    kind: Literal["source", "table"]
    name: str = Field(description="The source of mta.yaml, or the table.")
    newest_day: date | None = Field(description="The last day that has rows; null when there is none.")
    written_at: AwareDatetime | None = Field(description="When rows last came: a table's newest write, a source's newest file.")
    age_hours: float | None = Field(
        description="Hours since the end of the newest day, in the reporting timezone; 0 on a day that has not ended."
    )
    late_after_hours: float = Field(description="The policy of `freshness` in mta.yaml.")
    stale_after_hours: float = Field(description="The policy of `freshness` in mta.yaml.")
    silent_after_hours: float = Field(description="The policy of `freshness` in mta.yaml; of sources.")
    deadline_cron: str | None = Field(description="The deadlines of deliveries, in place of the hours; null where there are none.")
    within_hours: float = Field(description="How long before a deadline a delivery may come.")
    timezone: str = Field(description="The zone of the deadlines.")
    status: Literal["fresh", "late", "stale", "empty"]
    silent: bool = Field(description="Whether it is a source that has delivered and does not any more.")


class Freshness(Model):
    """How old everything is: sources by name, then tables in the order in which data flow."""

    data: list[FreshnessRow]
    at: AwareDatetime = Field(description="The moment that the ages are of, UTC; exact to the minute.")
    status: Literal["fresh", "late", "stale", "empty"] = Field(description="The worst of those that have rows; empty when none has.")


class ChecksQuery(Model):
    """Which results."""

    status: Literal["passed", "failed"] | None = Field(None, description="Only results that are so.")
    asset: str | None = Field(None, max_length=200, description="Only of this table, e.g. credits/linear.")
    results: Literal["latest", "all"] = Field("latest", description="The latest of each check, or every one that is kept.")
    limit: int = Field(200, ge=1, le=1_000, description="How many results a page has.")
    cursor: str | None = Field(None, max_length=20, description="`next_cursor` of the page before.")


class CheckRow(Model):
    """What a check found."""

    asset: str = Field(description="The table, e.g. credits/linear.")
    name: str = Field(description="The check, e.g. conservation.")
    status: Literal["passed", "failed"]
    severity: Literal["error", "warning"] = Field(description="error: what was found is wrong; warning: a person should look at it.")
    message: str
    recommendation: str = Field(description="What to do; empty when it passed.")
    numbers: dict[str, float | int | str] = Field(description="The numbers behind it.")
    first_day: date | None = Field(description="The first of the days that were checked.")
    last_day: date | None = Field(description="The last of them.")
    run_id: str = Field(description="The run that checked.")
    at: AwareDatetime = Field(description="When, UTC.")


class Checks(Model):
    """Results of checks, the newest first."""

    data: list[CheckRow]
    next_cursor: str | None = Field(description="The cursor of the next page; null at the end.")
