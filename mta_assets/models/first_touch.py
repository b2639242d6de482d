"""First touch: the touch that opened the journey takes all."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel


@dataclass(frozen=True, kw_only=True)
class FirstTouch(RuleModel):
    """All credit to the first touch of the journey."""

    title: ClassVar[str] = "First touch"
    source: ClassVar[str] = (
        "'First click' Google Ads API v22 reference, AttributionModelEnum: developers.google.com/google-ads/api/reference/rpc/v22/overview"
    )
    formula: ClassVar[str] = "w_1 = 1, every other touch 0"
    when: ClassVar[str] = "To see which channels open journeys. Not for budgets: what happened after the first touch counts for nothing."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Direct"), "conversions": 3, "nulls": 0, "value": 30.0},
            {"path": ("Email", "Search"), "conversions": 1, "nulls": 2, "value": 20.0},
        ),
        credit={"Search": 3.0, "Email": 1.0, "Direct": 0.0},
        note="Search opens the first path (3 conversions), Email the second (1).",
    )

    def weight(self, touches: Touches) -> Floats:
        """1 on each journey's first touch."""
        weight = np.zeros(len(touches.unit))
        weight[touches.offsets[:-1][touches.length > 0]] = 1.0
        return weight
