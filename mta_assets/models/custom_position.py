"""Custom position: a share for each position counted from either end, the rest for the touches between."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel
from mta_assets.models.parameters import WHOLE, are_shares, parameter, require

_SHARES = "a list of numbers from 0 to 1, both lists together summing to at most 1"


@dataclass(frozen=True, kw_only=True)
class CustomPosition(RuleModel):
    """Shares by position from the start and from the end of the journey; touches that neither list reaches split what is left equally.

    In a journey too short for both lists, a touch reached from both ends earns both shares, and what falls outside goes to everything else in proportion.
    """

    first: tuple[float, ...] = parameter((0.3, 0.1), range=_SHARES, description="Shares of the first, the second, ... touch.")
    last: tuple[float, ...] = parameter((0.4, 0.1), range=_SHARES, description="Shares of the last, the last but one, ... touch.")

    title: ClassVar[str] = "Custom position"
    source: ClassVar[str] = (
        "Adobe Analytics documentation, attribution model 'Custom' (weights of the first, the last and the touches between), here by position"
    )
    formula: ClassVar[str] = (
        "w_i = first[i] + last[n - i + 1] (0 beyond a list's end), or (1 - sum of both lists) / (touches in neither); normalised"
    )
    when: ClassVar[str] = "To reproduce a house rule. Not as evidence: the shares are an opinion."
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Search", "Email", "Social", "Email", "Direct"), "conversions": 10, "nulls": 0, "value": 100.0},
            {"path": ("Search", "Direct"), "conversions": 9, "nulls": 1, "value": 90.0},
        ),
        credit={"Search": 3.0 + 4.0, "Email": 1.0 + 1.0, "Social": 1.0, "Direct": 4.0 + 5.0},
        note="Of 10: 3, 1 from the start, 4, 1 from the end, and the rest of 1 to Social between. In the second path Search is first (30) and "
        "last but one (10), Direct last (40) and second (10): 9 x 40/90 and 9 x 50/90.",
    )

    def __post_init__(self) -> None:
        for name in ("first", "last"):
            shares = getattr(self, name)
            require(self, name, holds=isinstance(shares, tuple) and are_shares(shares), remedy="write for example [0.3, 0.1]")
        together = sum(self.first) + sum(self.last)
        require(self, "first", holds=together <= WHOLE, remedy=f"lower the shares: together they are {together:g}")

    def weight(self, touches: Touches) -> Floats:
        """The shares from both ends, or an equal part of the rest."""
        weight, reached = np.zeros(len(touches.unit)), np.zeros(len(touches.unit), dtype=bool)
        first, last = touches.offsets[:-1], touches.offsets[1:] - 1
        steps = [(share, first + step, step) for step, share in enumerate(self.first)]
        steps += [(share, last - step, step) for step, share in enumerate(self.last)]
        for share, touch, step in steps:
            inside = touch[touches.length > step]
            weight[inside] += share
            reached[inside] = True
        free = touches.journey[~reached]
        rest = max(1.0 - sum(self.first) - sum(self.last), 0.0)
        weight[~reached] = rest / np.bincount(free, minlength=len(touches))[free]
        return weight
