"""The check of advice finds a share that is not that of the bands, and an experiment without its size or its reason."""

from datetime import date

import polars as pl
import pytest

from mta_assets.contracts.advice import CHANNEL_ADVICE
from mta_assets.contracts.bands import BANDS
from mta_assets.quality.advice import on_the_bands

NAMED = {"day": date(2026, 3, 1), "channel": "email", "currency": "EUR"}
SHARES = pl.DataFrame(
    [NAMED | {"model": model, "metric": "share", "estimate": share} for model, share in (("linear", 0.2), ("shapley", 0.5))],
    schema=BANDS.schema,
)
JUDGED = {
    "lowest_model": "linear",
    "lowest_share": 0.2,
    "highest_model": "shapley",
    "highest_share": 0.5,
    "held_out": 0.1,
    "no_experiment": None,
}


def found(**changed):
    return on_the_bands(pl.DataFrame([NAMED | JUDGED | changed], schema=CHANNEL_ADVICE.schema), SHARES)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"held_out": None, "no_experiment": "too small"},
        {"lowest_model": "last_touch", "lowest_share": 0.0},  # it gives the channel nothing, and has no row
        dict.fromkeys(("lowest_model", "lowest_share", "highest_model", "highest_share")),
    ],
)
def test_advice_on_the_figures_of_the_bands_passes(changed):
    assert found(**changed).passed


@pytest.mark.parametrize(
    "changed", [{"lowest_share": 0.21}, {"highest_model": "linear"}, {"held_out": None}, {"no_experiment": "too small"}]
)
def test_a_share_that_is_another_and_half_an_experiment_fail(changed):
    assert not found(**changed).passed
    assert found(**changed).recommendation


def test_days_of_which_none_is_the_newest_pass():
    assert on_the_bands(CHANNEL_ADVICE.empty(), BANDS.empty()).passed
