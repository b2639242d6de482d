"""Facts about held-out prediction: the figures by hand, that nothing of the judged users or of the future is learned from, and what each model foretells."""

import numpy as np
import polars as pl
import pytest

from mta_assets.models.base import Predictor
from mta_assets.models.hazard import periods
from mta_assets.models.registry import MODELS
from mta_assets.scorecard.prediction import AHEAD_DAYS, BASE_RATE, BINS, auc, calibration, log_loss, predictions
from mta_assets.scorecard.summary import foretelling, foretelling_markdown
from mta_assets.simulation.known import simulate_world


@pytest.fixture(scope="module", autouse=True)
def fewer_periods():
    """A tenth of what the hazard is learned from: what is tested does not depend on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(periods, "MOST_PERIODS", 20_000)
        yield


@pytest.fixture(scope="module")
def world():
    return simulate_world("default", users=4_000, seed=3)


@pytest.fixture(scope="module")
def found(world):
    return predictions(world, MODELS)


def test_the_figures_of_a_small_case_are_those_of_a_hand():
    chance, happened = np.array([0.9, 0.2, 0.2, 0.5]), np.array([True, False, True, False])
    assert log_loss(chance, happened) == pytest.approx(-np.log([0.9, 0.8, 0.2, 0.5]).mean())
    # Pairs: .9 beats both; .2 ties with .2 and loses to .5.
    assert auc(chance, happened) == pytest.approx((2 + 0.5) / 4)
    foretold, seen = calibration(np.linspace(0, 1, 40), np.linspace(0, 1, 40) > 0.5)
    assert len(foretold) == BINS
    assert seen.tolist() == [0] * 5 + [1] * 5


def test_a_chance_of_nothing_for_what_happened_costs_much_and_not_endlessly():
    assert 10 < log_loss(np.zeros(1), np.array([True])) < 20


def test_where_all_or_nothing_happened_no_order_is_better_than_another():
    assert auc(np.array([0.1, 0.9]), np.array([True, True])) == 0.5


def test_every_model_that_can_predict_is_judged_on_the_same_touches(found):
    assert found["model"].to_list() == [BASE_RATE, *(name for name, model in MODELS.items() if isinstance(model, Predictor))]
    assert {"markov_1", "markov_2", "markov_3", "shapley_rate", "hazard"} < set(found["model"])
    assert found["touches"].n_unique() == 1
    assert found.filter(model=BASE_RATE)["auc"].item() == 0.5


def test_a_chain_foretells_better_than_a_constant(found):
    base, chain = (found.row(by_predicate=pl.col("model") == name, named=True) for name in (BASE_RATE, "markov_1"))
    assert chain["log_loss"] < base["log_loss"]
    assert chain["auc"] > 0.6
    assert chain["calibration_error"] < 0.03


def test_the_judged_touches_are_those_of_the_other_users_after_the_cut_whose_week_is_in_the_data(world, found):
    touches = world.touchpoints.filter((pl.col("user") & 63) >= 32).with_columns(
        day=(pl.col("ts").dt.date() - world.world.first_day).dt.total_days()
    )
    assert found["touches"][0] == touches.filter(pl.col("day").is_between(60, 90 - AHEAD_DAYS, closed="left")).height


def test_what_happens_is_a_conversion_after_the_touch_within_a_week(world, found):
    asked = world.touchpoints.filter((pl.col("user") & 63) >= 32).select("user", "ts").with_columns(row=pl.int_range(pl.len()))
    pairs = asked.join(world.conversions.select("user", bought="ts"), on="user")
    after = pl.col("bought") - pl.col("ts")
    within = pairs.filter((after > pl.duration(seconds=0)) & (after <= pl.duration(days=AHEAD_DAYS)))["row"].unique()
    day = (asked["ts"].dt.date() - world.world.first_day).dt.total_days()
    judged = asked["row"].filter(day.is_between(60, 90 - AHEAD_DAYS, closed="left"))
    happened = found.row(0, named=True)["happened"]
    assert np.mean(happened) == pytest.approx(judged.is_in(within.implode()).mean(), rel=0.01)


def test_equal_worlds_give_equal_digits(world, found):
    assert predictions(world, MODELS).equals(found)


def test_what_comes_after_the_judged_touches_does_not_change_what_is_foretold(world, found):
    """The last day's purchases of everybody else's future are neither learned from nor looked at."""
    before_cut = pl.col("ts") < pl.lit(world.world.day(60)).cast(pl.Datetime("us", "UTC"))
    learners = (pl.col("user") & 63) < 32
    changed = type(world)(
        world=world.world,
        touchpoints=world.touchpoints.filter(before_cut | ~learners),
        conversions=world.conversions.filter(before_cut | ~learners),
        milestones=world.milestones,
    )
    assert predictions(changed, MODELS).equals(found)


def test_the_table_has_the_best_first_and_the_curve_of_each(found):
    rows = found.select(pl.lit("default").alias("world"), pl.lit(3).alias("seed"), pl.all())
    table = foretelling(rows)
    assert table["log_loss"].is_sorted()
    assert table["foretold"].list.len().to_list() == [BINS] * table.height
    assert foretelling_markdown(rows).count("\n") == table.height + 1
