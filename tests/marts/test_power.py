"""Experiments are as large as they must be: against numbers of statsmodels 0.14.5, by hand, and by drawing experiments."""

import numpy as np
import pytest
from scipy.stats import norm

from mta_assets.marts.power import Question, cheapest, days_needed, dispersion, power

PLAIN = {"dispersion": 1.0, "alpha": 0.1, "power": 0.8}


def question(rate, low, high, **changed):
    return Question(rate=rate, low=low, high=high, **(PLAIN | changed))


@pytest.mark.parametrize(
    ("rate", "low", "high", "held_out", "days", "alpha", "expected"),
    [
        (200.0, 10.0, 30.0, 0.1, 28, 0.1, 0.7429767068283494),
        (50.0, 2.0, 20.0, 0.2, 14, 0.05, 0.972086212331261),
        (1000.0, 0.0, 25.0, 0.3, 42, 0.1, 0.7590103150555428),
    ],
)
def test_power_is_that_of_statsmodels(rate, low, high, held_out, days, alpha, expected):
    """power_poisson_diff_2indep(rate - low, rate, nobs1=h * d, nobs_ratio=(1 - h) / h, alpha=alpha, value=-high, method_var="alt")."""
    assert power(question(rate, low, high, alpha=alpha), np.array(held_out), days) == pytest.approx(expected, rel=1e-12)


def test_the_days_needed_are_those_of_the_formula_by_hand():
    asked = question(100.0, 10.0, 20.0)
    # variance of a day: 100 / 0.5 + 90 / 0.5 = 380; (1.644854 + 0.841621) ** 2 / 10 ** 2 = 0.0618256
    assert days_needed(asked, 0.5) == pytest.approx(380 * 0.0618256, rel=1e-5)
    assert power(asked, np.array(0.5), days_needed(asked, 0.5)) == pytest.approx(0.8, abs=1e-4)


def test_twice_the_dispersion_takes_twice_the_days():
    assert days_needed(question(100.0, 10.0, 20.0, dispersion=2.0), 0.3) == pytest.approx(2 * days_needed(question(100.0, 10.0, 20.0), 0.3))


def test_experiments_that_are_drawn_find_the_difference_as_often_as_foretold():
    asked, held_out, days, rng = question(200.0, 10.0, 30.0), 0.2, 14, np.random.default_rng(5)
    treated = rng.poisson((1 - held_out) * 200 * days, 20_000) / ((1 - held_out) * days)
    without = rng.poisson(held_out * 190 * days, 20_000) / (held_out * days)
    error = np.sqrt(treated / ((1 - held_out) * days) + without / (held_out * days))
    refused = np.abs(treated - without - 30) > norm.ppf(0.95) * error
    assert refused.mean() == pytest.approx(float(power(asked, np.array(held_out), days)), abs=0.02)


def test_the_cheapest_has_the_fewest_days_without_the_channel_or_a_tenth_more_and_is_shorter():
    asked = question(200.0, 10.0, 40.0)
    found = cheapest(asked, 56)
    assert found.power >= 0.8
    assert power(asked, np.array(found.held_out - 0.01), found.days) < 0.8
    assert found.foregone == pytest.approx(40 * found.held_out * found.days)
    shares = {days: min(h for h in np.arange(1, 51) / 100 if power(asked, np.array(h), days) >= 0.8) for days in (14, 28, 42, 56)}
    least = min(share * days for days, share in shares.items())
    assert found.days == min(days for days, share in shares.items() if share * days <= 1.1 * least)


def test_so_many_are_held_out_that_ten_conversions_are_counted_among_them():
    asked = question(5.0, 0.0, 4.9)
    found = cheapest(asked, 56)
    assert power(asked, np.array(0.11), 14) > 0.8
    assert (found.held_out, found.days) == (0.15, 14)
    assert 5.0 * 0.14 * 14 < 10 < 5.0 * found.held_out * found.days


def test_a_difference_that_is_too_small_for_the_days_has_no_experiment():
    assert cheapest(question(20.0, 1.0, 1.1), 56) is None
    assert cheapest(question(200.0, 10.0, 40.0), 13) is None


def test_conversions_of_independent_users_have_a_dispersion_near_one_and_repeated_ones_more():
    rng = np.random.default_rng(1)
    assert dispersion(rng.poisson(500.0, 64).astype(float)) < 1.6
    assert 2 < dispersion(4.0 * rng.poisson(125.0, 64)) < 7
    assert dispersion(np.full(64, 3.0)) == 1.0
    assert dispersion(np.zeros(64)) is None
