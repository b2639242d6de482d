"""What every attribution model is and offers. The models themselves each have a file; `registry` lists them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Histories, Ints, Statistics, Touches
from mta_assets.models.normalise import per_journey


@dataclass(frozen=True, kw_only=True)
class Example:
    """A worked example that a person can check by hand. It is tested, documented and served.

    journeys: rows of a path table: path, conversions, nulls, value, and where they matter age_hours per touch, lead and opportunity (index of a touch).
    credit: channel -> credited conversions.
    effects: channel -> raw effect, for learned models that have one.
    """

    journeys: tuple[Mapping[str, Any], ...]
    credit: Mapping[str, float]
    effects: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def touches(self) -> Touches:
        """The journeys as a model sees them; the channel named Direct is direct traffic."""
        channels = [channel for journey in self.journeys for channel in journey["path"]]
        units = tuple(sorted(set(channels)))
        ages = [age for journey in self.journeys for age in journey.get("age_hours", ())]
        return Touches(
            units=units,
            offsets=np.cumsum([0, *(len(journey["path"]) for journey in self.journeys)]),
            unit=np.array([units.index(channel) for channel in channels], dtype=np.int32),
            conversions=self._numbers("conversions"),
            nulls=self._numbers("nulls"),
            value=self._numbers("value"),
            cell=np.zeros(len(self.journeys), dtype=np.int64),
            is_direct=np.array([channel == "Direct" for channel in channels]),
            age_hours=np.array(ages, dtype=np.float64) if ages else None,
            lead=self._stage("lead"),
            opportunity=self._stage("opportunity"),
        )

    def _numbers(self, key: str) -> Floats:
        return np.array([journey[key] for journey in self.journeys], dtype=np.float64)

    def _stage(self, key: str) -> Ints | None:
        stages = [journey.get(key, -1) for journey in self.journeys]
        return np.array(stages, dtype=np.int64) if any(key in journey for journey in self.journeys) else None


@dataclass(frozen=True, kw_only=True)
class TouchAllocation:
    """Credit that follows the journey. weight: (touches,) float64, share of its journey's conversions that each touch earns.

    rest: the channel that earns what the touches of a journey leave of it; None where they leave nothing.
    """

    weight: Floats
    rest: str | None = None


@dataclass(frozen=True, kw_only=True)
class ShareAllocation:
    """Credit shared by what was learned, the same for every conversion. share, value_share: (units,) float64, each sums to 1."""

    share: Floats
    value_share: Floats


Allocation = TouchAllocation | ShareAllocation


@dataclass(frozen=True, kw_only=True)
class PathWeights:
    """Weights by path. path_hash: (paths,) int64 ascending; offsets: (paths + 1,); weight: (touches,), each path's sums to 1."""

    path_hash: Ints
    offsets: Ints
    weight: Floats


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a learned model learned over its fit window.

    units: sorted labels. effect, value_effect: (units,) raw, neither clipped nor normalised. share, value_share: (units,) sum to 1, or all 0 when
    nothing converted. conversions, value: (units,) credit within the fit window. paths: weights by path, for models that learn them.
    increments: a row per channel, as the contract of increments without the day, for models that estimate what touches added.
    contributions: a row per channel, as the contract of contributions without the day, for models that show what a foretold chance rests on.
    note: what a reader should know of this fit (sampled with which standard error, ...).
    """

    units: tuple[str, ...]
    effect: Floats
    value_effect: Floats
    share: Floats
    value_share: Floats
    conversions: Floats
    value: Floats
    paths: PathWeights | None = None
    increments: pl.DataFrame | None = None
    contributions: pl.DataFrame | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AttributionModel(ABC):
    """One attribution model with its parameters. Instances are valid when they exist: `__post_init__` checks, raising ModelError."""

    title: ClassVar[str]
    source: ClassVar[str]  # one line: paper with DOI, or the vendor's definition
    formula: ClassVar[str]  # one line of plain text or TeX
    when: ClassVar[str]  # when to use it, and when not
    example: ClassVar[Example]
    additive: ClassVar[bool] = True  # whether credit sums to the conversions
    has_baseline: ClassVar[bool] = (
        False  # whether part of that is credited to what would have happened anyway, so that shares are not like those of others
    )
    needs_times: ClassVar[bool] = False
    needs_milestones: ClassVar[bool] = False

    def missing(self, touches: Touches) -> str | None:
        """Why this model cannot be computed on this input, with what to do; None when it can."""
        if self.needs_times and touches.age_hours is None:
            return "the input has no times of touches; send events rather than a path table"
        if self.needs_milestones and touches.lead is None and touches.opportunity is None:
            return "no milestone is configured; name the goals under 'milestones' in mta.yaml (lead, opportunity)"
        return None


@dataclass(frozen=True, kw_only=True)
class RuleModel(AttributionModel):
    """A model that needs one journey at a time."""

    kind: ClassVar[Literal["rule"]] = "rule"

    @abstractmethod
    def weight(self, touches: Touches) -> Floats:
        """(touches,) unnormalised weight >= 0 of every touch, vectorised over all journeys at once."""

    def allocate(self, touches: Touches) -> TouchAllocation:
        """Each touch's share of its journey."""
        weight = self.weight(touches)
        return TouchAllocation(weight=per_journey(weight, touches) if self.additive else weight)


@dataclass(frozen=True, kw_only=True)
class LearnedModel(AttributionModel):
    """A model that needs many journeys: it learns over a fit window and credits conversions by what it learned."""

    kind: ClassVar[Literal["learned"]] = "learned"
    needs: ClassVar[tuple[str, ...]]  # which Statistics it learns from: "coalitions", "paths", "positions", "transitions_1" ...
    details: ClassVar[tuple[str, ...]] = ()  # which frames of Learned its fits have, each kept in a table of its own: "increments" ...

    @property
    def stands_days(self) -> int:
        """How many days, by the calendar, are credited by one fit: more than one for a model that takes long to fit."""
        return 1

    @abstractmethod
    def fit(self, statistics: Statistics) -> Learned:
        """What the fit window teaches. Raises ModelError when the model is too large for the data; never when nothing converted.

        Raises UnavailableError when the data do not tell what the model asks, if it is `Declining`.
        """

    def allocate(self, touches: Touches, learned: Learned) -> Allocation:
        """How the conversions of `touches` are shared out. The default is one set of shares for all of them."""
        return ShareAllocation(
            share=align(learned.share, learned.units, touches.units),
            value_share=align(learned.value_share, learned.units, touches.units),
        )


def estimates_increments(model: AttributionModel) -> bool:
    """Whether what it learns says what each channel added."""
    return isinstance(model, LearnedModel) and "increments" in model.details


@runtime_checkable
class Declining(Protocol):
    """A learned model that some windows tell too little for: its `fit` raises UnavailableError there, and this is learned instead."""

    def unestimated(self, statistics: Statistics, reason: str) -> Learned:
        """What is learned of a window of which `fit` says that it cannot be estimated, and why: never a number that looks like any other."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Touches of some users, of each of which is asked whether a conversion follows.

    runs: the touches, in runs that a conversion or a long gap parts. histories: all events of those users, whose touches are those of `runs`, in that order;
    None where nobody knows but the runs. ahead_days: within how many days; of the statistics, journeys are as long.
    """

    runs: Touches
    ahead_days: int
    histories: Histories | None = None


@runtime_checkable
class Predictor(Protocol):
    """A model that also says how likely a journey is to convert: it is judged on that by having this method (docs/scorecard.md)."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Which statistics it learns from."""

    def conversion_chance(self, statistics: Statistics, asked: Asked) -> Floats:
        """(touches,) chance, 0 to 1, that a user who has come as far as this touch goes on to convert, as the statistics teach.

        What comes after the touch must not be looked at. Units and channels of what is asked are those of the statistics. Raises ModelError when the
        model cannot foretell here.
        """


def align(numbers: Floats, units: tuple[str, ...], onto: tuple[str, ...]) -> Floats:
    """The numbers of `units` in the order of `onto`; a unit that was never learned about gets 0. `units` must be within `onto`."""
    code = {unit: index for index, unit in enumerate(onto)}
    aligned = np.zeros(len(onto))
    aligned[[code[unit] for unit in units]] = numbers
    return aligned
