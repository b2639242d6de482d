"""A channel's share of a day's credit, and its error, are those of leaving out each bucket of users by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.contracts.tables import BUCKETS, credits_table
from mta_assets.marts.performance import channel_daily, shown
from mta_assets.marts.shares import shares_daily
from mta_assets.marts.small_cells import SMALL

DAY = date(2026, 3, 1)


def credit_rows(rng, conversions=200):
    channels = np.array(["direct", "email", "paid search"])
    rows = pl.DataFrame(
        {
            "day": [DAY] * conversions,
            "bucket": rng.integers(0, BUCKETS, conversions),
            "channel": channels[rng.choice(3, conversions, p=[0.5, 0.3, 0.2])],
            "credit": np.ones(conversions),
        }
    )
    about = {"source_name": "s", "goal": "g", "currency": "USD", "campaign": "c", "kind": "visit", "value": 1.0}
    whole = rows.with_columns(
        conversion_id=pl.format("c{}", pl.int_range(pl.len())), **{name: pl.lit(value) for name, value in about.items()}
    )
    return credits_table("linear").conform(whole).sort("bucket")


def test_shares_sum_to_one_and_errors_equal_the_jackknife_by_hand():
    credit = credit_rows(np.random.default_rng(1))
    found = shares_daily(credit, "linear")
    assert found["share"].sum() == pytest.approx(1)
    assert found["conversions"].sum() == credit.height
    for channel, error in found.select("channel", "share_error").iter_rows():
        left = [credit.filter(pl.col("bucket") != bucket) for bucket in range(BUCKETS)]
        without = np.array([(rows["channel"] == channel).mean() for rows in left])
        assert error == pytest.approx(np.sqrt((BUCKETS - 1) / BUCKETS * ((without - without.mean()) ** 2).sum()))


def test_the_error_is_near_that_of_drawing_conversions_anew():
    found = shares_daily(credit_rows(np.random.default_rng(2), 5_000), "linear").filter(channel="email")
    assert found["share_error"].item() == pytest.approx(np.sqrt(0.3 * 0.7 / 5_000), rel=0.3)


def test_a_model_that_shares_out_alike_has_no_error_and_a_day_without_credit_has_no_row():
    credit = credit_rows(np.random.default_rng(3), 50)
    alike = pl.concat([credit.with_columns(channel=pl.lit(name), credit=pl.lit(0.5)) for name in ("a", "b")])
    assert shares_daily(alike, "markov_1")["share_error"].to_list() == pytest.approx([0, 0], abs=1e-12)
    assert shares_daily(credit.clear(), "linear").is_empty()
    assert shares_daily(credit.filter(bucket=credit["bucket"][0]), "linear")["share_error"].is_finite().all()


def test_where_few_users_are_hidden_shares_are_of_what_channel_daily_shows_and_tell_of_no_bucket():
    many = credit_rows(np.random.default_rng(4))
    rare = many.head(2).with_columns(channel=pl.lit("rare"), conversion_id=pl.format("r{}", pl.int_range(pl.len())))
    seen = shown(pl.concat([many, rare]), fewest=5, touched=None)
    found = shares_daily(seen, "linear", errors=False)
    assert set(found["channel"]) > {SMALL}
    assert "rare" not in found["channel"]
    assert set(found["share_error"]) == {0}
    daily = channel_daily(seen, "linear").group_by("channel").agg(pl.col("conversions").sum())
    assert_frame_equal(found.select("channel", "conversions"), daily, check_row_order=False)
