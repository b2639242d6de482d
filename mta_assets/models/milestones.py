"""The milestone family: fixed shares for the touches that hold a stage, the rest for the others. W-shaped and full path differ in numbers only."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints, Touches
from mta_assets.errors import UnavailableError
from mta_assets.models.base import Example, RuleModel
from mta_assets.models.parameters import parameter, require_shares

_SHARES = "a number from 0 to 1, with all stages together at most 1"
_STAGES = ("first", "lead", "opportunity", "close")
_JOURNEYS = (
    {
        "path": ("Search", "Email", "Social", "Direct"),
        "conversions": 40,
        "nulls": 0,
        "value": 400.0,
        "lead": 1,
        "opportunity": 2,
    },
    {"path": ("Search", "Direct"), "conversions": 40, "nulls": 1, "value": 40.0, "lead": 0, "opportunity": 1},
)


@dataclass(frozen=True, kw_only=True)
class WShaped(RuleModel):
    """Fixed shares for the first touch and for the touches that made the lead and the opportunity; the other touches share the rest.

    A touch that holds two stages earns both shares. What a missing stage would have earned goes to everything else in proportion.
    """

    first: float = parameter(0.3, range=_SHARES, description="Share of the first touch.")
    lead: float = parameter(0.3, range=_SHARES, description="Share of the touch that made the lead.")
    opportunity: float = parameter(0.3, range=_SHARES, description="Share of the touch that made the opportunity.")
    close: float = parameter(0.0, range=_SHARES, description="Share of the last touch; touches without a stage share what is left equally.")

    title: ClassVar[str] = "W-shaped"
    source: ClassVar[str] = (
        "Adobe Marketo Measure (formerly Bizible) documentation, 'Marketo Measure Attribution Models', W-Shaped: 30/30/30/10"
    )
    formula: ClassVar[str] = (
        "w_i = sum of the shares of the stages that touch i holds, or (1 - all shares) / (touches without a stage); normalised"
    )
    when: ClassVar[str] = "B2B funnels with recorded stages. Not without them: the model is then unavailable rather than a guess."
    example: ClassVar[Example] = Example(
        journeys=_JOURNEYS,
        credit={"Search": 12.0 + 40.0 * 0.6 / 0.9, "Email": 12.0, "Social": 12.0, "Direct": 4.0 + 40.0 * 0.3 / 0.9},
        note="Of 40: 12 each to the first, lead and opportunity touch, 4 to Direct. In the second path Search is first and lead (60), Direct the "
        "opportunity (30), and no touch is left for the rest: 40 x 60/90 and 40 x 30/90.",
    )
    needs_milestones: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_shares(self, _STAGES, remedy="lower it; what the stages leave goes to the other touches")

    def weight(self, touches: Touches) -> Floats:
        """The sum of the shares of a touch's stages, or an equal part of the rest."""
        if reason := self.missing(touches):
            raise UnavailableError(f"{self.title} cannot be computed: {reason}.")
        weight, staged = np.zeros(len(touches.unit)), np.zeros(len(touches.unit), dtype=bool)
        for share, holder in self._holders(touches):
            weight[holder] += share  # one touch per journey, so no index occurs twice
            staged[holder] = True
        free = touches.journey[~staged]
        rest = max(1.0 - self.first - self.lead - self.opportunity - self.close, 0.0)
        weight[~staged] = rest / np.bincount(free, minlength=len(touches))[free]
        return weight

    def _holders(self, touches: Touches) -> list[tuple[float, Ints]]:
        """(share, the touches that hold the stage), for each stage that has a share."""
        owned = touches.length > 0
        start = touches.offsets[:-1]
        stages = [(self.first, start[owned]), (self.close, touches.offsets[1:][owned] - 1)]
        for share, index in ((self.lead, touches.lead), (self.opportunity, touches.opportunity)):
            if index is not None:
                reached = owned & (index >= 0)
                stages.append((share, start[reached] + index[reached]))
        return [(share, holder) for share, holder in stages if share > 0]


@dataclass(frozen=True, kw_only=True)
class FullPath(WShaped):
    """W-shaped with the touch that closed as a fourth stage."""

    first: float = parameter(0.225, range=_SHARES, description="Share of the first touch.")
    lead: float = parameter(0.225, range=_SHARES, description="Share of the touch that made the lead.")
    opportunity: float = parameter(0.225, range=_SHARES, description="Share of the touch that made the opportunity.")
    close: float = parameter(
        0.225, range=_SHARES, description="Share of the last touch; touches without a stage share what is left equally."
    )

    title: ClassVar[str] = "Full path (Z-shaped)"
    source: ClassVar[str] = (
        "Adobe Marketo Measure (formerly Bizible) documentation, 'Marketo Measure Attribution Models', Full Path: 22.5 x 4 and 10"
    )
    when: ClassVar[str] = "B2B funnels with recorded stages and sales follow-up. Not without stages: the model is then unavailable."
    example: ClassVar[Example] = Example(
        journeys=_JOURNEYS,
        credit={"Search": 10.0 + 20.0, "Email": 10.0, "Social": 10.0, "Direct": 10.0 + 20.0},
        note="In the first path every touch holds one stage: 10 each of 40. In the second Search is first and lead, Direct opportunity and close: 20 each.",
    )
