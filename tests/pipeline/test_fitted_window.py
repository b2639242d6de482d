"""Which days a model that takes long to fit is fitted to: the same for some days of the calendar, and never beyond what a day may depend on."""

from datetime import date, timedelta

import pytest

from mta_assets.config import Config
from mta_assets.models.incremental.model import Incremental
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.learning import fit_window, fitted_window

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(60)]


@pytest.mark.parametrize(("window", "stands"), [(90, 7), (90, 1), (28, 28), (4, 7), (1, 7)])
def test_a_fit_lies_within_the_fit_window_of_each_day_that_it_stands_on(window, stands):
    config, model = Config(fit_window_days=window), Incremental(refit_days=stands)
    for day in DAYS:
        fitted, own = fitted_window(config, model, day), fit_window(config, day)
        assert own.first <= fitted.first <= fitted.last <= day


def test_a_fit_stands_for_a_week_and_is_of_all_days_that_the_fit_windows_of_the_week_share():
    fits = [fitted_window(Config(), MODELS["incremental"], day) for day in DAYS]
    assert {fits.count(each) for each in fits[7:-7]} == {7}
    assert {len(each) for each in fits} == {84}


def test_a_model_that_is_fitted_every_day_is_fitted_to_the_fit_window():
    assert fitted_window(Config(), MODELS["markov_1"], DAYS[3]) == fit_window(Config(), DAYS[3])
