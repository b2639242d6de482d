"""The section `freshness` of `mta.yaml`: how old data may be, and when a source has to deliver. What is measured against it is in `results.freshness`."""

from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field, model_validator

from mta_assets.config_section import Section, Timezone

_SOME_DEADLINES: Final = 100
_ANY_MOMENT: Final = datetime(2024, 1, 1, tzinfo=ZoneInfo("UTC"))


class FreshnessPolicy(Section):
    """How old the newest data may be: hours since the end of the newest day that has rows, or, where there is a deadline, that rows came before it."""

    late_after_hours: float = Field(36, gt=0, description="From then on it is late: the day before yesterday is the newest that is there.")
    stale_after_hours: float = Field(72, gt=0, description="From then on it is stale.")
    silent_after_hours: float = Field(
        30, gt=0, description="A source of which no file was read for so long is silent, which raises an alert."
    )
    deadline_cron: str | None = Field(
        None,
        description="Instead of the hours: the deadlines of deliveries, as in cron, e.g. '0 9 * * 1-5'. One that was missed is late, two are stale.",
    )
    within_hours: float = Field(
        12, gt=0, description="How long before its deadline a delivery may come; no longer than from deadline to deadline."
    )
    timezone: Timezone = Field("UTC", description="The zone of the deadlines.")

    @model_validator(mode="after")
    def _late_before_stale(self) -> "FreshnessPolicy":
        if self.late_after_hours > self.stale_after_hours:
            raise ValueError("late_after_hours must not be above stale_after_hours")
        return self

    @model_validator(mode="after")
    def _deadlines_are_apart(self) -> "FreshnessPolicy":
        if self.deadline_cron is None:
            return self
        try:
            some = list(islice(CronSim(self.deadline_cron, _ANY_MOMENT), _SOME_DEADLINES))
        except CronSimError as error:
            raise ValueError(
                f"deadline_cron {self.deadline_cron!r} is no cron expression: {error}; write for example '0 9 * * 1-5'"
            ) from error
        if min(later - earlier for earlier, later in pairwise(some)) < timedelta(hours=self.within_hours):
            raise ValueError("within_hours must not be longer than the shortest time between two deadlines of deadline_cron")
        return self

    def needed_since(self, now: datetime, deadlines: int = 1) -> datetime | None:
        """From when on a delivery counts for the last deadline that has passed, or for the one so many before it; None without deadlines."""
        if self.deadline_cron is None:
            return None
        here = now.astimezone(ZoneInfo(self.timezone)).replace(microsecond=0) + timedelta(seconds=1)
        passed = list(islice(CronSim(self.deadline_cron, here, reverse=True), deadlines))
        return passed[-1].astimezone(now.tzinfo) - timedelta(hours=self.within_hours)

    @property
    def allowed(self) -> str:
        """What is asked for, in words."""
        if self.deadline_cron is not None:
            return f"a delivery within {self.within_hours:g} hours before each deadline ({self.deadline_cron}, {self.timezone})"
        return f"a day that ended at most {self.late_after_hours:g} hours ago"

    @property
    def allowed_of_source(self) -> str:
        """What is asked for of who delivers, in words."""
        return self.allowed if self.deadline_cron is not None else f"{self.allowed}, and a delivery every {self.silent_after_hours:g} hours"


class FreshnessConfig(Section):
    """How old data may be before `/v1/freshness`, Dagster and alerts call them late or stale."""

    default: FreshnessPolicy = Field(FreshnessPolicy(), description="Of every source and table that has no policy of its own.")
    sources: dict[str, FreshnessPolicy] = Field(default_factory=dict, description="Name of a source -> its policy.")
    tables: dict[str, FreshnessPolicy] = Field(default_factory=dict, description="Name of a table, e.g. marts/spend_daily -> its policy.")

    def of_source(self, name: str) -> FreshnessPolicy:
        """The policy in force for a source."""
        return self.sources.get(name, self.default)

    def of_table(self, name: str) -> FreshnessPolicy:
        """The policy in force for a table."""
        return self.tables.get(name, self.default)
