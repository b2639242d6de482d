"""What a mart lost, doubled or made up is found before it is written."""

from datetime import date

import polars as pl

from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, SPEND_DAILY
from mta_assets.quality.reconciliation import credited_daily, performed, spent_daily

DAY = date(2026, 3, 1)


def daily(**rows_of_models):
    rows = [
        {
            "day": DAY,
            "model": model,
            "channel": f"c{n}",
            "campaign": "x",
            "kind": "visit",
            "goal": "g",
            "currency": "USD",
            "conversions": c,
            "value": v,
        }
        for model, rows in rows_of_models.items()
        for n, (c, v) in enumerate(rows)
    ]
    return pl.DataFrame(rows, schema=CHANNEL_DAILY.schema)


CONVERTED = pl.DataFrame({"day": [DAY], "currency": ["USD"], "conversions": [3], "value": [30.0]})


def test_credit_that_adds_up_passes_and_models_that_are_not_additive_or_not_computed_are_not_judged():
    marts = daily(linear=[(1.5, 10.0), (1.5, 20.0)], participation=[(3, 30.0), (3, 30.0)])
    finding = credited_daily(marts, CONVERTED, ["linear", "added_yesterday"])
    assert finding.passed
    assert finding.numbers["subjects"] == 1


def test_a_conversion_that_is_lost_doubled_or_of_another_value_is_found():
    for wrong in ([(2.0, 30.0)], [(4.0, 30.0)], [(3.0, 29.5)]):
        finding = credited_daily(daily(linear=[(3.0, 30.0)], last_touch=wrong), CONVERTED, ["linear", "last_touch"])
        assert not finding.passed
        assert finding.severity == "error"
        assert "last_touch 2026-03-01 USD" in finding.message
        assert finding.numbers["off"] == 1


def test_credit_in_a_currency_that_no_conversion_has_is_found():
    marts = daily(linear=[(3.0, 30.0)]).with_columns(currency=pl.lit("EUR"))
    finding = credited_daily(marts, CONVERTED, ["linear"])
    assert not finding.passed
    assert finding.numbers["off"] == 2


def spend(cost):
    row = {"day": DAY, "channel": "email", "campaign": "x", "currency": "USD", "cost": cost, "impressions": None, "clicks": None}
    return pl.DataFrame([row], schema=SPEND_DAILY.schema, strict=False)


def test_spend_that_differs_is_found():
    assert spent_daily(spend(10), spend(10)).passed
    assert not spent_daily(spend(10), spend(11)).passed
    assert not spent_daily(spend(10).clear(), spend(11)).passed
    assert spent_daily(spend(10).clear(), spend(11).clear()).passed


def test_a_window_that_is_not_the_sum_of_its_days_is_found():
    due = pl.DataFrame({"day": [DAY], "model": ["linear"], "currency": ["USD"], "conversions": [3.0], "value": [30.0]})
    row = {
        "day": DAY,
        "model": "linear",
        "channel": "email",
        "currency": "USD",
        "conversions": 3.0,
        "value": 30.0,
        "cost": None,
        "roas": None,
        "cpa": None,
    }
    right = pl.DataFrame([row], schema=CHANNEL_PERFORMANCE.schema)
    assert performed(right, due, ["linear"]).passed
    assert not performed(right.with_columns(conversions=pl.lit(2.5)), due, ["linear"]).passed
