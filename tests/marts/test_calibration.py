"""Increments beside experiments: which of these count, what they come to for the days of the estimates, and what is said of channels that were not tested."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.contracts.incrementality import CALIBRATED
from mta_assets.marts import calibration
from mta_assets.marts.calibration import calibrate

DAYS = DayRange(date(2026, 1, 1), date(2026, 3, 31))
CHANNELS = {
    "social": ("pushed", 1_000.0, 40.0, None),
    "mail": ("pushed", 400.0, 30.0, None),
    "video": ("pushed", 300.0, 30.0, None),
    "affiliate": ("pulled", -20.0, 30.0, None),
    "new": ("pulled", None, None, "touched 3 user(s) only"),
    "direct": ("unpaid", 15.0, 30.0, None),
}
INCREMENTS = pl.DataFrame(
    [(name, *row) for name, row in CHANNELS.items()], schema=["channel", "role", "increment", "increment_se", "reason"], orient="row"
)
# Two touches a day in the first half of the days, one in the second.
TOUCHES = pl.DataFrame(
    [(channel, day, 2 if day < date(2026, 2, 15) else 1) for channel in CHANNELS for day in DAYS],
    schema=["channel", "day", "touches"],
    orient="row",
)


def experiment(
    channel="social", effect=600.0, error=50.0, first=DAYS.first, last=DAYS.last, until=date(2026, 9, 30), stated="tests.csv row 2"
):
    row = (stated, channel, "holdout", first, last, effect, error, until)
    return pl.DataFrame([row], schema=EXPERIMENTS.schema, orient="row")


def calibrated(*experiments, increments=INCREMENTS):
    return calibrate(increments, pl.concat([EXPERIMENTS.empty(), *experiments]), TOUCHES, DAYS, 0.9)


def row_of(result, channel):
    return result.rows.row(by_predicate=pl.col("channel") == channel, named=True)


def test_a_row_meets_its_contract_and_channels_keep_their_order():
    result = calibrated(experiment()).rows
    assert result.columns == [column.name for column in CALIBRATED]
    assert result["channel"].to_list() == list(CHANNELS)


def test_without_an_experiment_every_channel_is_as_estimated_and_says_so():
    result = calibrated()
    assert set(result.rows["basis"]) == {"none"}
    for name in ("", "_low", "_high"):
        assert result.rows[f"calibrated{name}"].equals(result.rows[f"increment{name}"].alias(f"calibrated{name}"))
    assert result.rows["multiplier"].null_count() == len(CHANNELS)
    assert row_of(result, "social")["reason"] == calibration.NO_EXPERIMENT


def test_the_band_of_an_estimate_is_that_of_its_jackknife():
    row = row_of(calibrated(), "social")
    assert (row["increment_low"], row["increment_high"]) == pytest.approx(
        (1_000 - 1.669402 * 40, 1_000 + 1.669402 * 40), rel=1e-6
    )  # t of 63


def test_a_tested_channel_has_its_multiplier_with_a_band_and_the_day_on_which_it_expires():
    row = row_of(calibrated(experiment()), "social")
    assert row["basis"] == "tested"
    assert row["reason"] is None
    assert 600 < row["calibrated"] < 640
    assert row["calibrated_low"] < row["calibrated"] < row["calibrated_high"]
    for end in ("", "_low", "_high"):
        assert row[f"multiplier{end}"] == pytest.approx(row[f"calibrated{end}"] / 1_000)
    assert row["valid_until"] == date(2026, 9, 30)
    assert (row["tests"], row["effect"], row["effect_se"]) == (1, pytest.approx(600.0), pytest.approx(50.0))


def test_channels_without_a_test_are_scaled_by_one_multiplier_and_are_less_certain():
    result = calibrated(experiment(), experiment("mail", 240.0, 40.0, until=date(2026, 6, 30)))
    video = row_of(result, "video")
    assert (video["basis"], video["reason"]) == ("pooled", calibration.NOT_TESTED)
    assert 0.6 < video["multiplier"] < 0.75  # both tests say 0.6; the prior is 1
    assert video["valid_until"] == date(2026, 9, 30)
    width = {name: row_of(result, name)["multiplier_high"] - row_of(result, name)["multiplier_low"] for name in ("social", "video")}
    assert width["video"] > 3 * width["social"]


@pytest.mark.parametrize(
    ("channel", "reason"), [("affiliate", calibration.NOT_POSITIVE), ("new", "touched 3 user(s) only"), ("direct", calibration.UNPAID)]
)
def test_what_cannot_be_scaled_says_why_and_stays_as_estimated(channel, reason):
    row = row_of(calibrated(experiment()), channel)
    assert (row["basis"], row["reason"], row["multiplier"], row["valid_until"]) == ("none", reason, None, None)
    assert row["calibrated"] == CHANNELS[channel][1]


def test_a_tested_channel_without_an_estimate_has_what_the_experiment_measured():
    result = calibrated(experiment("new", 80.0, 20.0))
    row = row_of(result, "new")
    assert (row["basis"], row["calibrated"], row["multiplier"]) == ("tested", pytest.approx(80.0), None)
    assert (row["calibrated_low"], row["calibrated_high"]) == pytest.approx((80 - 1.6448536 * 20, 80 + 1.6448536 * 20))
    assert row_of(result, "social")["basis"] == "none"  # what no estimate stands beside says nothing of other estimates


def test_a_tested_channel_whose_estimate_is_below_zero_is_put_together_by_precision():
    # -20 has a scatter of its own of at most half of it, next to nothing beside its error of 30: (-20/900 + 50/400) / (1/900 + 1/400) = 28.5.
    row = row_of(calibrated(experiment("affiliate", 50.0, 20.0)), "affiliate")
    assert row["calibrated"] == pytest.approx(28.5, abs=1.5)
    assert row["multiplier"] is None


def test_what_unpaid_channels_seem_to_add_beyond_chance_is_an_error_of_every_estimate():
    # 250 +- 30 where nothing can have been added: sqrt(250^2 - 30^2) = 248 beyond chance.
    failing = INCREMENTS.with_columns(increment=pl.when(pl.col("channel") == "direct").then(250.0).otherwise("increment"))
    vague = experiment(effect=600.0, error=300.0)
    fair, unfair = calibrated(vague), calibrated(vague, increments=failing)
    assert abs(row_of(unfair, "social")["calibrated"] - 600) < abs(row_of(fair, "social")["calibrated"] - 600)
    width = [row_of(each, "video")["calibrated_high"] - row_of(each, "video")["calibrated_low"] for each in (fair, unfair)]
    assert width[1] > width[0] + 200
    assert row_of(unfair, "social")["increment_high"] == row_of(fair, "social")["increment_high"]  # a band of sampling alone


def test_an_experiment_of_some_of_the_days_is_carried_over_by_touches():
    # 45 days of 2 touches and 45 of 1: the first 45 have 90 of 135.
    result = calibrated(experiment(effect=400.0, error=20.0, last=date(2026, 2, 14)))
    assert row_of(result, "social")["effect"] == pytest.approx(400 * 135 / 90)
    assert row_of(result, "social")["effect_se"] == pytest.approx(20 * 135 / 90)


def test_an_experiment_of_earlier_days_is_carried_over_by_their_number():
    result = calibrated(experiment(effect=100.0, error=20.0, first=date(2025, 11, 1), last=date(2025, 11, 30)))
    assert row_of(result, "social")["effect"] == pytest.approx(100 * 90 / 30)


def test_two_experiments_of_a_channel_are_one_by_precision():
    early, late = DayRange(date(2026, 1, 1), date(2026, 1, 30)), DayRange(date(2026, 3, 2), date(2026, 3, 31))
    result = calibrated(
        experiment(effect=300.0, error=30.0, first=early.first, last=early.last, until=date(2026, 7, 1)),
        experiment(effect=100.0, error=30.0, first=late.first, last=late.last, stated="tests.csv row 3"),
    )
    row = row_of(result, "social")
    # 30 days of 2 touches are 60 of 135: 675 +- 67.5; of 1 touch 30 of 135: 450 +- 135. Weights 4 to 1.
    assert (row["tests"], row["effect"]) == (2, pytest.approx((4 * 675 + 450) / 5))
    assert row["effect_se"] == pytest.approx(67.5 / (5 / 4) ** 0.5)
    assert row["valid_until"] == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("experiment_", "said"),
    [
        (experiment(until=date(2026, 3, 30)), "it was valid until 2026-03-30 and has expired"),
        (experiment(last=date(2026, 4, 2)), "it ends on 2026-04-02, after the last of these days"),
        (experiment("socal"), "no touch of these days has the channel 'socal'. Did you mean 'social'?"),
    ],
)
def test_an_experiment_that_does_not_count_is_named_with_the_reason(experiment_, said):
    result = calibrated(experiment_)
    assert set(result.rows["basis"]) == {"none"}
    assert result.rows["tests"].sum() == 0
    (sentence,) = result.left_out
    assert said in sentence
    assert "tests.csv row 2" in sentence


def test_on_its_last_valid_day_an_experiment_still_counts():
    assert row_of(calibrated(experiment(until=DAYS.last)), "social")["basis"] == "tested"


def test_a_channel_whose_own_experiment_has_expired_says_so_where_others_scale_it():
    result = calibrated(experiment("mail", 240.0, 40.0), experiment(until=date(2026, 3, 30), stated="tests.csv row 3"))
    row = row_of(result, "social")
    assert row["basis"] == "pooled"
    assert "valid until 2026-03-30" in row["reason"]


def test_a_period_in_which_the_channel_has_no_touch_does_not_count():
    quiet = TOUCHES.filter((pl.col("channel") != "social") | (pl.col("day") > date(2026, 1, 31)))
    result = calibrate(INCREMENTS, experiment(last=date(2026, 1, 31)), quiet, DAYS, 0.9)
    assert "no touch in its period" in result.left_out[0]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_experiments_does_not_matter(order):
    each = [
        experiment(),
        experiment("mail", 240.0, 40.0, stated="a"),
        experiment("mail", 100.0, 30.0, first=date(2026, 2, 1), stated="b"),
        experiment("video", 90.0, 60.0, until=date(2026, 1, 1), stated="c"),
    ]
    assert calibrated(*(each[n] for n in order)).rows.equals(calibrated(*each).rows)


@settings(max_examples=10, deadline=None)
@given(st.permutations(list(CHANNELS)))
def test_renaming_channels_renames_their_rows(names):
    new = dict(zip(CHANNELS, names, strict=True))
    renamed = calibrate(
        INCREMENTS.with_columns(pl.col("channel").replace(new)),
        experiment(new["social"]),
        TOUCHES.with_columns(pl.col("channel").replace(new)),
        DAYS,
        0.9,
    ).rows
    expected = calibrated(experiment()).rows.with_columns(pl.col("channel").replace(new))
    assert renamed.equals(expected)


def test_a_wider_level_gives_wider_bands():
    narrow, wide = (calibrate(INCREMENTS, experiment(), TOUCHES, DAYS, level).rows for level in (0.8, 0.95))
    for name in ("increment", "calibrated", "multiplier"):
        widths = [(rows[f"{name}_high"] - rows[f"{name}_low"]).drop_nulls() for rows in (narrow, wide)]
        assert (widths[0] < widths[1]).all()
