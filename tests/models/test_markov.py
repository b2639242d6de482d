"""Markov attribution against a chain rebuilt in fractions without each channel, its laws, and what it refuses."""

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.errors import ModelError, UnavailableError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models import absorbing_chain, absorbing_flow, markov
from mta_assets.models.markov import Markov
from tests.models.learned_cases import Row, journeys, statistics, touches_of

START, CONVERSION, NULL = "start", "conversion", "null"


def windows(path, order):
    """The states of a path: windows of `order` touches, equal neighbours merged; a shorter path is one state."""
    states = [path] if len(path) < order else [path[i : i + order] for i in range(len(path) - order + 1)]
    return [state for i, state in enumerate(states) if i == 0 or state != states[i - 1]]


def solve(rows, right):
    """Gaussian elimination in fractions."""
    rows = [[*row, r] for row, r in zip(rows, right, strict=True)]
    n = len(rows)
    for i in range(n):
        pivot = next(j for j in range(i, n) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i and rows[j][i]:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[n] for row in rows]


def expected(rows, order, removed=None):
    """(conversion probability, expected value) of a walk in the chain in which every state that holds `removed` leads to null."""
    steps, worth, wins = defaultdict(Counter), Counter(), Counter()
    for row in rows:
        states = windows(row.path, order)
        for origin, target in zip([START, *states], states, strict=False):
            steps[origin][target] += row.conversions + row.nulls
        steps[states[-1]][CONVERSION] += row.conversions
        steps[states[-1]][NULL] += row.nulls
        worth[states[-1]] += row.value
        wins[states[-1]] += row.conversions
    names = list(steps)
    matrix = [[Fraction(int(a == b)) for b in names] for a in names]
    right = [[Fraction(0)] * len(names) for _ in range(2)]
    for i, origin in enumerate(names):
        total = sum(steps[origin].values())
        for target, count in steps[origin].items():
            gone = removed is not None and removed in origin
            if gone or not count or target == NULL:
                continue
            if target == CONVERSION:
                right[0][i] += Fraction(count, total)
                right[1][i] += Fraction(count, total) * Fraction(worth[origin], wins[origin])
            else:
                matrix[i][names.index(target)] -= Fraction(count, total)
    return [solve(matrix, side)[names.index(START)] for side in right]


@settings(max_examples=60, deadline=None)
@given(rows=journeys(channels="ABC", longest=5), order=st.sampled_from([1, 2, 3]))
def test_removal_effects_equal_those_of_chains_rebuilt_without_the_channel(rows, order):
    fit = Markov(order=order).fit(statistics(rows))
    conversion, value = expected(rows, order)
    assert conversion == Fraction(sum(row.conversions for row in rows), sum(row.conversions + row.nulls for row in rows))
    for i, unit in enumerate(fit.units):
        left_conversion, left_value = expected(rows, order, removed=unit)
        assert fit.effect[i] == pytest.approx(float(1 - left_conversion / conversion), rel=1e-12, abs=1e-15)
        assert fit.value_effect[i] == pytest.approx(float(1 - left_value / value), rel=1e-12, abs=1e-15)


def test_the_worked_example_of_the_documentation():
    example = Markov().example
    fit = Markov().fit(statistics_of(example.touches(), Markov().needs))
    assert dict(zip(fit.units, fit.effect, strict=True)) == pytest.approx(dict(example.effects), rel=1e-15)
    assert dict(zip(fit.units, fit.conversions, strict=True)) == pytest.approx(dict(example.credit), rel=1e-15)


@settings(max_examples=50, deadline=None)
@given(rows=journeys(), order=st.sampled_from([1, 2, 3]))
def test_the_walks_through_all_states_convert_as_often_as_the_journeys_did(rows, order):
    transitions = statistics(rows).transitions[order]
    everything = np.ones((len(transitions.states), 1), dtype=bool)
    used = np.ones(len(transitions.states), dtype=bool)
    dense = absorbing_chain.gains_through_groups(markov._dense(transitions, everything, used))
    sparse = absorbing_flow.gains_through_groups(markov._sparse(transitions, everything), 1000)
    told = [sum(row.conversions for row in rows), sum(row.value for row in rows)]
    assert dense[0] == pytest.approx(told, rel=1e-13)
    assert sparse[0] == pytest.approx(told, rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(rows=journeys(), order=st.sampled_from([1, 2, 3]))
def test_following_the_walks_gives_what_the_dense_algebra_gives(rows, order):
    transitions = statistics(rows).transitions[order]
    groups = (transitions.states[:, :, None] == np.arange(4)).any(axis=1)
    used = np.ones(len(transitions.states), dtype=bool)
    dense = absorbing_chain.gains_through_groups(markov._dense(transitions, groups, used))
    assert absorbing_flow.gains_through_groups(markov._sparse(transitions, groups), 1000) == pytest.approx(dense, rel=1e-11, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(rows=journeys(), times=st.integers(2, 3))
def test_repeated_touches_do_not_change_first_order_effects(rows, times):
    repeated = [Row(tuple(unit for unit in row.path for _ in range(times)), row.conversions, row.nulls, row.value) for row in rows]
    assert Markov().fit(statistics(repeated)).effect == pytest.approx(Markov().fit(statistics(rows)).effect, rel=1e-13)


@settings(max_examples=50, deadline=None)
@given(rows=journeys(), order=st.sampled_from([1, 2, 3]))
def test_credit_is_conserved_and_effects_lie_between_0_and_1(rows, order):
    fit = Markov(order=order).fit(statistics(rows))
    assert fit.conversions.sum() == pytest.approx(sum(row.conversions for row in rows), rel=1e-13)
    assert fit.value.sum() == pytest.approx(sum(row.value for row in rows), rel=1e-13)
    assert ((fit.effect >= 0) & (fit.effect <= 1 + 1e-13)).all()


def test_effects_keep_their_digits_when_a_journey_in_ten_thousand_millions_ends():
    """Walks go round A and B 1e10 times for each that ends; in fractions the answer has every digit, in a plain solve six are lost."""
    rare = 10**10
    moves = np.array([[0.0, rare, 1], [rare, 0, 2], [0, 0, 0]])
    exits, gains, enters = np.array([1.0, 0, 3]), np.array([[0.5], [0], [1.5]]), np.array([3.0, 1, 0])
    chain = absorbing_chain.Chain(enters=enters, moves=moves, exits=exits, gains=gains, groups=np.eye(3, dtype=bool))
    names = range(3)
    laplacian = [[Fraction(int(moves[i].sum() + exits[i])) if i == j else -Fraction(int(moves[i, j])) for j in names] for i in names]
    whole = solve(laplacian, [Fraction(1, 2), Fraction(0), Fraction(3, 2)])
    for state, through in zip(names, absorbing_chain.gains_through_groups(chain)[:, 0], strict=True):
        others = [i for i in names if i != state]
        into = [Fraction(int(moves[i, state])) for i in others]
        hit = solve([[laplacian[i][j] for j in others] for i in others], into)
        exact = (Fraction(int(enters[state])) + sum(int(enters[i]) * h for i, h in zip(others, hit, strict=True))) * whole[state]
        assert through == pytest.approx(float(exact), rel=4e-16)


@pytest.mark.parametrize("order", [2, 3])
def test_more_units_than_an_order_can_take_are_refused_with_the_setting_to_change(order):
    most = markov.MOST_UNITS[order]
    rows = [Row((f"c{i}",), 1, 1, 1) for i in range(most + 1)]
    needs = (f"transitions_{order}",)
    assert Markov(order=order).fit(statistics(rows[:-1], needs)).conversions == pytest.approx(np.ones(most))
    with pytest.raises(ModelError, match=rf"up to {most} .* here are {most + 1}\. Set a lower 'order'"):
        Markov(order=order).fit(statistics(rows, needs))


@pytest.mark.parametrize("order", [2, 3])
def test_walks_that_hardly_ever_end_are_left_to_dense_algebra(order):
    rows = [Row(("A", "B", "C") * 2000, 1, 1, 1), Row(("A",), 1, 0, 3)]
    fit = Markov(order=order).fit(statistics(rows))
    assert fit.effect == pytest.approx([1.0, 0.5, 0.5], rel=1e-14)
    assert fit.value_effect == pytest.approx([1.0, 0.25, 0.25], rel=1e-14)


def test_walks_that_hardly_ever_end_in_too_many_states_are_refused_with_the_settings_to_change(monkeypatch):
    monkeypatch.setattr(markov, "MOST_DENSE_STATES", dict.fromkeys([1, 2, 3], 1))
    monkeypatch.setattr(markov, "MOST_STEPS", 50)
    with pytest.raises(ModelError, match=r"2 states.*more than 50 steps.*'lookback_days'"):
        Markov().fit(statistics([Row(("A", "B") * 500, 1, 1, 1)]))


def test_first_order_takes_thousands_of_campaigns_in_either_way(monkeypatch):
    rng = np.random.default_rng(7)
    units = [f"campaign {i}" for i in range(400)]
    rows = [Row(tuple(rng.choice(units, rng.integers(1, 7))), int(rng.random() < 0.2), 1, int(rng.integers(0, 9))) for _ in range(3000)]
    rows = [Row(r.path, r.conversions, r.nulls, r.value * r.conversions) for r in rows]
    told = statistics(rows, ("transitions_1",))
    dense = Markov().fit(told)
    monkeypatch.setattr(markov, "MOST_DENSE_STATES", {1: 399})
    followed = Markov().fit(told)
    assert followed.effect == pytest.approx(dense.effect, rel=1e-11, abs=1e-16)
    assert followed.value_effect == pytest.approx(dense.value_effect, rel=1e-11, abs=1e-16)


def test_a_channel_that_the_window_never_saw_has_no_effect():
    touches = touches_of([Row(("A",), 1, 1, 5)]).over(("A", "B"))
    fit = Markov().fit(statistics_of(touches, ("transitions_1",)))
    assert fit.effect.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_window_without_conversions_teaches_nothing_and_raises_nothing(order):
    fit = Markov(order=order).fit(statistics([Row(("A", "B"), 0, 4)]))
    assert not np.concatenate([fit.effect, fit.value_effect, fit.share, fit.value_share, fit.conversions, fit.value]).any()
    assert Markov(order=order).fit(statistics([])).units == ()


def test_conversions_without_a_price_share_their_value_as_they_share_themselves():
    fit = Markov().fit(statistics([Row(("A", "B"), 1, 1), Row(("B",), 1)]))
    assert fit.value_share.tolist() == fit.share.tolist()
    assert fit.value.tolist() == [0.0, 0.0]


def test_statistics_without_the_transitions_it_needs_are_named():
    with pytest.raises(UnavailableError, match="transitions_2"):
        Markov(order=2).fit(statistics([Row(("A",), 1)], ("coalitions",)))


@pytest.mark.parametrize("order", [0, 4, True, 1.5, "1"])
def test_an_order_that_is_not_offered_is_refused(order):
    with pytest.raises(ModelError, match="must be 1, 2 or 3"):
        Markov(order=order)
