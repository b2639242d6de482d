"""The kernel against the readable SQL definition and against a brute force, on small histories full of ties and boundaries."""

from importlib.resources import files

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.journeys.kernel import Events, first_within, journeys, last_at_or_before

LOOKBACK = 5
moments = st.integers(0, 25)
histories = st.tuples(
    st.lists(st.tuples(st.integers(0, 2), moments), max_size=25),
    st.lists(st.tuples(st.integers(0, 3), moments), max_size=8),
)


def events_of(touches, conversions) -> Events:
    touches, conversions = sorted(touches), sorted(conversions)
    user, ts = np.array(touches, dtype=np.int64).reshape(-1, 2).T
    conversion_user, conversion_ts = np.array(conversions, dtype=np.int64).reshape(-1, 2).T
    return Events(touch_user=user, touch_ts=ts, conversion_user=conversion_user, conversion_ts=conversion_ts)


def as_rows(events: Events, **options) -> list[tuple[int, int, bool, tuple[int, ...]]]:
    slices = journeys(events, LOOKBACK, **({"restart_after_conversion": False} | options))
    return sorted(
        (
            int(events.conversion_user[c] if c >= 0 else events.touch_user[start]),
            int(closing),
            bool(c >= 0),
            tuple(range(start, stop)),
        )
        for start, stop, c, closing in zip(slices.start, slices.stop, slices.conversion, slices.closing_ts, strict=True)
    )


def by_reference_sql(events: Events) -> list[tuple[int, int, bool, tuple[int, ...]]]:
    touches = pl.DataFrame({"user": events.touch_user, "ts": events.touch_ts, "event_id": np.arange(len(events.touch_ts))})
    ids = [f"c{n}" for n in range(len(events.conversion_ts))]
    conversions = pl.DataFrame(
        {"user": events.conversion_user, "ts": events.conversion_ts, "conversion_id": pl.Series(ids, dtype=pl.String)}
    )
    with duckdb.connect() as connection:
        connection.register("touches", touches)
        connection.register("conversions", conversions)
        query = files("mta_assets.journeys").joinpath("reference.sql").read_text()
        rows = connection.execute(query, {"lookback": LOOKBACK}).fetchall()
    return sorted((user, closing, conversion != "", tuple(events)) for user, closing, conversion, events in rows)


def by_brute_force(events: Events) -> list[tuple[int, int, bool, tuple[int, ...]]]:
    touches = list(zip(events.touch_user.tolist(), events.touch_ts.tolist(), range(len(events.touch_ts)), strict=True))
    conversions = list(zip(events.conversion_user.tolist(), events.conversion_ts.tolist(), strict=True))
    rows = []
    for user, at in conversions:
        rows.append((user, at, True, tuple(n for u, ts, n in touches if u == user and at - LOOKBACK < ts <= at)))
    used = {n for _, _, _, owned in rows for n in owned}
    for user in {u for u, _, _ in touches}:
        run: list[tuple[int, int]] = []
        left = [(ts, n) for u, ts, n in touches if u == user and n not in used]
        for ts, n in [*left, (10**9, -1)]:
            if run and ts - run[-1][0] > LOOKBACK:
                last = run[-1][0]
                later = [t for u, t, _ in touches if u == user and last < t <= last + LOOKBACK]
                closing = min(c for u, c in conversions if u == user and c >= later[0]) if later else last + LOOKBACK
                rows.append((user, closing, False, tuple(k for _, k in run)))
                run = []
            run.append((ts, n))
    return sorted(rows)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_kernel_equals_the_reference_query(history):
    events = events_of(*history)
    assert as_rows(events) == by_reference_sql(events)


@given(histories)
@settings(max_examples=300, deadline=None)
def test_kernel_equals_a_brute_force(history):
    events = events_of(*history)
    assert as_rows(events) == by_brute_force(events)


@given(histories)
@settings(max_examples=200, deadline=None)
def test_every_touch_is_in_a_journey_and_in_at_most_one_that_expired(history):
    events = events_of(*history)
    owned = [n for _, _, _, touches in as_rows(events) for n in touches]
    expired = [n for _, _, converted, touches in as_rows(events) for n in touches if not converted]
    assert set(owned) == set(range(len(events.touch_ts)))
    assert len(expired) == len(set(expired))


@given(histories)
@settings(max_examples=200, deadline=None)
def test_restarting_after_each_conversion_lets_no_touch_serve_twice(history):
    events = events_of(*history)
    rows = as_rows(events, restart_after_conversion=True)
    owned = [n for _, _, _, touches in rows for n in touches]
    assert sorted(owned) == list(range(len(events.touch_ts)))
    assert len(rows) == len(as_rows(events))


@given(histories, moments)
@settings(max_examples=200, deadline=None)
def test_what_closed_before_a_moment_does_not_depend_on_what_came_after_it(history, moment):
    touches, conversions = history
    until = events_of([t for t in touches if t[1] <= moment], [c for c in conversions if c[1] <= moment])
    everything = events_of(touches, conversions)

    def closed(events):
        stamps = events.touch_ts
        return [(u, closing, c, tuple(stamps[list(t)])) for u, closing, c, t in as_rows(events) if closing <= moment]

    assert sorted(closed(until)) == sorted(closed(everything))


@pytest.mark.parametrize(("gap", "journeys_expected"), [(LOOKBACK, 1), (LOOKBACK + 1, 2)])
def test_an_expired_journey_splits_only_where_the_gap_exceeds_the_lookback(gap, journeys_expected):
    assert len(as_rows(events_of([(0, 0), (0, gap)], []))) == journeys_expected


@pytest.mark.parametrize(("age", "counts"), [(LOOKBACK - 1, True), (LOOKBACK, False), (0, True)])
def test_a_touch_counts_from_the_conversion_back_to_just_inside_the_lookback(age, counts):
    converted = next(row for row in as_rows(events_of([(0, 10 - age)], [(0, 10)])) if row[2])
    assert bool(converted[3]) is counts


def test_a_milestone_belongs_to_the_last_touch_at_or_before_it():
    events = events_of([(0, 1), (0, 3), (0, 4)], [(0, 5)])
    slices = journeys(events, LOOKBACK, restart_after_conversion=False)
    owner, reached = np.array([0, 0]), np.array([3, 4])
    moment, found = first_within(owner, reached, events.conversion_user, events.conversion_ts - LOOKBACK, events.conversion_ts)
    assert found.tolist() == [True]
    assert moment.tolist() == [3]
    assert last_at_or_before(moment, slices, events.touch_ts).tolist() == [1]
