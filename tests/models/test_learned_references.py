"""Learned models against independent implementations: committed tables, each with its generator beside it in `references/`."""

import json
from pathlib import Path

import numpy as np
import pytest

from mta_assets.models.counterfactual import Counterfactual
from mta_assets.models.markov import Markov
from mta_assets.models.shapley import Shapley
from tests.models.learned_cases import Row, statistics

REFERENCES = Path(__file__).parent / "references"


def table(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def sample():
    """The journeys that the packages were given."""
    rows = [Row(tuple(row["path"]), int(row["converted"]), int(not row["converted"]), 0) for row in table("learned_by_mam")["journeys"]]
    return statistics(rows)


def test_first_order_removal_effects_equal_those_of_marketing_attribution_models(sample):
    fit = Markov().fit(sample)
    assert dict(zip(fit.units, fit.effect, strict=True)) == pytest.approx(table("learned_by_mam")["removal_effects"], rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_removal_effects_of_every_order_equal_those_of_do_attribution(sample, order):
    fit = Markov(order=order).fit(sample)
    told = table("learned_by_do_attribution")["removal_effects"][str(order)]
    assert dict(zip(fit.units, fit.effect, strict=True)) == pytest.approx(told, rel=1e-12)


def test_shapley_credit_equals_that_of_shapley_attribution(sample):
    fit = Shapley().fit(sample)
    assert dict(zip(fit.units, fit.conversions, strict=True)) == pytest.approx(table("learned_by_shapley_attribution")["credit"], rel=1e-12)


def test_counterfactual_without_a_prior_equals_the_original():
    told = table("learned_by_fractribution")
    rows = [Row(tuple(row["path"]), row["conversions"], row["nulls"], row["value"]) for row in told["paths"]]
    fit = Counterfactual(prior_strength=0).fit(statistics(rows))
    for ours, theirs in ((fit.conversions, told["conversions"]), (fit.value, told["value"])):
        assert dict(zip(fit.units, ours, strict=True)) == pytest.approx({unit: theirs[unit] for unit in fit.units}, rel=1e-12)
    assert fit.paths is not None
    assert len(fit.paths.path_hash) == len(told["weights"])
    assert np.sort(fit.paths.weight)[-1] == 1.0
