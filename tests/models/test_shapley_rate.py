"""The game of conversion rates enumerated in fractions, its sampled form, and its laws."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.errors import ModelError, UnavailableError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models import shapley_rate
from mta_assets.models.shapley import Shapley
from mta_assets.models.shapley_rate import ShapleyRate
from tests.models.learned_cases import Row, journeys, statistics


def rate(rows, chosen, prior, measure):
    """Conversions (or value) per journey of those whose channels all lie within `chosen`."""
    within = [row for row in rows if set(row.path) <= chosen]
    seen = sum(row.conversions + row.nulls for row in within) + prior
    return Fraction(sum(getattr(row, measure) for row in within)) / seen if seen else Fraction(0)


def values_by_orders(rows, prior, measure):
    players = sorted({unit for row in rows for unit in row.path})
    gains = dict.fromkeys(players, Fraction(0))
    orders = list(permutations(players))
    for order in orders:
        for i, player in enumerate(order):
            gains[player] += rate(rows, set(order[: i + 1]), prior, measure) - rate(rows, set(order[:i]), prior, measure)
    return [float(gain / len(orders)) for gain in gains.values()]


@settings(max_examples=40, deadline=None)
@given(rows=journeys(), prior=st.sampled_from([0, 1, 100]))
def test_effects_equal_the_enumerated_game(rows, prior):
    fit = ShapleyRate(prior_strength=prior).fit(statistics(rows))
    for measure, effect in (("conversions", fit.effect), ("value", fit.value_effect)):
        exact = values_by_orders(rows, prior, measure)
        assert effect == pytest.approx(exact, rel=1e-11, abs=1e-14 * sum(exact))
    assert fit.note == ""


@settings(max_examples=40, deadline=None)
@given(rows=journeys(), prior=st.sampled_from([0, 1, 100]))
def test_credit_is_conserved_and_never_negative(rows, prior):
    fit = ShapleyRate(prior_strength=prior).fit(statistics(rows))
    assert fit.conversions.sum() == pytest.approx(sum(row.conversions for row in rows), rel=1e-13)
    assert fit.value.sum() == pytest.approx(sum(row.value for row in rows), rel=1e-13)
    assert (fit.conversions >= 0).all()
    assert (fit.value >= 0).all()


def test_the_worked_example_of_the_documentation():
    example = ShapleyRate().example
    fit = ShapleyRate().fit(statistics_of(example.touches(), ShapleyRate().needs))
    assert dict(zip(fit.units, fit.effect, strict=True)) == pytest.approx(dict(example.effects), rel=1e-14)
    assert dict(zip(fit.units, fit.conversions, strict=True)) == pytest.approx(dict(example.credit), rel=1e-14)


def test_a_channel_that_lowers_the_rate_has_a_negative_effect_and_no_credit():
    fit = ShapleyRate().fit(statistics([Row(("A",), 500, 500, 500), Row(("A", "B"), 10, 9000, 10)]))
    assert fit.effect[1] < 0
    assert fit.conversions.tolist() == [510.0, 0.0]


def test_a_prior_that_outweighs_the_data_gives_the_shapley_value_of_conversions():
    told = statistics([Row(("A",), 3, 9, 5), Row(("A", "B"), 2, 1, 8), Row(("C",), 0, 40)])
    assert ShapleyRate(prior_strength=1e13).fit(told).conversions == pytest.approx(Shapley().fit(told).conversions, rel=1e-10, abs=1e-10)


def test_a_set_of_channels_seen_once_is_not_taken_at_its_word():
    told = statistics([Row(("A",), 100, 1900, 100), Row(("B",), 1, 0, 1)])
    assert ShapleyRate().fit(told).share[1] < 0.2
    assert ShapleyRate(prior_strength=0).fit(told).share[1] > 0.9


def test_sampled_values_lie_within_their_stated_error_of_the_exact_ones(monkeypatch):
    rng = np.random.default_rng(3)
    paths = [tuple(rng.choice(list("ABCDEFGHIJ"), rng.integers(1, 5))) for _ in range(300)]
    told = statistics([Row(path, int(rng.integers(0, 3)), int(rng.integers(0, 20))) for path in paths])
    exact = ShapleyRate().fit(told)
    monkeypatch.setattr(shapley_rate, "MOST_EXACT_UNITS", 9)
    sampled = ShapleyRate().fit(told)
    stated = float(sampled.note.split()[-1])
    off = np.abs(sampled.effect - exact.effect).max() / exact.effect.sum()
    assert 0 < off < 4 * stated < 0.04
    assert sampled.effect.sum() == pytest.approx(exact.effect.sum(), rel=1e-12)
    assert ShapleyRate().fit(told).effect.tolist() == sampled.effect.tolist()


def test_more_than_twenty_channels_are_sampled_and_the_note_says_so():
    rows = [Row((f"c{i:02d}", f"c{(i + 1) % 21:02d}"), 1 + i % 3, 9, 4) for i in range(21)]
    assert ShapleyRate().fit(statistics(rows[:19])).note == ""
    assert ShapleyRate().fit(statistics(rows)).note.startswith("21 units: values over 1,000 sampled orders (exact up to 20)")


def test_a_window_without_conversions_teaches_nothing_and_raises_nothing():
    fit = ShapleyRate().fit(statistics([Row(("A", "B"), 0, 4)]))
    assert not np.concatenate([fit.effect, fit.share, fit.value_share, fit.conversions, fit.value]).any()
    assert ShapleyRate().fit(statistics([])).units == ()


def test_statistics_without_coalitions_are_named():
    with pytest.raises(UnavailableError, match="coalitions"):
        ShapleyRate().fit(statistics([Row(("A",), 1)], ("paths",)))


@pytest.mark.parametrize("strength", [-1, float("nan"), float("inf"), "100", True])
def test_a_prior_that_is_no_number_of_journeys_is_refused(strength):
    with pytest.raises(ModelError, match="must be a finite number of journeys >= 0"):
        ShapleyRate(prior_strength=strength)
