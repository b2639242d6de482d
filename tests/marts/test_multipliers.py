"""Estimates and experiments are put together by precision, and what experiments show of all channels is what the random-effects model says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mta_assets.marts.multipliers import COMMON_ERROR, SCATTER, combine

NUMBER = st.floats(1, 1_000)


def combined(estimate, error, effect, effect_error, scaled=None):
    """effect_error: None where there is no experiment."""
    precision = np.array([0.0 if each is None else 1 / each**2 for each in effect_error])
    everywhere = np.ones(len(estimate), dtype=np.bool_) if scaled is None else np.array(scaled)
    return combine(np.array(estimate, dtype=float), np.array(error, dtype=float), np.array(effect, dtype=float), precision, everywhere)


def test_without_the_common_multiplier_it_is_the_mean_weighted_by_inverse_variance():
    # An estimate of 0 has no scatter of its own: 0 +- 30 and 40 +- 60 are (0/900 + 40/3600) / (1/900 + 1/3600) = 8, +- sqrt(1 / (1/900 + 1/3600)) = 26.83.
    found = combined([0.0], [30.0], [40.0], [60.0], scaled=[False])
    assert found.expected == pytest.approx([8.0])
    assert found.standard_error == pytest.approx([np.sqrt(720.0)])
    assert found.quantile(0.95) == pytest.approx([8 + 1.6448536 * np.sqrt(720.0)])


def test_one_experiment_gives_what_integrating_the_model_by_brute_force_gives():
    """The reference adds up the joint density of scatter and common multiplier over a fine grid, without any of the closed forms."""
    estimate, error, effect, effect_error = 100.0, 10.0, 40.0, 20.0
    multiplier, scatter = np.meshgrid(np.linspace(-6, 8, 1_401), (np.arange(1_000) + 0.5) * 4 * SCATTER / 1_000)
    own = (scatter * estimate) ** 2 + error**2
    density = stats.norm.pdf(effect, multiplier * estimate, np.sqrt(own + effect_error**2))
    density *= stats.norm.pdf(multiplier, 1, COMMON_ERROR) * stats.halfnorm.pdf(scatter, scale=SCATTER)

    def mean_of(amount):
        return (amount * density).sum() / density.sum()

    tested = (effect * own + multiplier * estimate * effect_error**2) / (own + effect_error**2)

    found = combined([estimate, 50.0], [error, 5.0], [effect, 0.0], [effect_error, None])
    assert found.expected[0] == pytest.approx(mean_of(tested), rel=1e-4)
    assert found.expected[1] == pytest.approx(50 * mean_of(multiplier), rel=1e-4)
    second = mean_of((50 * multiplier) ** 2 + (scatter * 50) ** 2 + 25)
    assert found.standard_error[1] == pytest.approx(np.sqrt(second - found.expected[1] ** 2), rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(estimate=NUMBER, effect=st.floats(-1_000, 1_000), error=NUMBER, effect_error=NUMBER)
def test_of_one_tested_channel_the_result_lies_between_estimate_and_experiment(estimate, effect, error, effect_error):
    found = combined([estimate], [error], [effect], [effect_error]).expected[0]
    assert min(estimate, effect) - 1e-6 <= found <= max(estimate, effect) + 1e-6


@settings(max_examples=30, deadline=None)
@given(estimate=NUMBER, effect=st.floats(-1_000, 1_000), error=NUMBER, effect_error=NUMBER)
def test_a_more_precise_experiment_comes_nearer_to_what_it_measured(estimate, effect, error, effect_error):
    near, nearer = (abs(combined([estimate], [error], [effect], [each]).expected[0] - effect) for each in (effect_error, effect_error / 2))
    assert nearer <= near + 1e-6


@settings(max_examples=30, deadline=None)
@given(estimate=st.lists(NUMBER, min_size=3, max_size=3), effect=st.lists(st.floats(-1_000, 1_000), min_size=3, max_size=3))
def test_the_truth_lies_between_the_quantiles_and_they_are_in_order(estimate, effect):
    found = combined(estimate, [20.0] * 3, effect, [50.0, 10.0, None])
    low, middle, high = (found.quantile(share) for share in (0.05, 0.5, 0.95))
    assert (low < middle).all()
    assert (middle < high).all()
    assert (low < found.expected).all()
    assert (found.expected < high).all()


def test_a_perfect_experiment_is_believed_and_one_without_information_changes_nothing():
    exact = combined([100.0, 100.0], [10.0, 10.0], [40.0, 0.0], [1e-3, None])
    assert exact.expected[0] == pytest.approx(40.0, abs=1e-3)
    assert exact.expected[1] < 60  # the multiplier of the other channel follows, but not all the way
    vague = combined([100.0, 100.0], [10.0, 10.0], [40.0, 0.0], [1e6, None])
    assert vague.expected == pytest.approx([100.0, 100.0], rel=1e-6)


def test_experiments_that_disagree_leave_untested_channels_less_certain():
    agree = combined([100.0] * 3, [5.0] * 3, [50.0, 50.0, 0.0], [5.0, 5.0, None])
    disagree = combined([100.0] * 3, [5.0] * 3, [10.0, 90.0, 0.0], [5.0, 5.0, None])
    assert disagree.standard_error[2] > 1.5 * agree.standard_error[2]


def test_every_further_experiment_that_agrees_makes_the_untested_more_certain():
    errors = [combined([100.0] * 6, [5.0] * 6, [50.0] * 6, [5.0] * count + [None] * (6 - count)).standard_error[5] for count in range(1, 6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 2


def test_the_multiplier_follows_the_channel_when_channels_change_places():
    one = combined([100.0, 300.0, 50.0], [5.0, 9.0, 4.0], [60.0, 100.0, 0.0], [9.0, 30.0, None])
    other = combined([50.0, 300.0, 100.0], [4.0, 9.0, 5.0], [0.0, 100.0, 60.0], [None, 30.0, 9.0])
    assert other.expected[::-1] == pytest.approx(one.expected, rel=1e-12)
    assert other.quantile(0.95)[::-1] == pytest.approx(one.quantile(0.95), rel=1e-9)
