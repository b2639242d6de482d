"""Learned models on a real month of journeys, where that data set is at hand (a folder beside this repository's)."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mta_assets.contracts.arrays import Touches
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.counterfactual import Counterfactual
from mta_assets.models.markov import Markov
from mta_assets.models.shapley import Shapley
from mta_assets.models.shapley_rate import ShapleyRate

EVENTS = Path(__file__).parents[3] / "shared" / "data" / "july2018" / "events.csv"
MODELS = (Markov(order=1), Markov(order=2), Markov(order=3), Shapley(), ShapleyRate(), Counterfactual())
CONVERSIONS = 1838

pytestmark = pytest.mark.skipif(not EVENTS.exists(), reason="the July 2018 data are not beside the repository")


@pytest.fixture(scope="module")
def touches():
    """A customer's journeys: each ends with a conversion, that visit included; what follows the last one did not convert."""
    events = pl.read_csv(EVENTS, try_parse_dates=True).sort("customer_id", "time", maintain_order=True)
    journey = pl.col("conversion").cum_sum().shift(1, fill_value=0).over("customer_id").alias("journey")
    paths = events.group_by("customer_id", journey, maintain_order=True).agg("channel", pl.sum("conversion", "conversion_value"))
    flat = paths["channel"].explode()
    units = tuple(flat.unique().sort())
    converted = paths["conversion"].to_numpy().astype(float)
    return Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(paths["channel"].list.len().cast(pl.Int64).to_numpy())]),
        unit=np.searchsorted(np.array(units), flat.to_numpy()).astype(np.int32),
        conversions=converted,
        nulls=1.0 - converted,
        value=paths["conversion_value"].to_numpy().astype(float),
        cell=np.zeros(len(paths), dtype=np.int64),
        is_direct=np.zeros(len(flat), dtype=bool),
    )


@pytest.fixture(scope="module")
def told(touches):
    return statistics_of(touches, {need for model in MODELS for need in model.needs})


def conversion_probability(transitions, removed):
    """Of a walk in the chain whose states that hold `removed` lead nowhere, by a plain solve."""
    gone = (transitions.states == removed).any(axis=1)
    size = len(transitions.states)
    moves = np.zeros((size, size))
    moves[transitions.origin, transitions.target] = transitions.count
    visits = moves.sum(axis=1) + transitions.conversions + transitions.nulls
    chance = np.where(gone, 0.0, 1.0 / visits)
    ahead = np.linalg.solve(np.eye(size) - moves * chance[:, None], transitions.conversions * chance)
    return transitions.starts @ ahead / transitions.starts.sum()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.title} {getattr(model, 'order', '')}")
def test_credit_sums_to_the_conversions_of_the_month(model, touches, told):
    fit = model.fit(told)
    assert fit.conversions.sum() == pytest.approx(CONVERSIONS, rel=1e-12)
    assert fit.value.sum() == pytest.approx(touches.value.sum(), rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_removal_effects_equal_a_plain_solve_of_the_chain_without_the_channel(order, touches, told):
    transitions = told.transitions[order]
    whole = CONVERSIONS / len(touches)
    plain = [1 - conversion_probability(transitions, unit) / whole for unit in range(len(touches.units))]
    assert conversion_probability(transitions, -2) == pytest.approx(whole, rel=1e-12)
    assert Markov(order=order).fit(told).effect == pytest.approx(plain, rel=1e-10)


def test_the_credit_of_single_journeys_adds_up_to_that_of_the_month(touches, told):
    for model in (Shapley(), Counterfactual()):
        fit = model.fit(told)
        weight = model.allocate(touches, fit).weight
        credit = np.bincount(touches.unit, weight * np.repeat(touches.conversions, touches.length))
        assert credit == pytest.approx(fit.conversions, rel=1e-10)
