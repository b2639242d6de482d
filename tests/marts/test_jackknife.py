"""Standard errors equal those of leaving out each group by hand, and the textbook's where there is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import t

from mta_assets.marts.jackknife import quantile, standard_error, without_each

AMOUNTS = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 9)), elements=st.floats(0, 1e6))


@settings(deadline=None)
@given(AMOUNTS)
def test_the_error_of_a_total_is_that_of_a_sum_of_so_many_independent_amounts(amounts):
    groups = amounts.shape[1]
    textbook = np.sqrt(groups) * amounts.std(axis=1, ddof=1)
    assert standard_error(without_each(amounts)) == pytest.approx(textbook, rel=1e-6, abs=1e-6 * max(1, amounts.max()))


@settings(deadline=None)
@given(AMOUNTS)
def test_totals_without_a_group_are_scaled_up_so_that_their_mean_is_the_total(amounts):
    assert without_each(amounts).mean(axis=1) == pytest.approx(amounts.sum(axis=1))


def test_a_group_without_which_nothing_is_left_does_not_count():
    assert standard_error(np.array([1.0, 3.0, np.nan])) == standard_error(np.array([1.0, 3.0])) == 1
    assert standard_error(np.array([np.nan, np.nan])) == 0


def test_a_band_of_few_groups_is_wider_than_one_of_many():
    assert quantile(0.9, 16) > quantile(0.9, 64) > 1.645
    assert quantile(0.9, 64) == pytest.approx(t.ppf(0.95, 63))
