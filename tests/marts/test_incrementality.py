"""iROAS is the ROAS of the model of increments, set by experiments; where there is no cost or no estimate there is none."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.marts.incrementality import incrementality
from tests.marts.test_calibration import CHANNELS, calibrated, experiment

DAY = date(2026, 3, 31)
# At 100 a conversion, social and mail are credited with their increments; video cost nothing that is known; affiliate's estimate is below 0.
PERFORMANCE = pl.DataFrame(
    [
        ("social", "EUR", Decimal("50000"), 2.0),
        ("mail", "EUR", Decimal("10000"), 3.0),
        ("mail", "USD", Decimal("5000"), 2.0),
        ("video", "EUR", None, None),
        ("affiliate", "EUR", Decimal("100"), 0.0),
        ("new", "EUR", Decimal("100"), 0.0),
        ("baseline", "EUR", None, None),
    ],
    schema={"channel": pl.String, "currency": pl.String, "cost": pl.Decimal(38, 9), "roas": pl.Float64},
    orient="row",
)


def rows(*experiments, doubt=None):
    found = incrementality(calibrated(*experiments).rows, PERFORMANCE, doubt, "incremental", DAY, 0.9)
    return {(row["channel"], row["currency"]): row for row in INCREMENTALITY.validate(found).to_dicts()}


def test_iroas_is_the_roas_times_the_multiplier_with_its_band():
    row = rows(experiment())["social", "EUR"]
    for end in ("", "_low", "_high"):
        assert row[f"iroas{end}"] == pytest.approx(2.0 * row[f"multiplier{end}"])
    assert row["iroas_low"] < row["iroas"] < row["iroas_high"] < row["roas"]


def test_without_experiments_it_is_the_roas_with_the_band_of_the_estimate():
    row = rows()["social", "EUR"]
    assert row["iroas"] == row["roas"] == 2.0
    assert row["iroas_low"] == pytest.approx(2.0 * row["increment_low"] / 1_000)
    assert row["basis"] == "none"


def test_a_channel_has_a_row_for_each_currency():
    found = rows(experiment())
    assert found["mail", "EUR"]["iroas"] == pytest.approx(1.5 * found["mail", "USD"]["iroas"])
    assert found["mail", "EUR"]["calibrated"] == found["mail", "USD"]["calibrated"]


@pytest.mark.parametrize("key", [("video", "EUR"), ("affiliate", "EUR"), ("direct", "(not set)"), ("new", "EUR")])
def test_without_cost_or_an_estimate_above_0_there_is_no_iroas(key):
    row = rows(experiment())[key]
    assert row["iroas"] is row["iroas_low"] is row["iroas_high"] is None


def test_what_is_not_estimated_has_no_roas_of_0():
    assert rows()["new", "EUR"]["roas"] is None
    assert rows()["affiliate", "EUR"]["roas"] == 0.0


def test_only_channels_with_touches_have_rows_and_a_doubt_stands_in_each():
    found = rows(experiment(), doubt="the placebo fails")
    assert {channel for channel, _ in found} == set(CHANNELS)
    assert {row["doubt"] for row in found.values()} == {"the placebo fails"}
