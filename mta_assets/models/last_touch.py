"""Last touch: the touch that closed the journey takes all."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel


@dataclass(frozen=True, kw_only=True)
class LastTouch(RuleModel):
    """All credit to the last touch before the conversion."""

    title: ClassVar[str] = "Last touch"
    source: ClassVar[str] = (
        "'Last click' Google Ads API v22 reference, AttributionModelEnum: developers.google.com/google-ads/api/reference/rpc/v22/overview"
    )
    formula: ClassVar[str] = "w_n = 1, every other touch 0"
    when: ClassVar[str] = "To reconcile with platforms that report last touch. Not for budgets: it pays whoever stands nearest to the till."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Direct"), "conversions": 3, "nulls": 0, "value": 30.0},
            {"path": ("Email", "Search"), "conversions": 1, "nulls": 2, "value": 20.0},
        ),
        credit={"Search": 1.0, "Email": 0.0, "Direct": 3.0},
        note="Direct closes the first path (3 conversions), Search the second (1).",
    )

    def weight(self, touches: Touches) -> Floats:
        """1 on each journey's last touch."""
        weight = np.zeros(len(touches.unit))
        weight[touches.offsets[1:][touches.length > 0] - 1] = 1.0
        return weight
