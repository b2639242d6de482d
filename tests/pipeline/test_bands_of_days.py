"""The newest day has bands: those of leaving out each group of users, whatever was computed with it."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS, CHANNEL_PERFORMANCE, credits_table
from mta_assets.marts.bands import ONE_DAY, SMALL_CELLS
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.bands import bands, span
from mta_assets.pipeline.run import open_lake, run

FIRST, LAST = date(2024, 1, 2), date(2024, 1, 4)
NOW = datetime(2024, 1, 12, 12, tzinfo=UTC)
SETTINGS = {"lookback_days": 1, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01", "clock_back_hours": 240}
CONFIG = parse_config(SETTINGS)
MODELS_IN_TEST = {name: MODELS[name] for name in ("linear", "markov_1", "counterfactual")}
CHANNELS = ("direct", "email", "paid search")


def events(rng, users=400, days=3):
    """Each user touches one to three channels on one day, and may buy."""
    lines = []
    for user in range(users):
        day = FIRST + timedelta(days=int(rng.integers(days)))
        lines += [(f"u{user}", f"{day}T0{hour}:00:00Z", CHANNELS[rng.integers(3)], 0, "") for hour in range(rng.integers(1, 4))]
        if rng.random() < 0.4:
            lines.append((f"u{user}", f"{day}T09:00:00Z", CHANNELS[rng.integers(3)], 1, str(rng.integers(5, 50))))
    return lines


def land(folder, lines):
    (folder / "event_log").mkdir(parents=True)
    (folder / "spend").mkdir()
    rows = ["user_id,ts,channel,conversion,value", *(",".join(map(str, line)) for line in lines)]
    (folder / "event_log" / "a.csv").write_text("\n".join(rows) + "\n")
    (folder / "spend" / "a.csv").write_text("day,channel,cost\n2024-01-04,email,100\n")
    return folder


def ran(folder, lines, config=CONFIG):
    lake = open_lake(str(folder / "lake"), MODELS_IN_TEST)
    run(lake, config, MODELS_IN_TEST, land(folder / "landing", lines), NOW)
    return lake


@pytest.fixture(scope="module")
def lines():
    return events(np.random.default_rng(1))


@pytest.fixture(scope="module")
def lake(tmp_path_factory, lines):
    return ran(tmp_path_factory.mktemp("whole"), lines)


def banded_day(lake):
    return lake.read(BANDS)["day"].unique().item()


def test_the_newest_day_has_a_band_for_every_figure(lake):
    day = banded_day(lake)
    performed = lake.read(CHANNEL_PERFORMANCE)
    assert day == performed["day"].max()
    found = lake.read(BANDS)
    assert found["reason"].null_count() == found.height
    assert set(found.filter(model="markov_1")["metric"]) == {"conversions", "value", "share", "effect", "roas", "cpa"}
    for metric in ("conversions", "value", "roas", "cpa"):
        keys = ["day", "model", "channel", "currency"]
        both = performed.filter(day=day).join(found.filter(metric=metric), on=keys)
        assert both["estimate"].to_list() == both[metric].to_list()


def test_an_error_is_that_of_leaving_out_each_bucket_of_the_credits(lake):
    found = lake.read(BANDS).filter(model="linear", channel="email", metric="share").row(0, named=True)
    days = DayRange(found["day"], found["day"]).back(CONFIG.fit_window_days - 1)
    credit = lake.read(credits_table("linear"), days)
    shares = []
    for bucket in range(BUCKETS):
        left = credit.filter(pl.col("bucket") != bucket)
        shares.append(left.filter(channel="email")["credit"].sum() / left["credit"].sum())
    by_hand = np.sqrt((BUCKETS - 1) / BUCKETS * ((np.array(shares) - np.mean(shares)) ** 2).sum())
    assert found["standard_error"] == pytest.approx(by_hand)


def again(lake, day, **changed):
    """The bands of the day alone, with settings changed."""
    days = DayRange(day, day)
    return bands(lake, parse_config(SETTINGS | changed), MODELS_IN_TEST, days, lake.read(CHANNEL_PERFORMANCE, days))


def test_bands_of_a_day_are_the_same_to_the_last_bit_whatever_range_they_were_computed_in(lake):
    assert_frame_equal(again(lake, banded_day(lake)), lake.read(BANDS).sort(BANDS.key), check_exact=True)


def test_a_higher_level_is_a_wider_band(lake):
    wide, narrow = (again(lake, banded_day(lake), band_level=level).filter(metric="conversions") for level in (0.95, 0.5))
    assert (wide["high"] > narrow["high"]).all()


def test_a_window_whose_conversions_are_of_one_day_has_reasons_and_no_bands(lake):
    found = again(lake, banded_day(lake), fit_window_days=2)
    assert set(found.filter(metric="conversions")["reason"]) == {ONE_DAY}


def test_bands_tell_nothing_where_results_of_few_users_are_hidden(lake):
    found = again(lake, banded_day(lake), privacy={"fewest_users": 5})
    assert set(found["reason"]) == {SMALL_CELLS}
    assert found.select("standard_error", "low", "high").null_count().row(0) == (found.height,) * 3


def test_a_day_that_is_not_the_newest_leaves_the_bands_as_they_are(lake):
    assert again(lake, LAST, band_level=0.5) is None
    held = lake.read(BANDS).sort(BANDS.key)
    assert span(lake, BANDS, held, DayRange(FIRST, LAST)) == DayRange(FIRST, banded_day(lake))


def test_when_the_newest_day_has_no_results_any_more_the_one_before_it_has_bands(lake):
    day = banded_day(lake)
    gone = lake.read(CHANNEL_PERFORMANCE).clear()
    found = bands(lake, CONFIG, MODELS_IN_TEST, DayRange(day, day), gone)
    assert found["day"].unique().to_list() == [day - timedelta(days=1)]
    assert span(lake, BANDS, found, DayRange(day, day)) == DayRange(day - timedelta(days=1), day)
