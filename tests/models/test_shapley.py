"""Shapley attribution against the game enumerated in fractions, and credit that follows each journey."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings

from mta_assets.errors import UnavailableError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.shapley import Shapley, position_matrix
from tests.models.learned_cases import Row, journeys, statistics, touches_of


def shapley_values(players, worth):
    """By definition: each player's mean gain over all orders in which the players may arrive."""
    gains = dict.fromkeys(players, Fraction(0))
    orders = list(permutations(players))
    for order in orders:
        for i, player in enumerate(order):
            gains[player] += worth(set(order[: i + 1])) - worth(set(order[:i]))
    return {player: gain / len(orders) for player, gain in gains.items()}


@settings(max_examples=40, deadline=None)
@given(rows=journeys())
def test_credit_equals_the_enumerated_game(rows):
    fit = Shapley().fit(statistics(rows))
    for measure, effect in (("conversions", fit.effect), ("value", fit.value_effect)):
        exact = shapley_values(fit.units, lambda chosen, m=measure: sum(getattr(row, m) for row in rows if set(row.path) <= chosen))
        assert effect == pytest.approx([float(exact[unit]) for unit in fit.units], rel=1e-13)
    assert fit.conversions == pytest.approx(fit.effect, rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(rows=journeys())
def test_the_credit_of_single_journeys_adds_up_to_that_of_the_window(rows):
    touches, fit = touches_of(rows), Shapley().fit(statistics(rows))
    weight = Shapley().allocate(touches, fit).weight
    for amount, credit in ((touches.conversions, fit.conversions), (touches.value, fit.value)):
        assert np.bincount(touches.unit, weight * np.repeat(amount, touches.length)) == pytest.approx(credit, rel=1e-12)
    assert np.bincount(touches.journey, weight) == pytest.approx(np.ones(len(rows)), rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(rows=journeys())
def test_the_position_matrix_splits_the_same_credit(rows):
    told = statistics(rows)
    fit, cells = Shapley().fit(told), position_matrix(told)
    assert np.bincount(cells.unit, cells.conversions, len(fit.units)) == pytest.approx(fit.effect, rel=1e-12)
    assert np.bincount(cells.unit, cells.value, len(fit.units)) == pytest.approx(fit.value_effect, rel=1e-12)


def test_the_worked_example_of_the_documentation():
    example = Shapley().example
    fit = Shapley().fit(statistics_of(example.touches(), Shapley().needs))
    assert dict(zip(fit.units, fit.effect, strict=True)) == dict(example.effects)
    assert dict(zip(fit.units, fit.conversions, strict=True)) == dict(example.credit)


def test_a_thousand_channels_are_no_limit():
    rows = [Row(tuple(f"c{j}" for j in range(i, i + 4)), 1, 0, 8) for i in range(997)]
    fit = Shapley().fit(statistics(rows, ("coalitions",)))
    assert fit.conversions.sum() == pytest.approx(997, rel=1e-13)
    assert fit.effect[list(fit.units).index("c500")] == 1.0


def test_a_window_without_conversions_teaches_nothing_and_raises_nothing():
    fit = Shapley().fit(statistics([Row(("A", "B"), 0, 4)]))
    assert not np.concatenate([fit.effect, fit.share, fit.value_share, fit.conversions, fit.value]).any()
    assert Shapley().fit(statistics([])).units == ()


def test_statistics_without_what_it_needs_are_named():
    told = statistics([Row(("A",), 1)], ("paths",))
    with pytest.raises(UnavailableError, match="coalitions"):
        Shapley().fit(told)
    with pytest.raises(UnavailableError, match="positions"):
        position_matrix(told)
