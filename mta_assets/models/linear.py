"""Linear: every touch of the journey earns the same."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel


@dataclass(frozen=True, kw_only=True)
class Linear(RuleModel):
    """Credit split equally over the touches; a channel that was touched twice counts twice."""

    title: ClassVar[str] = "Linear"
    source: ClassVar[str] = (
        "'Linear' Google Ads API v22 reference, AttributionModelEnum: developers.google.com/google-ads/api/reference/rpc/v22/overview"
    )
    formula: ClassVar[str] = "w_i = 1 / n"
    when: ClassVar[str] = "A neutral baseline to hold other models against. Not where one channel touches far more often than it persuades."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Search", "Direct"), "conversions": 4, "nulls": 0, "value": 40.0},
            {"path": ("Email",), "conversions": 1, "nulls": 2, "value": 20.0},
        ),
        credit={"Search": 2.0, "Email": 2.0, "Direct": 1.0},
        note="A quarter of 4 for each touch of the first path: Search 2, Email 1, Direct 1; Email alone earns the second path's 1.",
    )

    def weight(self, touches: Touches) -> Floats:
        """1 on every touch."""
        return np.ones(len(touches.unit))
