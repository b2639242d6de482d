"""Refitting without each group: what is learned is that of the other users, for every learned model."""

from dataclasses import replace

import numpy as np
import pytest

from mta_assets.contracts.arrays import HISTORIES, Statistics
from mta_assets.contracts.tables import BUCKETS
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.base import LearnedModel
from mta_assets.models.refits import FEWER_GROUPS, MANY_STEPS, MOST_STEPS, fitting_needs, groups_for, refit
from mta_assets.models.registry import MODELS

LEARNED = {name: model for name, model in MODELS.items() if isinstance(model, LearnedModel) and HISTORIES not in model.needs}


@pytest.mark.parametrize("name", LEARNED)
def test_a_refit_is_a_fit_to_the_others_in_the_order_of_the_whole(name):
    model = LEARNED[name]
    touches = model.example.touches()
    whole = model.fit(statistics_of(touches, model.needs))
    parts = [touches.take(np.arange(len(touches)) != left_out) for left_out in range(len(touches))]
    found = refit(model, whole, [statistics_of(part, fitting_needs(model)) for part in parts])
    assert found.share.shape == (len(whole.units), len(touches))
    for group, part in enumerate(parts):
        fit = model.fit(statistics_of(part, model.needs))
        of_unit = dict(zip(fit.units, zip(fit.effect, fit.share, fit.value_share, strict=True), strict=True))
        for row, unit in enumerate(whole.units):
            refitted = (found.effect[row, group], found.share[row, group], found.value_share[row, group])
            assert refitted == pytest.approx(of_unit.get(unit, (0, 0, 0)))


def test_what_looks_at_events_is_not_fitted_again():
    assert fitting_needs(MODELS["incremental"]) == ()
    assert groups_for(statistics(1), MODELS["incremental"]) == 0


def statistics(steps, order=1):
    """A chain of so many steps; only their number counts here."""
    found = statistics_of(MODELS["markov_1"].example.touches(), [f"transitions_{order}"])
    chain = replace(found.transitions[order], count=np.ones(steps))
    return Statistics(units=found.units, conversions=1, value=1, transitions={order: chain})


def test_the_dearer_a_fit_the_fewer_groups_are_left_out_and_of_too_dear_a_one_none():
    model = MODELS["markov_1"]
    sizes = (MANY_STEPS, MANY_STEPS + 1, MOST_STEPS, MOST_STEPS + 1)
    assert [groups_for(statistics(steps), model) for steps in sizes] == [BUCKETS, FEWER_GROUPS, FEWER_GROUPS, 0]
    assert groups_for(statistics(MOST_STEPS + 1), MODELS["shapley"]) == BUCKETS
    assert [groups_for(statistics(steps, 2), MODELS["markov_2"]) for steps in (9, MOST_STEPS + 1)] == [FEWER_GROUPS, 0]
