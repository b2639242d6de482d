"""Statistics against a plain reading of their definitions, journey by journey."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.path_hash import path_hashes, unit_hashes
from mta_assets.errors import ModelError
from mta_assets.journeys import tally
from mta_assets.journeys.flows import EVENTS, Flows, flows
from mta_assets.journeys.statistics import coalitions, paths, placements, positions, statistics_of

NAMES = ("Direct", "Email", "Search", "Social", "Zürich TV")
COUNTS = st.sampled_from((0.0, 1.0, 2.0, 7.0))
JOURNEY = st.tuples(
    st.lists(st.sampled_from(NAMES), max_size=7), COUNTS, COUNTS, st.sampled_from((0.0, 9.5, 100.0)), st.sampled_from((0, 65, 130))
)
JOURNEYS = st.lists(JOURNEY.filter(lambda j: j[1] + j[2] > 0), max_size=12)
MANY = settings(max_examples=40, deadline=None)  # the machine may be busy


def touches_of(journeys, units=NAMES):
    return Touches(
        units=tuple(units),
        offsets=np.cumsum([0, *(len(path) for path, *_ in journeys)]),
        unit=np.array([units.index(name) for path, *_ in journeys for name in path], dtype=np.int32),
        conversions=np.array([j[1] for j in journeys], dtype=np.float64),
        nulls=np.array([j[2] for j in journeys], dtype=np.float64),
        value=np.array([j[3] if j[1] else 0.0 for j in journeys], dtype=np.float64),
        cell=np.array([j[4] for j in journeys], dtype=np.int64),
        is_direct=np.array([name == "Direct" for path, *_ in journeys for name in path], dtype=bool),
    )


def weights_by(journeys, kind):
    """(cell, kind of the path) -> [conversions, nulls, value] over the journeys that have touches."""
    found = defaultdict(lambda: np.zeros(3))
    for path, conversions, nulls, value, cell in journeys:
        if path:
            found[cell, kind(path)] += (conversions, nulls, value if conversions else 0.0)
    return {key: pytest.approx(list(weights)) for key, weights in found.items()}


def named(offsets, unit, units=NAMES):
    return [tuple(units[code] for code in unit[start:stop]) for start, stop in pairwise(offsets)]


def weights(rows):
    return [list(row) for row in zip(rows.conversions, rows.nulls, rows.value, strict=True)]


@MANY
@given(JOURNEYS)
def test_paths_are_counted_once_each_with_their_weights(journeys):
    found = paths(touches_of(journeys))
    keys = zip(found.cell.tolist(), named(found.rows.offsets, found.rows.unit), strict=True)
    assert dict(zip(keys, weights(found.rows), strict=True)) == weights_by(journeys, tuple)
    assert found.path_hash.tolist() == path_hashes(unit_hashes(NAMES)[found.rows.unit], found.rows.offsets).tolist()


@MANY
@given(JOURNEYS)
def test_coalitions_are_the_distinct_sets_with_their_weights(journeys):
    found = coalitions(touches_of(journeys))
    keys = zip(found.cell.tolist(), named(found.rows.offsets, found.rows.unit), strict=True)
    assert dict(zip(keys, weights(found.rows), strict=True)) == weights_by(journeys, lambda path: tuple(sorted(set(path))))


@MANY
@given(JOURNEYS)
def test_more_channels_than_bits_give_the_same_coalitions(journeys):
    many = tuple(sorted((*NAMES, *(f"filler {i:02d}" for i in range(80)))))
    found = coalitions(touches_of(journeys, many))
    keys = zip(found.cell.tolist(), named(found.rows.offsets, found.rows.unit, many), strict=True)
    assert dict(zip(keys, weights(found.rows), strict=True)) == weights_by(journeys, lambda path: tuple(sorted(set(path))))


def walk(path, order):
    """The states of a path: windows of the last k touches (or the whole short path), equal neighbours merged."""
    windows = [tuple(path[i : i + order]) for i in range(len(path) - order + 1)] or [tuple(path)]
    return [state for i, state in enumerate(windows) if i == 0 or state != windows[i - 1]]


def chain_by_hand(journeys, order):
    found = defaultdict(lambda: np.zeros(2))
    for path, conversions, nulls, value, cell in journeys:
        if not path:
            continue
        states = walk(path, order)
        for origin, target in pairwise([(), *states]):
            found[cell, origin, target, "step"] += (conversions + nulls, 0.0)
        if conversions:
            found[cell, states[-1], (), "conversion"] += (conversions, value)
        if nulls:
            found[cell, states[-1], (), "null"] += (nulls, 0.0)
    return {key: pytest.approx(list(numbers)) for key, numbers in found.items()}


def chain_found(found: Flows):
    def state(index):
        return () if index < 0 else tuple(NAMES[code] for code in found.states[index] if code >= 0)

    rows = zip(found.cell, found.origin, found.target, found.event, found.journeys, found.value, strict=True)
    return {(c, state(o), state(t), EVENTS[e]): [journeys, value] for c, o, t, e, journeys, value in rows}


@MANY
@given(JOURNEYS, st.sampled_from((1, 2, 3)))
def test_the_chain_of_each_order_follows_its_definition(journeys, order):
    touches = touches_of(journeys)
    assert chain_found(flows(touches, touches.cell, order)) == chain_by_hand(journeys, order)


@MANY
@given(JOURNEYS, st.sampled_from((1, 2, 3)))
def test_a_transition_table_balances_what_flows_into_and_out_of_every_state(journeys, order):
    found = statistics_of(touches_of(journeys), [f"transitions_{order}"]).transitions[order]
    states = len(found.states)
    inward = found.starts + np.bincount(found.target, found.count, minlength=states)
    outward = found.conversions + found.nulls + np.bincount(found.origin, found.count, minlength=states)
    assert inward == pytest.approx(outward)
    assert (found.origin != found.target).all()


@MANY
@given(JOURNEYS)
def test_ordered_shapley_splits_each_journey_over_channels_then_over_their_positions(journeys):
    by_hand = defaultdict(lambda: np.zeros(2))
    for path, conversions, _, value, cell in journeys:
        for position, name in enumerate(path):
            if conversions:
                by_hand[cell, name, position] += np.array([conversions, value]) / (len(set(path)) * path.count(name))
    found = positions(touches_of(journeys))
    keys = zip(found.cell.tolist(), (NAMES[code] for code in found.rows.unit), found.rows.position.tolist(), strict=True)
    credit = zip(found.rows.conversions, found.rows.value, strict=True)
    assert dict(zip(keys, credit, strict=True)) == {key: pytest.approx(tuple(numbers)) for key, numbers in by_hand.items()}


def test_ordered_shapley_agrees_with_shapley_attribution():
    reference = json.loads((Path(__file__).parent / "references" / "positions_by_shapley_attribution.json").read_text())
    names = tuple(reference["credit"])
    rows = positions(touches_of([(path, 1.0, 0.0, 0.0, 0) for path in reference["paths"]], names)).rows
    matrix = np.zeros((len(names), max(map(len, reference["paths"]))))
    matrix[rows.unit, rows.position] = rows.conversions
    assert matrix == pytest.approx(np.array([reference["credit"][name] for name in names]), rel=1e-9, abs=0)


@MANY
@given(JOURNEYS)
def test_placements_count_touches_and_converting_touches(journeys):
    by_hand = defaultdict(lambda: np.zeros(2))
    for path, conversions, nulls, _, cell in journeys:
        for name in path:
            by_hand[cell, name] += (conversions + nulls, conversions)
    found = placements(touches_of(journeys))
    keys = zip(found.cell.tolist(), (NAMES[code] for code in found.unit), strict=True)
    numbers = zip(found.touches, found.converting_touches, strict=True)
    assert dict(zip(keys, numbers, strict=True)) == {key: tuple(counts) for key, counts in by_hand.items()}


@MANY
@given(JOURNEYS)
def test_a_cell_is_the_same_to_the_last_bit_whatever_other_cells_are_computed_with_it(journeys):
    touches = touches_of(journeys)
    touches = replace(touches, value=touches.value / 3)
    together, alone = flows(touches, touches.cell, 2), touches.take(touches.cell == 65)
    alone = flows(alone, alone.cell, 2)
    of_cell = {key: numbers for key, numbers in chain_found(together).items() if key[0] == 65}
    assert of_cell == chain_found(alone)


@MANY
@given(JOURNEYS)
def test_sorting_and_dense_tables_give_the_same_statistics(journeys):
    touches = touches_of(journeys)
    dense = [paths(touches), coalitions(touches), flows(touches, touches.cell, 3), positions(touches)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "DENSE_SPAN", 0)
        patch.setattr(tally, "DENSE_PER_ROW", 0)
        patch.setattr(tally, "MAX_CODE", 0)
        patch.setattr("mta_assets.journeys.flows.SMALL", 0)
        sparse = [paths(touches), coalitions(touches), flows(touches, touches.cell, 3), positions(touches)]
    for one, other in zip(dense, sparse, strict=True):
        np.testing.assert_equal(flat(one), flat(other))


def flat(result):
    return {name: flat(value) if hasattr(value, "__dataclass_fields__") else value for name, value in vars(result).items()}


def test_an_unknown_statistic_is_met_with_the_nearest_name():
    with pytest.raises(ModelError, match="transitions_2"):
        statistics_of(touches_of([]), ["transition_2"])


def test_an_order_too_high_for_the_number_of_channels_says_so():
    touches = replace(touches_of([]), units=tuple(str(i) for i in range(100_000)))
    with pytest.raises(ModelError, match="use a lower order"):
        flows(touches, touches.cell, 3)
