"""Models of increments are also tried with experiments: on the channels that they ask for, calibrated as an analyst would."""

import polars as pl
import pytest

from mta_assets.models.linear import Linear
from mta_assets.scorecard.credit import credited
from mta_assets.scorecard.tested import HELD_OUT, calibrated_credit, holdouts
from mta_assets.simulation.known import simulate_world

USERS = 3_000


@pytest.fixture(scope="module")
def world():
    return simulate_world("default", users=USERS, seed=5, holdouts={"social": 0.5})


@pytest.fixture(scope="module")
def linear(world):
    return credited(world, {"linear": Linear()}).credit


def increments_of(world, linear, **changes):
    """As much as linear attribution credits, but for these channels."""
    roles = {True: "pushed", False: "unpaid"}
    rows = world.truth.channels.join(linear.select("channel", "conversions"), on="channel")
    named = [(row["channel"], roles[row["paid"]], changes.get(row["channel"], row["conversions"]), 5.0) for row in rows.to_dicts()]
    return pl.DataFrame(named, schema=["channel", "role", "increment", "increment_se"], orient="row").with_columns(
        doubt=pl.lit(None, pl.String), reason=pl.lit(None, pl.String)
    )


def test_the_two_paid_channels_on_which_it_and_linear_disagree_most_are_held_out(world, linear):
    increments = increments_of(world, linear, mail=-5_000.0, video=9_000.0, affiliate=None)
    assert holdouts(world, increments) == {"video": HELD_OUT, "mail": HELD_OUT}


def test_a_tested_channel_goes_towards_what_the_holdout_shows_and_value_follows(world, linear):
    increments = increments_of(world, linear, social=5_000.0, direct=0.0, **{"organic search": 0.0})
    credit = linear.select("channel", "conversions", "value")
    found = calibrated_credit(world, increments, credit)
    (effect,) = world.experiments["effect"]
    social = found.row(by_predicate=pl.col("channel") == "social", named=True)
    assert abs(social["conversions"] - effect) < 0.2 * abs(5_000.0 - effect)
    worth = credit.filter(channel="social").select(pl.col("value") / pl.col("conversions")).item()
    assert social["value"] == pytest.approx(social["conversions"] * worth)


def test_a_channel_without_an_estimate_and_a_test_has_nothing(world, linear):
    found = calibrated_credit(world, increments_of(world, linear, affiliate=None), linear.select("channel", "conversions", "value"))
    assert found.row(by_predicate=pl.col("channel") == "affiliate", named=True)["conversions"] == 0
