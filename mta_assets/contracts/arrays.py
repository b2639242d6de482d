"""The arrays that journeys hand to models: what each holds, its shape and its unit. No computation beyond index arithmetic.

A *unit* is what earns credit: a channel, or a channel x campaign pair. `units` is sorted, codes are indices into it,
and every result is summed in that order, so that the same data give the same bits whatever order they arrived in.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger[Any]]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HISTORIES = "histories"  # the name of what models need that look at the events themselves
UNIT_SEPARATOR = "\x1f"  # between the parts of a unit's label; cannot occur in a name: contracts refuse control characters


@dataclass(frozen=True, kw_only=True)
class Touches:
    """Closed journeys, flat: the touches of one journey after those of another, oldest first.

    units: the sorted unit labels, a tuple of strings.
    offsets: (journeys + 1,) int64; journey j owns the touches offsets[j] : offsets[j + 1]. A converting journey may own none (unattributed).
    unit: (touches,) int32, code into `units`.
    conversions, nulls: (journeys,) float64 >= 0; 1 and 0 for a converted journey of events, any weight for a row of a path table.
    value: (journeys,) float64, the value of the conversions.
    cell: (journeys,) int64, the statistics cell (day and bucket) that the journey counts in; zeros where there is but one.
    age_hours: (touches,) float64 >= 0 before the closing, or None when the input has no times.
    is_direct: (touches,) bool, whether the channel is direct traffic.
    lead, opportunity: (journeys,) int64, index within the journey of the touch that holds the milestone, -1 for none; None when no such goal is configured.
    """

    units: tuple[str, ...]
    offsets: Ints
    unit: Ints
    conversions: Floats
    nulls: Floats
    value: Floats
    cell: Ints
    is_direct: Bools
    age_hours: Floats | None = None
    lead: Ints | None = None
    opportunity: Ints | None = None

    @classmethod
    def none(cls, *, stages: Collection[str]) -> "Touches":
        """No journey at all, with times and the milestones of these configured stages: what a model is asked with whether it can be computed."""
        ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        return cls(
            units=(),
            offsets=np.zeros(1, dtype=np.int64),
            unit=np.zeros(0, dtype=np.int32),
            conversions=floats,
            nulls=floats,
            value=floats,
            cell=ints,
            is_direct=np.zeros(0, dtype=bool),
            age_hours=floats,
            lead=ints if "lead" in stages else None,
            opportunity=ints if "opportunity" in stages else None,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def length(self) -> Ints:
        """(journeys,) touches of each journey."""
        return np.diff(self.offsets)

    @cached_property
    def journey(self) -> Ints:
        """(touches,) the journey that each touch belongs to."""
        return np.repeat(np.arange(len(self)), self.length)

    @cached_property
    def position(self) -> Ints:
        """(touches,) 0 for the first touch of its journey."""
        return np.arange(len(self.unit)) - self.offsets[:-1][self.journey]

    @cached_property
    def touches_after(self) -> Ints:
        """(touches,) 0 for the last touch of its journey."""
        return self.offsets[1:][self.journey] - 1 - np.arange(len(self.unit))

    @cached_property
    def groups(self) -> "Groups":
        """The distinct units of each journey; computed once and shared by all models."""
        key = self.journey * len(self.units) + self.unit
        order = np.argsort(key, kind="stable")  # nearly sorted already: several times faster than a hash or an unstable sort
        ascending = key[order]
        first = np.ones(len(key), dtype=bool)
        np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
        of_touch = np.empty(len(key), dtype=np.int64)
        of_touch[order] = np.cumsum(first) - 1
        lead = order[first]
        return Groups(journey=self.journey[lead], unit=self.unit[lead], of_touch=of_touch)

    def over(self, units: tuple[str, ...]) -> "Touches":
        """The same touches with codes into `units`, a sorted superset of the own units."""
        code = {unit: index for index, unit in enumerate(units)}
        recode = np.array([code[unit] for unit in self.units], dtype=np.int32)
        return replace(self, units=units, unit=recode[self.unit] if len(recode) else self.unit)

    def take(self, keep: Bools) -> "Touches":
        """Only the journeys where `keep`, (journeys,) bool, holds."""
        length = self.length[keep]
        touch = ranges(self.offsets[:-1][keep], length)
        return replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(length)]),
            unit=self.unit[touch],
            conversions=self.conversions[keep],
            nulls=self.nulls[keep],
            value=self.value[keep],
            cell=self.cell[keep],
            is_direct=self.is_direct[touch],
            age_hours=None if self.age_hours is None else self.age_hours[touch],
            lead=None if self.lead is None else self.lead[keep],
            opportunity=None if self.opportunity is None else self.opportunity[keep],
        )


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The (journey, distinct unit) pairs of some touches, sorted. journey, unit: (groups,); of_touch: (touches,) the group of each touch."""

    journey: Ints
    unit: Ints
    of_touch: Ints

    def __len__(self) -> int:
        return len(self.journey)

    @cached_property
    def touches(self) -> Ints:
        """(groups,) touches of the unit in the journey."""
        return np.bincount(self.of_touch, minlength=len(self))


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Distinct (or not) paths with their weights. offsets (paths + 1,), unit (touches,), conversions, nulls, value (paths,)."""

    offsets: Ints
    unit: Ints
    conversions: Floats
    nulls: Floats
    value: Floats


@dataclass(frozen=True, kw_only=True)
class Coalitions:
    """Distinct sets of units with their weights. offsets (sets + 1,), unit (members,) ascending within a set, conversions, nulls, value (sets,)."""

    offsets: Ints
    unit: Ints
    conversions: Floats
    nulls: Floats
    value: Floats


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """The order-k chain's counts, self-loops already merged.

    states: (states, k) int32 units of each state, oldest first, padded with -1 on the right for a path shorter than k.
    starts: (states,) journeys that start there.
    origin, target, count: (steps,) int64, int64, float64; journeys that step from state `origin` to state `target`, each pair once.
    conversions, nulls, value: (states,) journeys that end there by converting or by expiring, and the value of the former.
    """

    order: int
    states: Ints
    starts: Floats
    origin: Ints
    target: Ints
    count: Floats
    conversions: Floats
    nulls: Floats
    value: Floats


@dataclass(frozen=True, kw_only=True)
class Positions:
    """Ordered Shapley credit. unit, position (cells,) with position 0 the first touch; conversions, value (cells,) credit."""

    unit: Ints
    position: Ints
    conversions: Floats
    value: Floats


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What learned models learn from, over a fit window. Absent parts are None or missing: a model names what it needs.

    conversions, value: totals of the converting journeys that have at least one touch: what a learned model has to share out.
    histories: the events themselves, for models that look at what came before and after each touch; not a sum over days as all the rest is.
    """

    units: tuple[str, ...]
    conversions: float
    value: float
    coalitions: Coalitions | None = None
    paths: Paths | None = None
    positions: Positions | None = None
    transitions: Mapping[int, Transitions] = field(default_factory=dict)
    histories: "Histories | None" = None


@dataclass(frozen=True, kw_only=True)
class Histories:
    """All touches and conversions of a window. Times are microseconds since the epoch.

    channels: the sorted labels. start, end: of the window, or of the data where they begin later or end earlier.
    user, ts, channel: (touches,) the user's hash, when, and the code into `channels`; in any order.
    conversion_user, conversion_ts: (conversions,) in any order.
    converting: the journeys that converted within the window, with times of touches: what credit is shared out over. Value in the reporting currency.
    """

    channels: tuple[str, ...]
    start: int
    end: int
    user: Ints
    ts: Ints
    channel: Ints
    conversion_user: Ints
    conversion_ts: Ints
    converting: Touches


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The concatenated index ranges starts[i] : starts[i] + lengths[i]."""
    some = np.flatnonzero(lengths)
    if not len(some):
        return np.zeros(0, dtype=np.int64)
    start, length = starts.take(some), lengths.take(some)
    ends = np.cumsum(length)
    step = np.ones(ends[-1], dtype=np.int64)  # from each index to the next: 1 within a range, a jump between two
    step[0] = start[0]
    step[ends[:-1]] = start[1:] - start[:-1] - length[:-1] + 1
    return np.cumsum(step, out=step)
