"""The check of bands finds a figure without a row, a band beside its figure, and bounds where there is to be none."""

from datetime import date

import polars as pl
import pytest

from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE
from mta_assets.quality.bands import banded

DAY = date(2026, 3, 1)
NAMED = {"day": DAY, "model": "linear", "channel": "email", "currency": "EUR"}
BAND = {
    "metric": "conversions",
    "estimate": 5.0,
    "standard_error": 1.0,
    "low": 3.0,
    "high": 7.0,
    "level": 0.9,
    "groups": 64,
    "reason": None,
}
PERFORMED = pl.DataFrame(
    [NAMED | {"conversions": 5.0, "value": 0.0, "cost": None, "roas": None, "cpa": None}], schema=CHANNEL_PERFORMANCE.schema
)


def bands(**changed):
    return pl.DataFrame([NAMED | BAND | changed], schema=BANDS.schema)


@pytest.mark.parametrize("changed", [{}, {"high": None}, {"low": None, "high": None, "reason": "too few users"}])
def test_figures_with_a_band_or_a_reason_pass(changed):
    assert banded(bands(**changed), PERFORMED).passed


@pytest.mark.parametrize("changed", [{"low": 5.5}, {"high": 4.0}, {"low": None}, {"low": float("nan")}, {"reason": "too few users"}])
def test_a_band_beside_its_figure_and_bounds_with_a_reason_fail(changed):
    found = banded(bands(**changed), PERFORMED)
    assert not found.passed
    assert found.recommendation


def test_a_channel_without_bands_fails_and_earlier_days_need_none():
    earlier = PERFORMED.with_columns(day=pl.lit(date(2026, 2, 1)), channel=pl.lit("other"))
    assert banded(bands(), pl.concat([PERFORMED, earlier])).passed
    assert not banded(bands(channel="other"), PERFORMED).passed


def test_days_of_which_none_is_the_newest_pass():
    assert banded(BANDS.empty(), PERFORMED).passed
