"""Shapley attribution of the coalition game of conversions, in closed form for any number of channels; and its split by position."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Positions, Statistics, Touches
from mta_assets.models.base import Example, Learned, LearnedModel, TouchAllocation
from mta_assets.models.learning import absent, learned


@dataclass(frozen=True, kw_only=True)
class Shapley(LearnedModel):
    """Each channel's Shapley value in the game v(S) = conversions whose channels all lie within S: a journey's conversion, split over its distinct channels."""

    title: ClassVar[str] = "Shapley value"
    source: ClassVar[str] = "Zhao, Mahboobi and Bagheri 2018, 'Shapley value methods for attribution modeling', arXiv:1804.05327"
    formula: ClassVar[str] = "credit_c = sum over converting journeys that touch c of conversions / (distinct channels of the journey)"
    when: ClassVar[str] = (
        "A fair, stable split that any journey explains by itself. Not to judge what null journeys teach: they play no part."
    )
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("A", "B", "A"), "conversions": 4, "nulls": 0, "value": 40.0},
            {"path": ("B",), "conversions": 3, "nulls": 9, "value": 60.0},
        ),
        credit={"A": 2.0, "B": 5.0},
        effects={"A": 2.0, "B": 5.0},
        note="The 4 conversions of A and B are split equally, however often A was touched; the 3 of B alone stay with B.",
    )
    needs: ClassVar[tuple[str, ...]] = ("coalitions", "positions")

    def fit(self, statistics: Statistics) -> Learned:
        """The Shapley values of all units: raw effects are credited conversions and value."""
        coalitions = statistics.coalitions
        if coalitions is None:
            raise absent(self.title, "coalitions")
        members = np.diff(coalitions.offsets)
        share = 1.0 / np.maximum(members, 1)
        effect, value_effect = np.zeros((2, len(statistics.units)))
        np.add.at(effect, coalitions.unit, np.repeat(coalitions.conversions * share, members))
        np.add.at(value_effect, coalitions.unit, np.repeat(coalitions.value * share, members))
        return learned(statistics, effect, value_effect)

    def allocate(self, touches: Touches, learned: Learned) -> TouchAllocation:
        """Each journey's conversion split equally over its distinct units, and each unit's part equally over its touches: days add up exactly."""
        groups = touches.groups
        units = np.bincount(groups.journey, minlength=len(touches))
        part: Floats = 1.0 / (units[groups.journey] * groups.touches)
        return TouchAllocation(weight=part[groups.of_touch])


def position_matrix(statistics: Statistics) -> Positions:
    """Ordered Shapley: the same credit split by the position of the touches that earn it, as (unit, position, conversions, value) cells."""
    if statistics.positions is None:
        raise absent("The position matrix", "positions")
    return statistics.positions
