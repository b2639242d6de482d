"""The small additive statistics that learned models learn from: distinct paths, coalitions, transitions, ordered Shapley, placements, per cell. No frames."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mta_assets.contracts.arrays import HISTORIES, Bools, Coalitions, Floats, Ints, Paths, Positions, Statistics, Touches, ranges
from mta_assets.contracts.path_hash import path_hashes, unit_hashes
from mta_assets.errors import ModelError, did_you_mean
from mta_assets.journeys.flows import flows, transitions
from mta_assets.journeys.tally import distinct, pack, tally, unpack

MAX_MASK_UNITS = 62  # so that a set of units is one int64
ORDERS = (1, 2, 3)
NEEDS = ("coalitions", "paths", "positions", *(f"transitions_{order}" for order in ORDERS))  # what is computed from journeys


@dataclass(frozen=True, kw_only=True)
class CellPaths:
    """Each distinct path of each cell, by (cell, path_hash). cell, path_hash: (paths,)."""

    cell: Ints
    path_hash: Ints
    rows: Paths


@dataclass(frozen=True, kw_only=True)
class CellCoalitions:
    """Each distinct set of units of each cell, by (cell, set).

    cell, conversions, nulls, value: (rows,); which: (rows,) the set, an index into those of `offsets` and `unit`, of which each is there once.
    """

    cell: Ints
    which: Ints
    conversions: Floats
    nulls: Floats
    value: Floats
    offsets: Ints
    unit: Ints

    @cached_property
    def rows(self) -> Coalitions:
        """The same with each row's set spelt out."""
        length = np.diff(self.offsets).take(self.which)
        unit = self.unit[ranges(self.offsets.take(self.which), length)]
        return Coalitions(offsets=_offsets(length), unit=unit, conversions=self.conversions, nulls=self.nulls, value=self.value)


@dataclass(frozen=True, kw_only=True)
class CellPositions:
    """Ordered Shapley credit by (cell, unit, position). cell: (rows,)."""

    cell: Ints
    rows: Positions


@dataclass(frozen=True, kw_only=True)
class Placements:
    """How often each unit was touched, by (cell, unit). touches, converting_touches: (rows,), weighted by the journeys' weights."""

    cell: Ints
    unit: Ints
    touches: Floats
    converting_touches: Floats


def statistics_of(touches: Touches, needs: Iterable[str]) -> Statistics:
    """The statistics of all these journeys together, without histories, which journeys do not tell. needs: some of NEEDS, and histories.

    Raises ModelError on an unknown one.
    """
    asked = check_needs(needs)
    whole = replace(touches, cell=np.zeros(len(touches), dtype=np.int64))
    touched = touches.length > 0
    return Statistics(
        units=touches.units,
        conversions=float(touches.conversions[touched].sum()),
        value=float(touches.value[touched].sum()),
        coalitions=coalitions(whole).rows if "coalitions" in asked else None,
        paths=paths(whole).rows if "paths" in asked else None,
        positions=positions(whole).rows if "positions" in asked else None,
        transitions={k: transitions(flows(whole, whole.cell, k)) for k in ORDERS if f"transitions_{k}" in asked},
    )


def check_needs(needs: Iterable[str]) -> set[str]:
    """The needs that are computed from journeys, as a set. Raises ModelError on one that is not among NEEDS."""
    asked = set(needs) - {HISTORIES}
    for need in sorted(asked - set(NEEDS)):
        raise ModelError(f"There is no statistic {need!r}. {did_you_mean(need, NEEDS)}")
    return asked


def paths(touches: Touches) -> CellPaths:
    """The distinct paths of each cell with their weights; journeys without touches have none."""
    owned, offsets = _owned(touches)
    hashes = path_hashes(unit_hashes(touches.units)[touches.unit], offsets)
    known, index = distinct(hashes)
    cell, which, conversions, nulls, value = _weights(touches, owned, index, len(known))
    sequence_offsets, unit = _representatives(offsets, touches.unit, index, len(known), which)
    rows = Paths(offsets=sequence_offsets, unit=unit, conversions=conversions, nulls=nulls, value=value)
    return CellPaths(cell=cell, path_hash=known[which], rows=rows)


def coalitions(touches: Touches) -> CellCoalitions:
    """The distinct sets of units of each cell with their weights; journeys without touches have none."""
    owned, offsets = _owned(touches)
    small = len(touches.units) <= MAX_MASK_UNITS
    members = _members_by_mask if small else _members_by_hash
    set_offsets, set_unit, index = members(touches, offsets)
    cell, which, conversions, nulls, value = _weights(touches, owned, index, len(set_offsets) - 1)
    return CellCoalitions(cell=cell, which=which, conversions=conversions, nulls=nulls, value=value, offsets=set_offsets, unit=set_unit)


def positions(touches: Touches) -> CellPositions:
    """Ordered Shapley: each converting journey gives 1 / |distinct units| to each of them, split equally over the positions at which it occurs.

    Source: Zhao et al. 2018, arXiv:1804.05327, section 5.
    """
    earning = touches.take((touches.conversions > 0) & (touches.length > 0))
    groups = earning.groups
    distinct_units = np.bincount(groups.journey, minlength=len(earning))
    share = 1.0 / (np.repeat(distinct_units, earning.length) * groups.touches[groups.of_touch])
    cells, cell_index = distinct(earning.cell)
    longest = int(earning.length.max(initial=1))
    slot = earning.unit.astype(np.int64) * longest + earning.position
    code, keys = pack(cell_index, slot, len(earning.units) * longest, earning.length)
    amounts = [share * np.repeat(amount, earning.length) for amount in (earning.conversions, earning.value)]
    key, (conversions, value) = tally(code, *amounts)
    where, slots = unpack(key, max(len(earning.units), 1) * longest, keys)
    unit, position = np.divmod(slots, longest)
    return CellPositions(cell=cells[where], rows=Positions(unit=unit, position=position, conversions=conversions, value=value))


def placements(touches: Touches) -> Placements:
    """How often each unit was touched in each cell."""
    cells, cell_index = distinct(touches.cell)
    code, keys = pack(cell_index, touches.unit, len(touches.units), touches.length)
    total = touches.conversions + touches.nulls
    weight = None if (total == 1).all() else np.repeat(total, touches.length)
    converting = np.repeat(touches.conversions, touches.length)
    key, (touched, converted) = tally(code, weight, converting)
    where, unit = unpack(key, max(len(touches.units), 1), keys)
    return Placements(cell=cells[where], unit=unit, touches=touched, converting_touches=converted)


def _owned(touches: Touches) -> tuple[Bools, Ints]:
    """(journeys that have touches; the offsets of those alone)."""
    owned = touches.length > 0
    return owned, touches.offsets if owned.all() else np.concatenate([touches.offsets[:-1][owned], touches.offsets[-1:]])


def _weights(touches: Touches, owned: Bools, kind: Ints, kinds: int) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    """(cell, kind, conversions, nulls, value), each (cell, kind) once, in that order. kind: (owned journeys,) what each one is, below `kinds`."""
    cells, cell_index = distinct(touches.cell[owned])
    code, keys = pack(cell_index, kind, kinds)
    key, (conversions, nulls, value) = tally(code, touches.conversions[owned], touches.nulls[owned], touches.value[owned])
    where, which = unpack(key, max(kinds, 1), keys)
    return cells[where], which, conversions, nulls, value


def _representatives(offsets: Ints, unit: Ints, index: Ints, kinds: int, which: Ints) -> tuple[Ints, Ints]:
    """(offsets, unit) of one sequence per entry of `which`. index: (sequences,) the kind of each; sequences of a kind are equal."""
    one = np.zeros(kinds, dtype=np.int64)
    one[index] = np.arange(len(index))
    chosen = one[which]
    length = np.diff(offsets)[chosen]
    return _offsets(length), unit[ranges(offsets[:-1][chosen], length)]


def _members_by_mask(touches: Touches, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """(offsets, unit, index): the distinct sets, and which set each journey is. One bit per unit."""
    bit = np.left_shift(np.int64(1), np.arange(len(touches.units)))
    journeys = len(offsets) - 1
    mask = np.bitwise_or.reduceat(bit.take(touches.unit), offsets[:-1]) if journeys else np.zeros(0, dtype=np.int64)
    masks, index = distinct(mask)
    member = (masks[:, None] & bit) != 0
    return _offsets(member.sum(axis=1)), np.nonzero(member)[1], index


def _members_by_hash(touches: Touches, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """The same for more units than bits: a set is the path of its units in order, so their path hash tells sets apart."""
    groups = touches.groups
    per_journey = np.bincount(groups.journey, minlength=len(touches))
    set_offsets = _offsets(per_journey[per_journey > 0])
    known, index = distinct(path_hashes(unit_hashes(touches.units)[groups.unit], set_offsets))
    return *_representatives(set_offsets, groups.unit, index, len(known), np.arange(len(known))), index


def _offsets(length: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(length, dtype=np.int64)])
