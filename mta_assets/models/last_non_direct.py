"""Last non-direct touch: as last touch, but direct traffic is passed over where anything else is known."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel


@dataclass(frozen=True, kw_only=True)
class LastNonDirect(RuleModel):
    """All credit to the last touch that is not direct traffic; to the last touch when every touch is direct."""

    title: ClassVar[str] = "Last non-direct touch"
    source: ClassVar[str] = "Google Analytics 4 help, 'Paid and organic last click': support.google.com/analytics/answer/10596866"
    formula: ClassVar[str] = "w_i = 1 for i = max{i : touch i is not direct}, or i = n when all are direct; every other touch 0"
    when: ClassVar[str] = "The default of most web reports, so the one to compare with them. Not for budgets: it ignores all but one touch."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Direct"), "conversions": 3, "nulls": 0, "value": 30.0},
            {"path": ("Direct", "Direct"), "conversions": 1, "nulls": 2, "value": 20.0},
        ),
        credit={"Search": 0.0, "Email": 3.0, "Direct": 1.0},
        note="Direct is passed over in the first path, so Email gets its 3; the second path holds nothing else, so Direct keeps its 1.",
    )

    def weight(self, touches: Touches) -> Floats:
        """1 on the last touch that is not direct, or on the last touch."""
        last = np.full(len(touches), -1)
        known = np.flatnonzero(~touches.is_direct)
        last[touches.journey[known]] = known  # ascending, so the last one of each journey stays
        last = np.where(last < 0, touches.offsets[1:] - 1, last)
        weight = np.zeros(len(touches.unit))
        weight[last[touches.length > 0]] = 1.0
        return weight
