"""The order-k chain of journeys as additive counts per cell, and the sum of those as `Transitions`. The definition is that of docs/models.md, "Markov".

A state is the window of the last k touches; a path shorter than k is one state; equal consecutive states are one. A journey steps from the start
through its states and ends by converting or expiring.
"""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints, Touches, Transitions
from mta_assets.errors import ModelError
from mta_assets.journeys.tally import MAX_CODE, distinct, pack, tally, unpack

STEP, CONVERSION, NULL = 0, 1, 2
EVENTS = ("step", "conversion", "null")
OUTSIDE = -1  # the start as origin, the end as target
SMALL = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Steps of the order-k chain, each (cell, origin, target, event) once.

    states: (states, k) int32 units, oldest first, -1 on the right of a short path.
    cell, origin, target, event, journeys, value: (rows,); origin and target index `states` or are OUTSIDE; event indexes EVENTS;
    journeys is how many take the step, value the value of those that convert by it.
    """

    order: int
    states: Ints
    cell: Ints
    origin: Ints
    target: Ints
    event: Ints
    journeys: Floats
    value: Floats


def flows(touches: Touches, cell: Ints, order: int) -> Flows:
    """The order-k steps of the journeys that have touches. cell: (journeys,) the cell that each counts in."""
    base = len(touches.units) + 1
    if base ** (order + 1) >= MAX_CODE:
        raise ModelError(f"transitions of order {order} cannot be coded for {base - 1} channels; use a lower order, or group channels.")
    cells, cell_index = distinct(cell)
    owned = np.flatnonzero(touches.length > 0)
    begin = touches.offsets[:-1][owned] + np.minimum(touches.length[owned], order) - 1
    code = _codes(touches, order, base)
    entered = _entered(touches, cell_index, order, code, begin)
    return _assembled(order, base, cells, [entered, *_left(touches, cell_index, owned, code, base**order)])


def transitions(found: Flows) -> Transitions:
    """The flows of all cells together."""
    states = len(found.states)
    starts = (found.event == STEP) & (found.origin == OUTSIDE)
    steps = (found.event == STEP) & ~starts
    pair, (count,) = tally(found.origin[steps] * max(states, 1) + found.target[steps], found.journeys[steps])
    return Transitions(
        order=found.order,
        states=found.states,
        starts=_at_state(found.target, found.journeys, starts, states),
        origin=pair // max(states, 1),
        target=pair % max(states, 1),
        count=count,
        conversions=_at_state(found.origin, found.journeys, found.event == CONVERSION, states),
        nulls=_at_state(found.origin, found.journeys, found.event == NULL, states),
        value=_at_state(found.origin, found.value, found.event == CONVERSION, states),
    )


def _decoded(code: Ints, order: int, base: int) -> Ints:
    """(n, order) int32 states of their codes: units + 1 as digits, oldest first, 0 on the right of a short path."""
    digits = [code // base**place % base for place in reversed(range(order))]
    return np.stack(digits, axis=1).astype(np.int32) - 1


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Flows of one kind. cell: index of the cell; origin, target: codes of the states, 0 for the outside."""

    event: int
    cell: Ints
    origin: Ints
    target: Ints
    journeys: Floats
    value: Floats


def _codes(touches: Touches, order: int, base: int) -> Ints:
    """(touches,) the state that each touch completes. Garbage, never read, at the touches that complete none: those before the k-th of a longer path."""
    small = base ** (order + 1) < SMALL  # half the memory to move
    digit: Ints = (touches.unit.astype(np.int32) if small else touches.unit.astype(np.int64)) + 1
    if order == 1:
        return digit
    code = digit.copy()
    for back in range(1, order):
        code[back:] += digit[:-back] * base**back
    short = (touches.length > 0) & (touches.length < order)
    start, length = touches.offsets[:-1][short], touches.length[short]
    whole = np.zeros(len(start), dtype=np.int64)
    for place in range(order - 1):
        inside = length > place
        whole[inside] += digit[start[inside] + place] * base ** (order - 1 - place)
    code[start + length - 1] = whole
    return code


def _entered(touches: Touches, cell_index: Ints, order: int, code: Ints, begin: Ints) -> _Part:
    """Where journeys start and what they step to from there. begin: (journeys with touches,) the touch that completes each one's first state.

    What is counted is one code per touch: of a step its origin and the new unit, from which the target follows; of a start its state, which is less than
    any of those; 0 where the touch changes nothing.
    """
    base = len(touches.units) + 1
    change = _changes(touches, order, code, begin)
    weight = touches.conversions + touches.nulls
    journeys = None if (weight == 1).all() else np.repeat(weight, touches.length)
    packed, keys = pack(cell_index, change, base ** (order + 1), touches.length)
    key, (count,) = tally(packed, journeys)
    where, changed = unpack(key, base ** (order + 1), keys)
    real = changed > 0
    where, changed, count = where[real], changed[real], count[real]
    origin, unit = np.divmod(changed, base)
    starts = changed < base**order
    target = np.where(starts, changed, origin % base ** (order - 1) * base + unit + 1)
    return _Part(event=STEP, cell=where, origin=np.where(starts, 0, origin), target=target, journeys=count, value=np.zeros(len(count)))


def _changes(touches: Touches, order: int, code: Ints, begin: Ints) -> Ints:
    """(touches,) what `_entered` counts."""
    change = np.zeros_like(code)
    np.multiply(code[:-1], len(touches.units) + 1, out=change[1:])
    change[1:] += touches.unit[1:]
    change[1:] *= code[1:] != code[:-1]
    for place in range(order - 1):
        change[touches.offsets[:-1][touches.length > place] + place] = 0
    change[begin] = code[begin]
    return change


def _left(touches: Touches, cell_index: Ints, owned: Ints, code: Ints, span: int) -> list[_Part]:
    """The states in which journeys convert, and those in which they expire. owned: the journeys that have touches; span: of the codes of states."""
    packed, keys = pack(cell_index.take(owned), code.take(touches.offsets.take(owned + 1) - 1), span)
    key, (conversions, value, nulls) = tally(packed, touches.conversions.take(owned), touches.value.take(owned), touches.nulls.take(owned))
    cell, state = unpack(key, span, keys)
    outside = np.zeros_like(state)
    return [
        _Part(event=CONVERSION, cell=cell, origin=state, target=outside, journeys=conversions, value=value),
        _Part(event=NULL, cell=cell, origin=state, target=outside, journeys=nulls, value=np.zeros(len(state))),
    ]


def _assembled(order: int, base: int, cells: Ints, parts: list[_Part]) -> Flows:
    """The parts as one table, without rows of weight 0, whose states are numbered in ascending order of their codes."""
    origin, target = np.concatenate([part.origin for part in parts]), np.concatenate([part.target for part in parts])
    journeys = np.concatenate([part.journeys for part in parts])
    taken = journeys > 0
    codes, index = distinct(np.concatenate([[0], origin[taken], target[taken]]))  # 0, the outside, is no state
    return Flows(
        order=order,
        states=_decoded(codes[1:], order, base),
        cell=cells[np.concatenate([part.cell for part in parts])[taken]],
        origin=index[1 : taken.sum() + 1] - 1,
        target=index[taken.sum() + 1 :] - 1,
        event=np.concatenate([np.full(len(part.cell), part.event, dtype=np.int8) for part in parts])[taken],
        journeys=journeys[taken],
        value=np.concatenate([part.value for part in parts])[taken],
    )


def _at_state(state: Ints, amount: Floats, chosen: Bools, states: int) -> Floats:
    return np.asarray(np.bincount(state[chosen], weights=amount[chosen], minlength=states), dtype=np.float64)
