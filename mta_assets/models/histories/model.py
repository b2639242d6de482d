"""What models of events have in common: they need the events themselves, and one fit, which takes long, stands for some days."""

from dataclasses import dataclass
from typing import ClassVar

from mta_assets.contracts.arrays import HISTORIES
from mta_assets.models.base import LearnedModel
from mta_assets.models.parameters import parameter, require_days

DAYS = "a whole number of days from 1 to {}"
_MOST_DAYS = 28


@dataclass(frozen=True, kw_only=True)
class EventModel(LearnedModel):
    """A learned model that looks at what happened to users before and after each moment, not at journeys."""

    refit_days: int = parameter(
        7, range=DAYS.format(_MOST_DAYS), description="How many days one fit credits before the next is made, by the calendar."
    )

    needs: ClassVar[tuple[str, ...]] = (HISTORIES,)
    needs_times: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_days(self, "refit_days", most=_MOST_DAYS)

    @property
    def stands_days(self) -> int:
        """As configured."""
        return self.refit_days
