"""How far a job is, in percent, from the step that its analysis is at. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mta_assets.analysis.steps import Stage, Step

# Where each stage begins: its share of the time on 79 MB of touchpoints (1 M rows), all models, measured on 2 cores. Writing the results is the rest.
BEGINS: Final[Mapping[Stage, float]] = MappingProxyType(
    {Stage.READING: 0.0, Stage.DEDUPLICATING: 55.0, Stage.JOURNEYS: 79.0, Stage.RULES: 90.0, Stage.STATISTICS: 91.0, Stage.LEARNING: 93.0}
)
WRITING: Final = 99.0
_ENDS: Final = dict(zip(BEGINS, [*list(BEGINS.values())[1:], WRITING], strict=True))


def percent(step: Step) -> float:
    """From 0, at the first step, to WRITING."""
    begin = BEGINS[step.stage]
    return begin + (_ENDS[step.stage] - begin) * min(1.0, max(0.0, step.share))
