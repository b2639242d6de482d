"""Statistics written as frames and read back over windows equal those computed from the window's journeys at once."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS, COALITIONS, PATHS, PLACEMENTS, POSITIONS, TRANSITIONS
from mta_assets.errors import ModelError
from mta_assets.journeys.statistic_frames import coalitions_frame, paths_frame, positions_frame, statistic_frames, transitions_frame
from mta_assets.journeys.statistic_windows import decode, merge
from mta_assets.journeys.statistics import NEEDS, statistics_of

NAMES = ("Direct", "Email", "Search", "Social", "Zürich TV")
FIRST = date(2024, 2, 27)
JOURNEY = st.tuples(
    st.lists(st.sampled_from(NAMES), max_size=6),
    st.sampled_from((0.0, 9.99, 100.1, 1 / 3)),
    st.integers(0, 3),
    st.integers(0, BUCKETS - 1),
    st.booleans(),
)
JOURNEYS = st.lists(JOURNEY, max_size=12)
FEW = settings(max_examples=20, deadline=None)  # an example writes and reads some forty columns of lists


def touches_of(journeys):
    units = tuple(sorted({name for path, *_ in journeys for name in path}))
    cells = [((FIRST - date(1970, 1, 1)).days + day) * BUCKETS + bucket for _, _, day, bucket, _ in journeys]
    converted = np.array([j[4] for j in journeys], dtype=np.float64)
    return Touches(
        units=units,
        offsets=np.cumsum([0, *(len(path) for path, *_ in journeys)]),
        unit=np.array([units.index(name) for path, *_ in journeys for name in path], dtype=np.int32),
        conversions=converted,
        nulls=1.0 - converted,
        value=converted * np.array([j[1] for j in journeys], dtype=np.float64),
        cell=np.array(cells, dtype=np.int64),
        is_direct=np.zeros(sum(len(path) for path, *_ in journeys), dtype=bool),
    )


def frames_of(touches):
    return {
        PATHS: paths_frame(touches),
        COALITIONS: coalitions_frame(touches),
        TRANSITIONS: transitions_frame(touches),
        POSITIONS: positions_frame(touches),
    }


def readable(statistics):
    """Statistics as dictionaries by names, so that the order of rows does not matter."""

    def named(offsets, unit):
        return [tuple(statistics.units[code] for code in unit[a:b]) for a, b in pairwise(offsets)]

    def weights(part):
        return zip(part.conversions, part.nulls, part.value, strict=True)

    parts = {"coalitions": statistics.coalitions, "paths": statistics.paths}
    found = {part: dict(zip(named(rows.offsets, rows.unit), weights(rows), strict=True)) for part, rows in parts.items()}
    at = statistics.positions
    cells = zip((statistics.units[code] for code in at.unit), at.position.tolist(), strict=True)
    found["positions"] = dict(zip(cells, zip(at.conversions, at.value, strict=True), strict=True))
    for order, chain in statistics.transitions.items():
        states = [tuple(statistics.units[code] for code in state if code >= 0) for state in chain.states]
        found[f"{order} ends"] = dict(zip(states, zip(chain.starts, chain.conversions, chain.nulls, chain.value, strict=True), strict=True))
        steps = zip(chain.origin, chain.target, chain.count, strict=True)
        found[f"{order} steps"] = {(states[o], states[t]): (count,) for o, t, count in steps}
    return found | {"totals": {statistics.units: (statistics.conversions, statistics.value)}}


def assert_same(one, other):
    """The same keys, and numbers that differ by no more than the rounding of a few sums."""
    one, other = readable(one), readable(other)
    assert {part: rows.keys() for part, rows in one.items()} == {part: rows.keys() for part, rows in other.items()}
    for part, rows in one.items():
        for key, numbers in rows.items():
            assert numbers == pytest.approx(other[part][key], rel=1e-12, abs=0), (part, key)


@FEW
@given(JOURNEYS)
def test_merged_days_equal_all_journeys_at_once(journeys):
    touches = touches_of(journeys)
    assert_same(merge(frames_of(touches), NEEDS), statistics_of(touches, NEEDS))


@FEW
@given(JOURNEYS, st.integers(-1, 4), st.integers(0, 4))
def test_a_window_equals_the_journeys_that_close_in_it(journeys, start, length):
    first, last = FIRST + timedelta(days=start), FIRST + timedelta(days=start + length)
    inside = touches_of([journey for journey in journeys if start <= journey[2] <= start + length])
    windows = decode(frames_of(touches_of(journeys)), NEEDS)
    assert_same(windows.within(DayRange(first, last)), statistics_of(inside, NEEDS))


@FEW
@given(JOURNEYS, st.randoms(use_true_random=False))
def test_the_order_of_journeys_and_of_frames_does_not_change_a_count(journeys, random):
    frames = frames_of(touches_of(journeys))
    shuffled = frames_of(touches_of(random.sample(journeys, len(journeys))))
    reversed_rows = {table: frame.reverse() for table, frame in shuffled.items()}
    assert_same(merge(reversed_rows, NEEDS), merge(frames, NEEDS))


@FEW
@given(JOURNEYS)
def test_frames_meet_their_contracts_and_have_one_row_per_key(journeys):
    for table, frame in frames_of(touches_of(journeys)).items():
        assert frame.schema == table.schema
        assert frame.select(table.key).is_unique().all()
        for column in table.columns:
            for rule in column.rules:
                assert frame.select(rule.holds(pl.col(column.name)).all()).item()


def test_days_and_buckets_are_those_of_the_journeys():
    touches = touches_of([(["Email"], 1.0, 2, 63, True)])
    for frame in frames_of(touches).values():
        assert frame.select("day", "bucket").unique().rows() == [(date(2024, 2, 29), 63)]


def test_placements_count_touches_per_channel_campaign_and_kind():
    touches = touches_of([(["Email", "Email"], 1.0, 0, 5, True), (["Email"], 0.0, 0, 5, False)])
    lists = {
        "channel": [["Email", "Email"], ["Email"]],
        "campaign": [["spring", "(not set)"], ["spring"]],
        "kind": [["click", "view"], ["click"]],
    }
    frame = statistic_frames(touches, pl.DataFrame(lists))[PLACEMENTS]
    assert frame.schema == PLACEMENTS.schema
    counted = frame.select("bucket", "channel", "campaign", "kind", "touches", "converting_touches").rows()
    assert sorted(counted) == [(5, "Email", "(not set)", "view", 1.0, 1.0), (5, "Email", "spring", "click", 2.0, 1.0)]


def test_only_the_tables_that_are_needed_are_asked_for():
    touches = touches_of([(["Email", "Search"], 1.0, 0, 5, True)])
    merged = merge({COALITIONS: coalitions_frame(touches)}, ["coalitions"])
    assert merged.conversions == 1.0
    assert merged.units == ("Email", "Search")
    assert merged.paths is None
    with pytest.raises(ModelError, match="coalitions"):
        decode({}, ["coalition"])


@FEW
@given(JOURNEYS)
def test_statistics_without_a_group_of_users_are_those_of_the_other_users(journeys):
    frames = frames_of(touches_of(journeys))
    days, groups = DayRange(FIRST, FIRST + timedelta(days=1)), 4
    found = list(decode(frames, NEEDS).without_each(days, groups))
    assert len(found) == groups
    for group, statistics in enumerate(found):
        others = {table: frame.filter(pl.col("bucket") % groups != group) for table, frame in frames.items()}
        expected = decode(others, NEEDS).within(days)
        assert statistics.units == expected.units
        assert statistics.conversions == expected.conversions
        assert_alike(readable(statistics), readable(expected))


def assert_alike(one, other):
    """Equal but for the rounding of values that were added and taken out again."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, tuple | list) and all(isinstance(part, float | int | np.number) for part in one):
        assert one == pytest.approx(other, abs=1e-9)
    else:
        assert one == pytest.approx(other, abs=1e-9) if isinstance(one, float | np.number) else one == other
