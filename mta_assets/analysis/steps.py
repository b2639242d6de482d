"""How an analysis tells what it is at: its stages, in order, and how far each is. Who is told decides what to make of it; raising ends the analysis."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Stage(StrEnum):
    """What an analysis does, in this order."""

    READING = "reading"
    DEDUPLICATING = "deduplicating"
    JOURNEYS = "building journeys"
    RULES = "crediting"
    STATISTICS = "statistics"
    LEARNING = "learning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage has got so far. subject: the file or model; share: of the whole stage, 0 to 1, an estimate."""

    stage: Stage
    subject: str = ""
    share: float = 0.0

    def __str__(self) -> str:
        """In words."""
        return f"{self.stage} {self.subject}".strip()


Notify = Callable[[Step], None]
# Is given the rows of each model as soon as it is computed: model, *by, currency, conversions, value and, with spend, cost, roas, cpa.
Computed = Callable[[pl.DataFrame], None]


def silent(_: Step) -> None:
    """Tells nobody."""


def unheeded(_: pl.DataFrame) -> None:
    """Waits for the others."""
