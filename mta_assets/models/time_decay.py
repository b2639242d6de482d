"""Time decay: a touch counts the less the longer ago it was."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.errors import UnavailableError
from mta_assets.models.base import Example, RuleModel
from mta_assets.models.parameters import is_number, parameter, require

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, kw_only=True)
class TimeDecay(RuleModel):
    """Credit that halves with every half-life between the touch and the conversion."""

    half_life_days: float = parameter(
        7.0, range="a finite number of days > 0", description="How long before the conversion a touch counts half as much."
    )

    title: ClassVar[str] = "Time decay"
    source: ClassVar[str] = (
        "'Time decay', half-life 1 week, Google Ads API v22 reference, AttributionModelEnum: developers.google.com/google-ads/api/reference/rpc/v22/overview"
    )
    formula: ClassVar[str] = "w_i = 2^(-age_i / half_life), normalised over the journey"
    when: ClassVar[str] = "Short promotions and short sales cycles. Not for long ones: it starves whatever began them."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email"), "conversions": 3, "nulls": 0, "value": 30.0, "age_hours": (168.0, 0.0)},
            {"path": ("Search",), "conversions": 1, "nulls": 2, "value": 20.0, "age_hours": (500.0,)},
        ),
        credit={"Search": 2.0, "Email": 2.0},
        note="Search was touched 7 days (one half-life) before Email, so the first path's 3 are split 1 to 2; Search alone earns the second path's 1.",
    )
    needs_times: ClassVar[bool] = True

    def __post_init__(self) -> None:
        holds = is_number(self.half_life_days) and 0 < self.half_life_days < np.inf
        require(self, "half_life_days", holds=holds, remedy="7 is usual; a huge half-life comes near to the linear model")

    def weight(self, touches: Touches) -> Floats:
        """2^(-age / half-life), with the age taken from the journey's youngest touch: the shares are the same, and no journey vanishes in rounding."""
        if touches.age_hours is None:
            raise UnavailableError(f"{self.title} cannot be computed: {self.missing(touches)}.")
        youngest = np.full(len(touches), np.inf)
        owned = touches.length > 0
        youngest[owned] = np.minimum.reduceat(touches.age_hours, touches.offsets[:-1][owned]) if owned.any() else []
        age = touches.age_hours - np.repeat(youngest, touches.length)
        return np.asarray(np.exp2(age / (-HOURS_PER_DAY * self.half_life_days)))
