"""The section `checks` of `mta.yaml`: when the checks of the data speak up, how loud, and what is done about bots. What each check judges is in `quality`."""

from datetime import date
from typing import Literal

from pydantic import Field

from mta_assets.config_section import Section

Severity = Literal["error", "warning"]
# A wrong name under `rules` is an error of its own; a test holds that these are the checks of `quality/registry`.
CheckName = Literal[
    "quarantine_share",
    "duplicate_share",
    "volume",
    "channels",
    "unassigned_share",
    "repeated_touches",
    "touches_without_user",
    "bots",
    "clock_skew",
    "future_events",
    "currency_mix",
    "value_outliers",
    "spend_without_touches",
    "touches_without_spend",
    "control_totals",
    "conversions_without_touches",
    "journey_drift",
    "unattributed_share",
    "share_moves",
]


class KnownChange(Section):
    """A change that was meant, such as a new channel or a campaign that ended: what was before it is no measure for what comes after."""

    day: date = Field(description="The first day after the change.")
    source: str | None = Field(None, description="Only of this source; of all when absent.")
    part: str | None = Field(None, description="Only of this channel, goal or currency; of all when absent.")


class CheckConfig(Section):
    """One check."""

    enabled: bool = Field(True, description="Whether it judges at all; a check that is off passes and says so.")
    severity: Severity | None = Field(None, description="warning or error; what docs/checks.md says when absent.")
    min_change: float | None = Field(None, ge=0, description="The least change that counts, as docs/checks.md says of each check.")


class BotsConfig(Section):
    """When a user is taken for a bot, by one day's touches, and what follows."""

    touches_per_day: int = Field(1_000, ge=2, description="As many touches on one day, or more.")
    burst_touches: int = Field(60, ge=2, description="As many touches, or more, within `burst_seconds`.")
    burst_seconds: float = Field(60, gt=0, description="See `burst_touches`.")
    exclude: bool = Field(
        False, description="Whether the touches of such a user on such a day are left out of journeys. They stay in core/touchpoints."
    )


class ChecksConfig(Section):
    """The checks that compare a day with its own history, and those that reconcile. docs/checks.md says what each means and when it fires."""

    history_weeks: int = Field(8, ge=4, le=52, description="How many weeks before a day are its history.")
    false_alarms_per_year: float = Field(
        1,
        gt=0,
        le=50,
        description="How often a check may fire on good data, over all sources and channels together; fewer makes it less sensitive.",
    )
    grace_hours: float = Field(
        12,
        ge=0,
        le=72,
        description="A source that has no row of a day is waited for so long after the day's end before that counts against it.",
    )
    known_changes: tuple[KnownChange, ...] = Field((), description="Changes that were meant.")
    bots: BotsConfig = Field(BotsConfig(), description="When a user is taken for a bot, and what follows.")
    control_totals: str = Field(
        "control/*.csv", description="Which files of the landing folder are control totals; no source may claim them."
    )
    rules: dict[CheckName, CheckConfig] = Field(default_factory=dict, description="Name of a check -> what differs for it.")

    def rule(self, name: str) -> CheckConfig:
        """What differs for a check; nothing for one that is not named."""
        return next((rule for known, rule in self.rules.items() if known == name), CheckConfig())
