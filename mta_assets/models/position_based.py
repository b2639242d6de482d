"""The position-based family: fixed shares for the first and last touch, the rest for those between. U, J and inverse J differ in numbers only."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches
from mta_assets.models.base import Example, RuleModel
from mta_assets.models.parameters import parameter, require_shares

_SHARES = "a number from 0 to 1, with first + last at most 1"
_FIRST = "Share of the first touch."
_LAST = "Share of the last touch; the touches between share what is left equally."
_JOURNEYS = (
    {"path": ("Search", "Email", "Social", "Direct"), "conversions": 10, "nulls": 0, "value": 100.0},
    {"path": ("Search", "Direct"), "conversions": 4, "nulls": 1, "value": 40.0},
    {"path": ("Email",), "conversions": 1, "nulls": 2, "value": 20.0},
)


@dataclass(frozen=True, kw_only=True)
class PositionBased(RuleModel):
    """First and last touch take fixed shares; the middle shares the rest. Without a middle the two split all in their proportion."""

    first: float = parameter(0.4, range=_SHARES, description=_FIRST)
    last: float = parameter(0.4, range=_SHARES, description=_LAST)

    title: ClassVar[str] = "Position-based (U-shaped)"
    source: ClassVar[str] = (
        "'Position based', 40/20/40, Google Ads API v22 reference, AttributionModelEnum: developers.google.com/google-ads/api/reference/rpc/v22/overview"
    )
    formula: ClassVar[str] = (
        "w_1 = first, w_n = last, others (1 - first - last) / (n - 2); normalised, so that n = 2 gives first : last and n = 1 all"
    )
    when: ClassVar[str] = "Where opening and closing both matter and nothing better is known. Not as evidence: the shares are an opinion."
    example: ClassVar[Example] = Example(
        journeys=_JOURNEYS,
        credit={"Search": 6.0, "Email": 2.0, "Social": 1.0, "Direct": 6.0},
        note="Of 10: 4 to Search, 1 each to Email and Social, 4 to Direct. Of 4: 2 each to Search and Direct. Email alone takes 1.",
    )

    def __post_init__(self) -> None:
        require_shares(self, ("first", "last"), remedy="lower it; what the two leave goes to the touches between")

    def weight(self, touches: Touches) -> Floats:
        """The share of the first, of the last (both, where one touch is both), and the rest's equal parts."""
        rest = max(1.0 - self.first - self.last, 0.0) / np.maximum(touches.length - 2, 1)
        weight = np.repeat(rest, touches.length)
        owned = touches.length > 0
        first, last = touches.offsets[:-1][owned], touches.offsets[1:][owned] - 1
        weight[first] = self.first
        weight[last] = np.where(first == last, self.first + self.last, self.last)
        return weight


@dataclass(frozen=True, kw_only=True)
class JShaped(PositionBased):
    """Position-based with most of the credit on the touch that closed."""

    first: float = parameter(0.2, range=_SHARES, description=_FIRST)
    last: float = parameter(0.6, range=_SHARES, description=_LAST)

    title: ClassVar[str] = "J-shaped"
    source: ClassVar[str] = "Converge documentation, 'J-Shaped' 20/20/60: docs.runconverge.com/attribution/models"
    when: ClassVar[str] = "Where closing matters most but discovery should not vanish. Not as evidence: the shares are an opinion."
    example: ClassVar[Example] = Example(
        journeys=_JOURNEYS,
        credit={"Search": 3.0, "Email": 2.0, "Social": 1.0, "Direct": 9.0},
        note="Of 10: 2 to Search, 1 each to Email and Social, 6 to Direct. Of 4: 1 to Search, 3 to Direct (20 : 60). Email alone takes 1.",
    )


@dataclass(frozen=True, kw_only=True)
class InverseJ(PositionBased):
    """Position-based with most of the credit on the touch that opened."""

    first: float = parameter(0.6, range=_SHARES, description=_FIRST)
    last: float = parameter(0.2, range=_SHARES, description=_LAST)

    title: ClassVar[str] = "Inverse J-shaped"
    source: ClassVar[str] = "Converge documentation, 'Inverse J-Shaped' 60/20/20: docs.runconverge.com/attribution/models"
    when: ClassVar[str] = "Where finding new customers matters most. Not as evidence: the shares are an opinion."
    example: ClassVar[Example] = Example(
        journeys=_JOURNEYS,
        credit={"Search": 9.0, "Email": 2.0, "Social": 1.0, "Direct": 3.0},
        note="Of 10: 6 to Search, 1 each to Email and Social, 2 to Direct. Of 4: 3 to Search, 1 to Direct (60 : 20). Email alone takes 1.",
    )
