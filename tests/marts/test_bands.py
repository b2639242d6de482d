"""Bands hold their figures, are narrow where much is known, and are not there, with the reason, where nothing can be told."""

import numpy as np
import polars as pl
import pytest

from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.tables import BUCKETS, CHANNEL_PERFORMANCE, COALITIONS, NO_CONSENT, UNATTRIBUTED
from mta_assets.marts.bands import CUT_OFF, FEWEST_BUCKETS, NOTHING, ONE_DAY, UNKNOWN_USERS, bands, effect_bands
from mta_assets.marts.credit_buckets import BucketSums
from mta_assets.marts.jackknife import quantile, standard_error
from mta_assets.marts.samples import Evidence, Shares, evidence, in_groups, of_shares, of_sums

REACH = quantile(0.9, BUCKETS)


def sums(days=30, **channels):
    """Each channel's credit in every bucket, a unit of which is worth 2; fewer numbers than buckets leave the others empty."""
    conversions = np.array([[*earned, *np.zeros(BUCKETS - len(earned))] for earned in channels.values()])
    return BucketSums(channels=tuple(channels), conversions=conversions, value=2 * conversions, days=days)


def performance(credited, cost=None):
    """The mart's rows of what a model credited."""
    cost = cost or {}
    rows = [
        {
            "model": "m",
            "channel": channel,
            "currency": "EUR",
            "conversions": earned.sum(),
            "value": 2 * earned.sum(),
            "cost": cost.get(channel),
        }
        for channel, earned in zip(credited.channels, credited.conversions, strict=True)
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("cost").cast(pl.Float64))
    ratios = frame.with_columns(roas=pl.col("value") / pl.col("cost"), cpa=pl.col("cost") / pl.col("conversions"))
    return CHANNEL_PERFORMANCE.conform(ratios.with_columns(day=pl.lit("2026-03-01").str.to_date())).drop("day")


def banded(credited, cost=None, **refused):
    return bands(performance(credited, cost), refused or {("m", "EUR"): of_sums(credited)}, 0.9)


def of(found, channel, metric):
    return found.row(by_predicate=(pl.col("channel") == channel) & (pl.col("metric") == metric), named=True)


@pytest.fixture
def credited():
    rng = np.random.default_rng(1)
    return sums(email=rng.poisson(9, BUCKETS), search=rng.poisson(3, BUCKETS))


def test_each_metric_of_each_channel_has_a_band_around_its_figure(credited):
    found = banded(credited, cost={"email": 100.0, "search": 50.0})
    assert found.height == 2 * 5
    assert found["reason"].null_count() == found.height
    assert found.filter(pl.col("low") < pl.col("estimate"), pl.col("estimate") < pl.col("high")).height == found.height
    assert found.columns == [column.name for column in BANDS.columns if column.name != "day"]


def test_a_band_reaches_so_many_standard_errors_and_ratios_follow_it(credited):
    found, earned = banded(credited, cost={"email": 100.0}), credited.conversions[0]
    conversions, value, roas, cpa = (of(found, "email", metric) for metric in ("conversions", "value", "roas", "cpa"))
    error = np.sqrt(BUCKETS) * earned.std(ddof=1)
    assert conversions["standard_error"] == pytest.approx(error)
    assert (conversions["low"], conversions["high"]) == pytest.approx((earned.sum() - REACH * error, earned.sum() + REACH * error))
    assert (roas["low"], roas["high"]) == pytest.approx((value["low"] / 100, value["high"] / 100))
    assert (cpa["low"], cpa["high"]) == pytest.approx((100 / conversions["high"], 100 / conversions["low"]))
    assert cpa["standard_error"] / cpa["estimate"] == pytest.approx(conversions["standard_error"] / conversions["estimate"])


def test_the_band_of_a_share_is_that_of_a_ratio_and_shares_of_all_sum_to_one(credited):
    found = banded(credited).filter(metric="share")
    email = of(found, "email", "share")
    total = credited.conversions.sum(axis=0)
    by_hand = [(credited.conversions[0].sum() - e) / (total.sum() - t) for e, t in zip(credited.conversions[0], total, strict=True)]
    assert email["standard_error"] == pytest.approx(standard_error(np.array(by_hand)))
    assert found["estimate"].sum() == pytest.approx(1)


def test_bounds_stay_where_figures_can_be_and_a_cost_per_conversion_may_have_no_upper_one():
    wild = sums(email=[0.001] * 10 + [0] * 40 + [500], search=[1] * BUCKETS)
    found = banded(wild, cost={"email": 100.0})
    assert of(found, "email", "conversions")["low"] == of(found, "email", "roas")["low"] == 0
    assert of(found, "email", "share")["high"] == 1
    assert of(found, "email", "cpa")["reason"] is None
    assert of(found, "email", "cpa")["high"] is None


def test_three_touches_give_no_band_but_the_reason():
    found = banded(sums(email=[2] * BUCKETS, tiny=[1, 1, 1]))
    tiny = found.filter(channel="tiny")
    assert tiny["reason"].unique().to_list() == ["too few users: those it rests on fill 3 of 64 buckets, and a band takes 10"]
    assert tiny.select("standard_error", "low", "high").null_count().row(0) == (tiny.height,) * 3
    assert tiny["groups"].unique().to_list() == [0]
    assert of(found, "email", "share")["reason"] is None


@pytest.mark.parametrize(("users", "told"), [(FEWEST_BUCKETS - 1, True), (FEWEST_BUCKETS, False)])
def test_a_band_takes_ten_buckets_with_somebody_who_converted(users, told):
    assert (of(banded(sums(email=[1] * users)), "email", "conversions")["reason"] is not None) == told


def test_a_channel_that_earned_no_value_has_no_band_of_value():
    credited = sums(email=[3, 4] * 32)
    unpaid = BucketSums(channels=("email",), conversions=credited.conversions, value=0 * credited.value, days=9)
    found = bands(performance(credited).with_columns(value=0.0), {("m", "EUR"): of_sums(unpaid)}, 0.9)
    assert of(found, "email", "value")["reason"].startswith("too few users")
    assert of(found, "email", "conversions")["reason"] is None


def test_conversions_of_one_day_have_no_band_but_the_reason():
    assert set(banded(sums(days=1, email=[2] * BUCKETS))["reason"]) == {ONE_DAY}


def test_conversions_without_consent_have_no_band_and_no_part_in_shares(credited):
    rows = performance(credited)
    apart = rows.head(1).with_columns(channel=pl.lit(NO_CONSENT))
    found = bands(pl.concat([rows, apart]), {("m", "EUR"): of_sums(credited)}, 0.9)
    assert set(found.filter(channel=NO_CONSENT)["reason"]) == {UNKNOWN_USERS}
    assert "share" not in found.filter(channel=NO_CONSENT)["metric"]
    assert found.filter(metric="share")["estimate"].sum() == pytest.approx(1)


def test_a_model_that_cannot_have_bands_says_why(credited):
    found = bands(performance(credited), {("m", "EUR"): "it is too large"}, 0.9)
    assert set(found["reason"]) == {"it is too large"}
    assert set(bands(performance(credited), {}, 0.9)["reason"]) == {NOTHING}


def test_no_figure_has_no_band():
    assert bands(performance(sums(a=[1])).clear(), {}, 0.9).is_empty()


def shares_of(rng, groups, channels=("email", "search")):
    share = rng.dirichlet((50, 20), groups).T
    return Shares(channels=channels, effect=2 * share, share=share, value_share=share)


def test_a_learned_share_and_what_there_is_to_share_both_move_credit(credited):
    learned, seen = shares_of(np.random.default_rng(2), 16), Evidence(buckets={"email": 60, "search": 9}, value_buckets={"email": 60})
    with_rest = sums(email=credited.conversions[0], search=credited.conversions[1], **{UNATTRIBUTED: [1] * BUCKETS})
    sample = of_shares(with_rest, learned, seen)
    assert sample.channels == ("email", "search", UNATTRIBUTED)
    assert sample.buckets.tolist() == [60, 9, 64]
    assert sample.value_buckets.tolist() == [60, 0, 64]
    groups = credited.conversions.sum(axis=0).reshape(4, 16).sum(axis=0)
    left = (groups.sum() - groups) * 16 / 15
    assert sample.conversions[:2] == pytest.approx(left * learned.share)
    assert sample.value[:2] == pytest.approx(2 * left * learned.share)


def test_a_share_that_is_cut_off_at_zero_has_no_band(credited):
    share = np.array([np.full(16, 1.0), np.zeros(16)])
    learned = Shares(channels=("email", "search"), effect=np.array([np.full(16, 0.5), np.full(16, -0.1)]), share=share, value_share=share)
    many = {"email": 60, "search": 60}
    found = bands(performance(credited), {("m", "EUR"): of_shares(credited, learned, Evidence(buckets=many, value_buckets=many))}, 0.9)
    assert set(found.filter(channel="search")["reason"]) == {CUT_OFF}
    assert found.filter(channel="email")["reason"].null_count() == found.filter(channel="email").height


def test_groups_are_the_buckets_that_leave_the_same_rest():
    amounts = np.arange(BUCKETS)
    assert in_groups(amounts, 16).tolist() == [amounts[amounts % 16 == group].sum() for group in range(16)]
    assert in_groups(amounts, BUCKETS).tolist() == amounts.tolist()


def test_effects_have_bands_where_enough_users_stand_behind_them():
    learned, seen = shares_of(np.random.default_rng(3), 16), Evidence(buckets={"email": 60, "search": 9}, value_buckets={})
    found = effect_bands("markov_1", {"email": 1.4, "search": 0.6}, learned, seen, 0.9)
    email = of(found, "email", "effect")
    assert email["high"] - email["low"] == pytest.approx(2 * quantile(0.9, 16) * standard_error(learned.effect)[0])
    assert email["groups"] == 16
    assert of(found, "search", "effect")["reason"].startswith("too few users")
    assert set(effect_bands("markov_1", {"email": 1.4}, "too large", seen, 0.9)["reason"]) == {"too large"}


def test_evidence_is_of_buckets_with_a_journey_that_converted():
    rows = [(1, ["a", "b"], 1.0, 0.0), (2, ["a"], 1.0, 5.0), (3, ["b"], 0.0, 0.0), (1, ["a"], 2.0, 0.0)]
    frame = pl.DataFrame(rows, schema=["bucket", "coalition", "conversions", "value"], orient="row")
    found = evidence(frame.with_columns(pl.col("bucket").cast(COALITIONS.schema["bucket"])))
    assert found.buckets == {"a": 2, "b": 1}
    assert found.value_buckets == {"a": 1}
