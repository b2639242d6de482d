"""Participation: every channel of the journey gets the whole conversion. Not additive, and says so."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel


@dataclass(frozen=True, kw_only=True)
class Participation(RuleModel):
    """One whole conversion to each distinct unit of the journey; the unit's touches share it equally."""

    title: ClassVar[str] = "Participation"
    source: ClassVar[str] = "Converge documentation, 'Participation': docs.runconverge.com/attribution/models"
    formula: ClassVar[str] = "w_i = 1 / (touches of the same unit in the journey); a journey's weights sum to its distinct units"
    when: ClassVar[str] = "To see in how many conversions a channel had a part. Never add channels up: the sum exceeds the conversions."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Search"), "conversions": 3, "nulls": 0, "value": 30.0},
            {"path": ("Email",), "conversions": 1, "nulls": 2, "value": 20.0},
        ),
        credit={"Search": 3.0, "Email": 4.0},
        note="Search had a part in 3 conversions, Email in all 4.",
    )
    additive: ClassVar[bool] = False

    def weight(self, touches: Touches) -> Floats:
        """1 over the number of the unit's touches in the journey."""
        return np.asarray((1.0 / touches.groups.touches)[touches.groups.of_touch])
