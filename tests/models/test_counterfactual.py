"""Fractribution against its rule written out in fractions; credit that follows each path; what shrinkage changes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.errors import ModelError, UnavailableError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.counterfactual import Counterfactual
from tests.models.learned_cases import Row, journeys, statistics, touches_of


def rate(rows, path, prior):
    """The path's conversion rate, shrunken towards the overall one; of a path without journeys and without a prior, 0."""
    overall = Fraction(sum(row.conversions for row in rows), sum(row.conversions + row.nulls for row in rows))
    same = [row for row in rows if row.path == path]
    seen = sum(row.conversions + row.nulls for row in same) + prior
    return (sum(row.conversions for row in same) + prior * overall) / seen if seen else Fraction(0)


def weights(rows, path, prior):
    if len(path) == 1:
        return [Fraction(1)]
    gains = [max(rate(rows, path, prior) - rate(rows, path[:i] + path[i + 1 :], prior), Fraction(0)) for i in range(len(path))]
    total = sum(gains)
    return [gain / total for gain in gains] if total else [Fraction(int(i == len(path) - 1)) for i in range(len(path))]


def credit(rows, prior, measure):
    earned = {unit: Fraction(0) for row in rows for unit in sorted(row.path)}
    for row in rows:
        if row.conversions:
            for unit, weight in zip(row.path, weights(rows, row.path, prior), strict=True):
                earned[unit] += weight * getattr(row, measure)
    return [float(earned[unit]) for unit in sorted(earned)]


@settings(max_examples=80, deadline=None)
@given(rows=journeys(channels="AB", longest=4), prior=st.sampled_from([0, 1, 7]))
def test_credit_equals_the_rule_written_out(rows, prior):
    fit = Counterfactual(prior_strength=prior).fit(statistics(rows))
    assert fit.conversions == pytest.approx(credit(rows, prior, "conversions"), rel=1e-9, abs=1e-9)
    assert fit.value == pytest.approx(credit(rows, prior, "value"), rel=1e-9, abs=1e-9)
    assert fit.conversions.sum() == pytest.approx(sum(row.conversions for row in rows), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(rows=journeys(), prior=st.sampled_from([0, 100]))
def test_the_credit_of_single_journeys_adds_up_to_that_of_the_window(rows, prior):
    model, touches = Counterfactual(prior_strength=prior), touches_of(rows)
    fit = model.fit(statistics(rows))
    weight = model.allocate(touches, fit).weight
    for amount, total in ((touches.conversions, fit.conversions), (touches.value, fit.value)):
        assert np.bincount(touches.unit, weight * np.repeat(amount, touches.length)) == pytest.approx(total, rel=1e-9, abs=1e-12)
    assert np.bincount(touches.journey, weight) == pytest.approx(np.ones(len(rows)), rel=1e-12)


@pytest.mark.parametrize(("prior", "expected"), [(0, [1 / 3, 1 / 3, 1 / 3]), (1, [3 / 7, 2 / 7, 2 / 7]), (100, [3 / 7, 2 / 7, 2 / 7])])
def test_the_worked_example_with_and_without_shrinkage(prior, expected):
    model = Counterfactual(prior_strength=prior)
    fit = model.fit(statistics_of(model.example.touches(), model.needs))
    assert fit.conversions == pytest.approx(expected, rel=1e-12)
    assert fit.note == ""


def test_the_worked_example_of_the_documentation():
    example = Counterfactual().example
    fit = Counterfactual().fit(statistics_of(example.touches(), Counterfactual().needs))
    assert dict(zip(fit.units, fit.effect, strict=True)) == pytest.approx(dict(example.effects), rel=1e-12)
    assert dict(zip(fit.units, fit.conversions, strict=True)) == pytest.approx(dict(example.credit), rel=1e-12)


@pytest.mark.parametrize("prior", [0, 100])
def test_where_no_touch_adds_anything_the_last_one_earns_all(prior):
    rows = [Row(("A", "B"), 1, 99, 5), Row(("A",), 500, 500, 900), Row(("B",), 500, 500, 900)]
    fit = Counterfactual(prior_strength=prior).fit(statistics(rows))
    assert fit.conversions == pytest.approx([500.0, 501.0], rel=1e-14)
    assert fit.note.startswith("0.1% of the conversions")
    assert fit.paths is not None
    assert sorted(fit.paths.weight.tolist()) == [0.0, 1.0, 1.0, 1.0]


def test_equal_rates_are_no_gain_however_they_round():
    """All paths convert at 1/9: nothing adds anything, so the last touch earns all."""
    rows = [Row(("A", "B", "C"), 1, 8), Row(("A", "B"), 3, 24), Row(("B", "C"), 7, 56)]
    for prior in (0, 0.1, 1, 100, 1e6 / 3):
        paths = Counterfactual(prior_strength=prior).fit(statistics([*rows, Row(("A", "C"), 11, 88)])).paths
        assert paths is not None
        assert paths.weight[np.repeat(np.diff(paths.offsets), np.diff(paths.offsets)) == 3].tolist() == [0.0, 0.0, 1.0]


def test_a_touch_that_takes_away_shows_a_negative_effect_and_earns_nothing():
    rows = [Row(("A",), 500, 500), Row(("A", "B"), 10, 990), Row(("B",), 1, 999)]
    fit = Counterfactual().fit(statistics(rows))
    assert fit.effect[1] < 0
    assert fit.conversions == pytest.approx([510.0, 1.0])


def test_a_path_that_never_converted_before_is_shared_equally():
    fit = Counterfactual().fit(statistics([Row(("A", "B"), 1, 1, 4), Row(("B",), 0, 9)]))
    new = touches_of([Row(("A", "B", "A", "B"), 1), Row(("B",), 1)])
    assert Counterfactual().allocate(new, fit).weight.tolist() == [0.25, 0.25, 0.25, 0.25, 1.0]


def test_weights_are_found_when_the_journeys_know_more_channels_than_the_fit():
    fit = Counterfactual(prior_strength=0).fit(statistics([Row(("B", "C"), 3, 1, 4), Row(("C",), 1, 3), Row(("B",), 0, 1)]))
    new = touches_of([Row(("A",), 1), Row(("B", "C"), 1)])
    assert Counterfactual().allocate(new, fit).weight == pytest.approx([1.0, 0.5 / 1.25, 0.75 / 1.25])


def test_the_same_path_in_two_rows_counts_as_one():
    whole = Counterfactual().fit(statistics([Row(("A", "B"), 3, 5, 9), Row(("B",), 1, 8, 2)]))
    split = [Row(("A", "B"), 1, 5, 4), Row(("B",), 1, 8, 2), Row(("A", "B"), 2, 0, 5)]
    assert np.array_equal(Counterfactual().fit(statistics(split)).conversions, whole.conversions)


def test_a_window_without_conversions_teaches_nothing_and_raises_nothing():
    fit = Counterfactual().fit(statistics([Row(("A", "B"), 0, 4)]))
    assert not np.concatenate([fit.effect, fit.share, fit.value_share, fit.conversions, fit.value]).any()
    assert Counterfactual().fit(statistics([])).units == ()
    assert Counterfactual().allocate(touches_of([Row(("A", "B"), 1)]), fit).weight.tolist() == [0.5, 0.5]


def test_statistics_without_paths_are_named():
    with pytest.raises(UnavailableError, match="paths"):
        Counterfactual().fit(statistics([Row(("A",), 1)], ("coalitions",)))


@pytest.mark.parametrize("strength", [-1, float("nan"), float("inf"), "100", True])
def test_a_prior_that_is_no_number_of_journeys_is_refused(strength):
    with pytest.raises(ModelError, match="must be a finite number of journeys >= 0"):
        Counterfactual(prior_strength=strength)
