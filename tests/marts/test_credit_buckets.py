"""Credit by bucket adds up to the credit, day by day and over a window."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mta_assets.contracts.bands import CREDIT_BUCKETS
from mta_assets.contracts.tables import BUCKETS, credits_table
from mta_assets.marts.credit_buckets import bucket_sums, credit_buckets

FIRST = date(2026, 3, 1)


@pytest.fixture
def credit():
    """500 conversions over four days; those of the last brought nothing to `email`."""
    rng = np.random.default_rng(1)
    count = 500
    day = rng.integers(0, 4, count)
    channel = np.where(day == 3, "search", rng.choice(["email", "search"], count))
    about = {"source_name": "s", "goal": "g", "campaign": "c", "kind": "visit"}
    rows = pl.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(n)) for n in day],
            "bucket": rng.integers(0, BUCKETS, count),
            "channel": channel,
            "currency": rng.choice(["EUR", "USD"], count),
            "credit": rng.random(count),
            "value": 10 * rng.random(count),
        }
    )
    named = rows.with_columns(
        conversion_id=pl.format("c{}", pl.int_range(pl.len())), **{name: pl.lit(text) for name, text in about.items()}
    )
    return credits_table("linear").conform(named)


def test_each_day_has_its_credit_by_bucket(credit):
    found = credit_buckets(credit, "linear")
    assert CREDIT_BUCKETS.meets(found)
    one = found.filter(day=FIRST, channel="email", currency="EUR")
    rows = credit.filter(day=FIRST, channel="email", currency="EUR")
    for bucket, (conversions, value) in enumerate(zip(one["conversions"].item(), one["value"].item(), strict=True)):
        mine = rows.filter(bucket=bucket)
        assert (conversions, value) == pytest.approx((mine["credit"].sum(), mine["value"].sum()))


def test_a_window_is_the_sum_of_its_days(credit):
    sums = bucket_sums(pl.concat([credit_buckets(credit, "linear"), credit_buckets(credit, "last_touch")]))
    assert set(sums) == {(model, currency) for model in ("linear", "last_touch") for currency in ("EUR", "USD")}
    found, rows = sums["linear", "EUR"], credit.filter(currency="EUR")
    assert found.channels == ("email", "search")
    assert found.days == 4
    for n, channel in enumerate(found.channels):
        mine = rows.filter(channel=channel).group_by("bucket").agg(pl.col("credit", "value").sum())
        assert found.conversions[n][mine["bucket"].to_numpy()] == pytest.approx(mine["credit"].to_numpy())
        assert found.value[n].sum() == pytest.approx(mine["value"].sum())


def test_days_without_a_conversion_do_not_count_as_days(credit):
    nothing = credit_buckets(credit.with_columns(day=pl.lit(FIRST + timedelta(days=9)), credit=0.0), "linear")
    assert bucket_sums(pl.concat([credit_buckets(credit, "linear"), nothing]))["linear", "EUR"].days == 4


def test_no_credit_has_no_sums(credit):
    assert credit_buckets(credit.clear(), "linear").is_empty()
    assert bucket_sums(CREDIT_BUCKETS.empty()) == {}
