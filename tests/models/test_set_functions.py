"""Transforms of set functions against sums over subsets written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mta_assets.models.set_functions import completion, dividends, shapley_values, subset_sums

games = st.integers(0, 5).flatmap(lambda n: arrays(np.float64, 1 << n, elements=st.integers(-100, 100).map(float)))


@given(amount=games)
def test_subset_sums_add_up_every_subset(amount):
    assert subset_sums(amount).tolist() == [sum(amount[t] for t in range(len(amount)) if t & s == t) for s in range(len(amount))]


@given(worth=games)
def test_dividends_undo_subset_sums(worth):
    assert subset_sums(dividends(worth)).tolist() == worth.tolist()


@given(worth=games)
def test_shapley_values_share_out_what_all_players_gain(worth):
    assert shapley_values(worth).sum() == pytest.approx(worth[-1] - worth[0], abs=1e-10)


def test_the_glove_game_has_its_known_values():
    """One left glove and two right ones; a pair is worth 1. Shapley values 2/3, 1/6, 1/6."""
    worth = np.array([0.0, 0, 0, 1, 0, 1, 0, 1])
    assert shapley_values(worth) == pytest.approx([2 / 3, 1 / 6, 1 / 6], rel=1e-15)


def test_several_games_at_once_are_valued_one_by_one():
    two = np.random.default_rng(1).random((16, 2))
    for game in (0, 1):
        assert shapley_values(two)[:, game] == pytest.approx(shapley_values(two[:, game]), rel=1e-13)


def test_a_set_is_complete_when_its_last_member_arrives():
    assert completion(np.array([2, 0, 1]), np.array([0, 1, 3, 6]), np.array([2, 0, 2, 0, 1, 2])).tolist() == [0, 1, 2]
