"""Reading only a window gives the journeys that reading everything gives: day by day, in ranges, for some users."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS, CONVERSIONS, TOUCHPOINTS
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.window import JOURNEY_ORDER, closed_journeys

CONFIG = parse_config({"lookback_days": 4, "reporting_timezone": "Europe/Berlin", "milestones": {"lead": "sign_up"}})
FIRST = date(2024, 3, 20)  # the clocks change on 31 March
DAYS = 40


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """Users who are active for far longer than the lookback, with and without conversions."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    lake.prepare([TOUCHPOINTS, CONVERSIONS])
    rng = np.random.default_rng(7)
    everything = DayRange(FIRST, FIRST + timedelta(days=DAYS))
    lake.replace_days(TOUCHPOINTS, touchpoints(rng, 700), everything)
    lake.replace_days(CONVERSIONS, conversions(rng, 60), everything)
    return lake


def moments(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    start = datetime(2024, 3, 20, tzinfo=UTC)
    # Whole hours, so that ties and exact boundaries of the lookback occur.
    ts = [start + timedelta(hours=int(h)) for h in rng.integers(0, (DAYS - 1) * 24, rows)]
    user = rng.integers(-20, 20, rows)
    frame = pl.DataFrame({"ts": ts, "user": user}, schema_overrides={"ts": TOUCHPOINTS.schema["ts"]})
    return frame.with_columns(
        day=pl.col("ts").dt.convert_time_zone(CONFIG.reporting_timezone).dt.date(),
        bucket=pl.col("user") & (BUCKETS - 1),
        number=pl.int_range(pl.len()).cast(pl.String),
        source_name=pl.lit("web"),
        file=pl.lit("f"),
        row=pl.lit(1),
        extra=pl.lit(None, dtype=pl.String),
    )


def touchpoints(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    frame = moments(rng, rows).with_columns(
        event_id="number",
        channel=pl.Series(rng.choice(["email", "direct", "paid search"], rows)),
        source=pl.lit("s"),
        medium=pl.lit("m"),
        campaign=pl.lit("c"),
        kind=pl.lit("visit"),
        cost=pl.lit(None),
    )
    return TOUCHPOINTS.conform(frame).sort("day", "bucket", "user", "ts", "event_id")


def conversions(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    frame = moments(rng, rows).with_columns(
        conversion_id="number",
        goal=pl.Series(rng.choice(["purchase", "sign_up"], rows)),
        value=pl.lit(10),
        currency=pl.lit("EUR"),
    )
    return CONVERSIONS.conform(frame).sort("day", "bucket", "user", "ts", "conversion_id")


@pytest.fixture(scope="module")
def everything(lake) -> pl.DataFrame:
    return closed_journeys(lake, CONFIG, DayRange(FIRST, FIRST + timedelta(days=DAYS + 10)))


def test_each_day_read_by_itself_equals_the_whole_history(lake, everything):
    days = DayRange(FIRST, FIRST + timedelta(days=DAYS + 10))
    single = [closed_journeys(lake, CONFIG, DayRange(day, day)) for day in days]
    assert_frame_equal(pl.concat(single).sort(JOURNEY_ORDER), everything)


def test_the_history_is_long_enough_to_need_more_than_the_window(everything):
    length = everything.filter(outcome="expired").select(pl.col("closing_ts") - pl.col("touch_ts").list.first()).max().item()
    assert length > timedelta(days=3 * CONFIG.lookback_days)


def test_every_touch_is_in_a_journey(lake, everything):
    assert set(everything["event_id"].explode()) == set(lake.read(TOUCHPOINTS)["event_id"])


def test_some_users_alone_have_the_journeys_they_have_among_all(lake, everything):
    users = everything["user"].unique().sort().head(5)
    days = DayRange(FIRST + timedelta(days=20), FIRST + timedelta(days=25))
    chosen = everything.filter(pl.col("user").is_in(users.implode()), pl.col("day").is_between(days.first, days.last))
    assert_frame_equal(closed_journeys(lake, CONFIG, days, users), chosen)
    assert chosen.height


def test_every_conversion_is_a_journey_and_milestones_are_none(lake, everything):
    credited = lake.read(CONVERSIONS).filter(goal="purchase")
    assert set(everything.filter(outcome="converted")["conversion_id"]) == set(credited["conversion_id"])


def test_a_lead_is_held_by_the_last_touch_before_it(lake, everything):
    leads = lake.read(CONVERSIONS).filter(goal="sign_up").select("user", reached="ts")
    held = everything.filter(pl.col("lead").is_not_null())
    assert held.height
    for journey in held.iter_rows(named=True):
        within = leads.filter(
            pl.col("user") == journey["user"],
            pl.col("reached") > journey["closing_ts"] - timedelta(days=CONFIG.lookback_days),
            pl.col("reached") <= journey["closing_ts"],
        )
        at_or_before = [n for n, ts in enumerate(journey["touch_ts"]) if ts <= within["reached"].min()]
        assert journey["lead"] == at_or_before[-1]
