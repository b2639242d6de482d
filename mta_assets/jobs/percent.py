"""How far a job is, in percent, from the step that its analysis is at. Pure."""

from collections.abc import Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Final

from mta_assets.analysis.steps import Stage, Step
from mta_assets.models.base import AttributionModel, LearnedModel
from mta_assets.models.hazard.model import Hazard
from mta_assets.models.incremental.model import Incremental

# Seconds that each stage takes on 100 MB of touchpoints (1.3 M rows) on 2 cores. What they are to each other counts. RULES: all rules together.
SECONDS: Final[Mapping[Stage, float]] = MappingProxyType(
    {Stage.READING: 3.1, Stage.DEDUPLICATING: 1.4, Stage.JOURNEYS: 0.6, Stage.RULES: 0.1, Stage.STATISTICS: 0.1}
)
# The same of what one model learns. Most look at aggregates of journeys; these look at every event.
LEARNING_SECONDS: Final = 0.05
LEARNING_EVENTS_SECONDS: Final[Mapping[type[AttributionModel], float]] = MappingProxyType({Hazard: 5.0, Incremental: 50.0})
WRITING: Final = 99.0


class Progress:
    """Of an analysis with these models, from 0 at its first step to WRITING."""

    def __init__(self, models: Mapping[str, AttributionModel]) -> None:
        learned = [name for name, model in models.items() if isinstance(model, LearnedModel)]
        learning = [LEARNING_EVENTS_SECONDS.get(type(models[name]), LEARNING_SECONDS) for name in learned]
        self._begins: dict[Stage, float] = dict(zip([*SECONDS, Stage.LEARNING], accumulate(SECONDS.values(), initial=0.0), strict=True))
        self._before: dict[str, float] = dict(zip(learned, accumulate(learning, initial=0.0), strict=False))
        self._all: float = self._begins[Stage.LEARNING] + sum(learning)

    def percent(self, step: Step) -> float:
        """How far the analysis is at this step. Models learn one after the other, in their order."""
        over = self._before[step.subject] if step.stage is Stage.LEARNING else SECONDS[step.stage] * min(1.0, max(0.0, step.share))
        return WRITING * (self._begins[step.stage] + over) / self._all
