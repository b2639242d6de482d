"""Credit beside spend: a return is said of what was credited, also with nothing, but not of what a model says it cannot tell."""

from decimal import Decimal

import polars as pl
import pytest

from mta_assets.marts.performance import unestimated, with_spend

RESULTS = pl.DataFrame(
    [("incremental", "mail", "EUR", 4.0, 80.0), ("incremental", "video", "EUR", 0.0, 0.0), ("linear", "mail", "EUR", 2.0, 40.0)],
    schema=["model", "channel", "currency", "conversions", "value"],
    orient="row",
)
SPEND = pl.DataFrame({"channel": ["mail", "video"], "currency": "EUR", "cost": [Decimal(20), Decimal(10)]})
INCREMENTS = pl.DataFrame({"channel": ["mail", "video"], "increment": [4.0, None]})


def test_what_earned_nothing_returned_nothing_and_what_cannot_be_told_has_no_return():
    found = with_spend(RESULTS, SPEND, ["channel"], unestimated({"incremental": INCREMENTS}))
    assert found.select("model", "channel", "roas").rows() == [
        ("incremental", "mail", 4.0),
        ("incremental", "video", None),
        ("linear", "mail", 2.0),
        ("linear", "video", 0.0),
    ]
    assert found["cost"].to_list() == [Decimal(20), Decimal(10)] * 2


@pytest.mark.parametrize("increments", [{}, {"incremental": INCREMENTS.filter(channel="mail")}])
def test_where_all_is_estimated_every_channel_with_spend_has_a_return(increments):
    found = with_spend(RESULTS, SPEND, ["channel"], unestimated(increments))
    assert found["roas"].null_count() == 0
