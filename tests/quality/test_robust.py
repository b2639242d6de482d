"""A day is as far off as it is, whatever else is in the history."""

import numpy as np
import pytest

from mta_assets.quality.robust import as_count, as_share, bound, counts, departure, median, shares

DAYS = 64


def weekly(rng, mean=400.0):
    """(DAYS, 1) counts with a rhythm of the week."""
    rhythm = np.array([1.0, 1.0, 1.1, 1.1, 1.0, 0.6, 0.7])[np.arange(DAYS) % 7]
    return rng.poisson(mean * rhythm)[:, None].astype(float)


def scored(amount, **more):
    return departure(counts(amount), len(amount) - 1, history_days=56, **more)


def test_counts_of_a_steady_rhythm_are_as_usual_and_double_or_nothing_is_not():
    rng = np.random.default_rng(1)
    amount = weekly(rng)
    limit = bound(scored(amount).freedoms, alarms_per_year=1, subjects=1)[0]
    assert abs(scored(amount).score[0]) < limit
    for factor in (2.0, 0.0):
        broken = amount.copy()
        broken[-1] *= factor
        assert abs(scored(broken).score[0]) > limit


def test_one_wild_day_in_the_history_moves_nothing():
    amount = weekly(np.random.default_rng(2))
    wild = amount.copy()
    wild[-15] = 1e6
    assert scored(wild).score[0] == pytest.approx(scored(amount).score[0], abs=0.5)


def test_the_spread_is_never_below_that_of_sampling():
    same = np.full((DAYS, 1), 9.0)
    same[-1] = 15
    assert scored(same).score[0] < 2  # 15 of 9 is no wonder, though the history never moved


def test_what_the_weekend_does_is_no_surprise_on_a_weekend():
    amount = weekly(np.random.default_rng(3), mean=40_000)[: DAYS - 1]
    assert (DAYS - 2) % 7 == 6
    assert abs(scored(amount).score[0]) < 4
    assert scored(amount, weekly=False).score[0] < -4 or abs(amount[-1] - np.median(amount)) > 5_000


def test_too_short_a_history_says_nothing():
    assert np.isnan(scored(weekly(np.random.default_rng(4))[:20]).score[0])
    assert not np.isnan(scored(weekly(np.random.default_rng(4))[:22]).score[0])
    assert np.isnan(scored(np.full((DAYS, 1), np.nan)).score[0])


def test_fewer_alarms_and_more_subjects_need_more():
    freedoms = np.array([10.0])
    usual = bound(freedoms, alarms_per_year=1, subjects=1)
    assert bound(freedoms, alarms_per_year=0.1, subjects=1) > usual
    assert bound(freedoms, alarms_per_year=1, subjects=100) > usual


@pytest.mark.parametrize(("freedoms", "exact"), [(8.0, 6.785), (16.0, 4.967), (1e6, 3.808)])  # scipy.special.stdtrit(freedoms, 1 - 7e-5)
def test_the_bound_is_a_quantile_of_students_t(freedoms, exact):
    found = bound(np.array([freedoms]), alarms_per_year=365 * 2 * 7e-5, subjects=1)[0]
    assert found == pytest.approx(exact, rel=0.06)


def test_levels_lead_back_to_counts_and_shares():
    assert as_count(counts(np.array([0.0, 7.0, 400.0])).level) == pytest.approx([0, 7, 400])
    measured = shares(np.array([250.0]), np.array([1_000.0]))
    assert as_share(measured.level)[0] == pytest.approx(0.25, abs=1e-3)
    assert np.isnan(shares(np.array([0.0]), np.array([0.0])).level[0])


def test_the_median_passes_over_what_is_not_known():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [2.0, np.nan]])
    assert median(values)[0] == 2.0
    assert np.isnan(median(values)[1])


def test_good_counts_raise_no_more_alarms_than_asked_for():
    rng = np.random.default_rng(5)
    subjects, days = 20, 400
    rhythm = np.array([1.0, 1.0, 1.1, 1.1, 1.0, 0.6, 0.7])[np.arange(days) % 7]
    amount = rng.poisson(np.geomspace(2, 5_000, subjects) * rhythm[:, None]).astype(float)
    measured, alarms = counts(amount), 0
    for day in range(60, days):
        found = departure(measured, day, history_days=56)
        alarms += bool((np.abs(found.score) > bound(found.freedoms, alarms_per_year=1, subjects=subjects)).any())
    assert alarms <= 3
