"""Working through a history piece by piece gives what working on it as a whole gives: the same journeys, the same statistics, whatever the pieces."""

from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import UNIT_SEPARATOR, Touches
from mta_assets.contracts.tables import CONVERSIONS, TIME
from mta_assets.journeys.assemble import journey_frame, touches_of, unit_codes
from mta_assets.journeys.events import by_goal, microseconds, user_events
from mta_assets.journeys.kernel import journeys
from mta_assets.journeys.pieces import History, joined, merged_paths, path_touches, pieces
from mta_assets.journeys.split import UserSplit
from mta_assets.journeys.statistics import NEEDS, paths, statistics_of

LOOKBACK_US = 5
KINDS = ("click", "view", "visit")
STAGES = {"lead": "sign_up"}
BY = ("channel", "campaign")
# Few users and moments, so that ties, boundaries and long runs abound; users of the same and of different buckets.
USERS = st.sampled_from([0, 64, 1, -1, 2**62 + 3, -(2**62)])
MOMENTS = st.integers(0, 25)
TOUCHES = st.lists(
    st.tuples(USERS, MOMENTS, st.sampled_from(["Direct", "email", "search"]), st.sampled_from("ab"), st.integers(0, 3)), max_size=40
)
GOALS = st.lists(st.tuples(USERS, MOMENTS, st.sampled_from(["purchase", "sign_up"]), st.integers(1, 10**6)), max_size=12)


def touchpoints(rows) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["user", "ts", "channel", "campaign", "number"], orient="row")
    return frame.select(
        pl.col("user").cast(pl.Int64),
        pl.col("ts").cast(pl.Int64).cast(TIME),
        # Not in order of the rows, so that only sorting by it gives the right order; unique, as a source's identities are.
        (pl.col("number").cast(pl.String) + "-" + pl.int_range(pl.len()).cast(pl.String)).alias("event_id"),
        pl.col("channel", "campaign").cast(pl.String),
        pl.lit("visit").alias("kind"),
        pl.lit("web").alias("source_name"),
    )


def conversions(rows) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["user", "ts", "goal", "value"], orient="row")
    return frame.select(
        pl.col("user").cast(pl.Int64),
        pl.col("ts").cast(pl.Int64).cast(TIME),
        pl.int_range(pl.len()).cast(pl.String).alias("conversion_id"),
        pl.lit("shop").alias("source_name"),
        pl.col("goal").cast(pl.String),
        (pl.col("value") / 100).cast(CONVERSIONS.schema["value"]).alias("value"),
        pl.lit("EUR").alias("currency"),
    )


def as_a_whole(touches: pl.DataFrame, goals: pl.DataFrame) -> Touches:
    """By way of the lake's journey rows."""
    events = user_events(touches, goals, kinds=KINDS, stages=STAGES)
    slices = journeys(events.arrays(), LOOKBACK_US, restart_after_conversion=False)
    return touches_of(journey_frame(events, slices, LOOKBACK_US, "UTC"), columns=BY, stages=tuple(STAGES))


def history(touches: pl.DataFrame, goals: pl.DataFrame, batch: int) -> History:
    labels, code = unit_codes(touches, BY)
    credited, milestones = by_goal(goals, STAGES)
    split = UserSplit(batch_rows=2 * batch)
    columns = (touches["user"].to_numpy(), microseconds(touches["ts"]), code, np.arange(touches.height))
    for start in range(0, max(touches.height, 1), batch):
        split.add(*(column[start : start + batch] for column in columns))
    return History(
        touches=split,
        labels=labels,
        channels=[label.split(UNIT_SEPARATOR)[0] for label in labels],
        conversions=credited,
        milestones=milestones,
        identities=touches.select("event_id", "source_name"),
    )


def rows_of(touches: Touches) -> list[tuple[object, ...]]:
    """Each journey as a tuple, in no particular order."""
    lead = np.full(len(touches), -1) if touches.lead is None else touches.lead
    age = np.full(len(touches.unit), -1.0) if touches.age_hours is None else touches.age_hours
    return sorted(
        (
            touches.conversions[n],
            touches.nulls[n],
            round(touches.value[n], 9),
            tuple(touches.units[code] for code in touches.unit[start:stop]),
            tuple(touches.is_direct[start:stop]),
            tuple(age[start:stop]),
            int(lead[n]),
        )
        for n, (start, stop) in enumerate(zip(touches.offsets[:-1], touches.offsets[1:], strict=True))
    )


def without_times(touches: Touches) -> Touches:
    return Touches(**{f.name: getattr(touches, f.name) for f in fields(Touches)} | {"age_hours": None, "lead": None})


@given(TOUCHES, GOALS, st.integers(1, 50), st.integers(1, 50))
@settings(max_examples=150, deadline=None)
def test_pieces_hold_the_journeys_of_the_whole(touch_rows, goal_rows, batch, piece_touches):
    touches, goals = touchpoints(touch_rows), conversions(goal_rows)
    whole = as_a_whole(touches, goals)
    past = history(touches, goals, batch)
    value = past.conversions["value"].cast(pl.Float64).to_numpy()
    found = list(pieces(past, LOOKBACK_US, restart_after_conversion=False, touches=piece_touches))
    assert rows_of(joined([piece.converting(value) for piece in found])) == rows_of(whole.take(whole.conversions > 0))
    assert rows_of(joined([piece.touches(value) for piece in found])) == rows_of(without_times(whole))


@given(TOUCHES, GOALS, st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_all_that_is_learned_follows_from_the_pieces_paths(touch_rows, goal_rows, piece_touches):
    touches, goals = touchpoints(touch_rows), conversions(goal_rows)
    past = history(touches, goals, 7)
    value = past.conversions["value"].cast(pl.Float64).to_numpy()
    found = list(pieces(past, LOOKBACK_US, restart_after_conversion=False, touches=piece_touches))
    merged = merged_paths([paths(piece.touches(value)) for piece in found])
    weighted = statistics_of(path_touches(merged, found[0].units), NEEDS)
    assert_same(weighted, statistics_of(as_a_whole(touches, goals), NEEDS))


COUNTS = ("starts", "count", "nulls")


def assert_same(found: object, expected: object, name: str = "") -> None:
    """Equal counts; sums of value and of shares of conversions may be added up in another order."""
    if isinstance(expected, np.ndarray) and expected.dtype.kind == "f" and name not in COUNTS:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, part in expected.items():
            assert_same(found[key], part)
    elif hasattr(expected, "__dataclass_fields__"):
        for field in fields(expected):
            assert_same(getattr(found, field.name), getattr(expected, field.name), field.name)
    else:
        assert found == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50), st.integers(1, 20), st.integers(1, 30), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_a_split_loses_no_row_keeps_their_order_and_parts_no_user(users, batch, at_once, touches):
    split = UserSplit(batch_rows=at_once)
    user, row = np.array(users, dtype=np.int64), np.arange(len(users))
    for start in range(0, max(len(users), 1), batch):
        split.add(user[start : start + batch], row[start : start + batch])
    seen: set[int] = set()
    rows = []
    for part in split.parts(touches):
        own, numbers = part.columns
        assert part.holds(own).all()
        assert not seen & set(own.tolist())
        for one in set(own.tolist()):
            assert (np.diff(numbers[own == one]) > 0).all()
        seen |= set(own.tolist())
        rows += numbers.tolist()
    assert sorted(rows) == list(range(len(users)))
    assert len(split) == len(users)
