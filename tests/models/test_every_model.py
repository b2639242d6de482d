"""The laws that every model of the registry obeys, whatever it computes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import HISTORIES, Touches
from mta_assets.journeys.statistics import NEEDS, statistics_of
from mta_assets.models.base import AttributionModel, LearnedModel, RuleModel
from mta_assets.models.credit import per_journey_rows, totals
from mta_assets.models.parameters import parameters
from mta_assets.models.registry import MODELS

NAMES = ("Direct", "Email", "Search", "Social")
AGES = st.one_of(st.integers(0, 1000), st.sampled_from((0, 0, 10_000_000)))  # now, all at once, and a thousand years ago
TOUCH = st.tuples(st.sampled_from(NAMES), AGES)
WEIGHTS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 100)).filter(lambda weights: weights[0] + weights[1] > 0)
STAGE = st.integers(-1, 6)
JOURNEYS = st.lists(st.tuples(st.lists(TOUCH, max_size=6), WEIGHTS, STAGE, STAGE), max_size=10)
LAW = settings(max_examples=12, deadline=None)
# What looks at events cannot be computed on journeys alone: tests/models/test_incremental.py holds it to the same laws.
EVERY = pytest.mark.parametrize("name", [name for name, model in MODELS.items() if HISTORIES not in getattr(model, "needs", ())])


def touches_of(journeys, rename=str) -> Touches:
    """Journeys of (touches of (channel, age in hours), (conversions, nulls, value), lead, opportunity)."""
    paths = [sorted(touches, key=lambda touch: -touch[1]) for touches, *_ in journeys]
    flat = [touch for path in paths for touch in path]
    units = tuple(sorted({rename(name) for name, _ in flat}))
    length = np.array([len(path) for path in paths], dtype=np.int64)
    conversions, nulls, value = (np.array([weights[i] for _, weights, *_ in journeys], dtype=np.float64) for i in range(3))
    return Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=np.array([units.index(rename(name)) for name, _ in flat], dtype=np.int32),
        conversions=conversions,
        nulls=nulls,
        value=np.where(conversions > 0, value, 0.0),
        cell=np.zeros(len(journeys), dtype=np.int64),
        is_direct=np.array([name == "Direct" for name, _ in flat], dtype=bool),
        age_hours=np.array([age for _, age in flat], dtype=np.float64),
        lead=np.minimum([lead for *_, lead, _ in journeys], length - 1).astype(np.int64),
        opportunity=np.minimum([stage for *_, stage in journeys], length - 1).astype(np.int64),
    )


def allocate(model: AttributionModel, touches: Touches):
    if isinstance(model, LearnedModel):
        return model.allocate(touches, model.fit(statistics_of(touches, model.needs)))
    assert isinstance(model, RuleModel)
    return model.allocate(touches)


def credit(model, touches):
    """Channel -> (conversions, value)."""
    earned = totals(allocate(model, touches), touches)
    return dict(zip(touches.units, zip(earned.conversions.tolist(), earned.value.tolist(), strict=True), strict=True))


def approximately(earned, *, of):
    """Equal but for rounding in sums over all journeys, whose conversions or value are `of`."""
    return {channel: pytest.approx(pair, rel=1e-9, abs=1e-12 * max(of, 1.0)) for channel, pair in earned.items()}


def size(touches):
    return float(touches.conversions.sum() + touches.value.sum())


@EVERY
@LAW
@given(journeys=JOURNEYS)
def test_credit_is_conserved(name, journeys):
    model, touches = MODELS[name], touches_of(journeys)
    earned = totals(allocate(model, touches), touches)
    for credited, nowhere, amount in (
        (earned.conversions, earned.unattributed_conversions, touches.conversions),
        (earned.value, earned.unattributed_value, touches.value),
    ):
        if model.additive:
            assert credited.sum() + nowhere == pytest.approx(amount.sum(), rel=1e-12, abs=1e-12)
        else:
            assert credited.sum() + nowhere >= amount.sum() * (1 - 1e-12)
            assert (credited <= amount.sum() * (1 + 1e-12)).all()


@EVERY
@LAW
@given(journeys=JOURNEYS)
def test_credit_is_finite_and_never_negative_for_ancient_and_simultaneous_touches_too(name, journeys):
    touches = touches_of(journeys)
    for pair in credit(MODELS[name], touches).values():
        assert np.isfinite(pair).all()
        assert min(pair) >= 0


@EVERY
@LAW
@given(journeys=JOURNEYS)
def test_credit_by_journey_adds_up_to_the_totals(name, journeys):
    touches = touches_of(journeys)
    allocation = allocate(MODELS[name], touches)
    rows, earned = per_journey_rows(allocation, touches), totals(allocation, touches)
    key = rows.journey * len(touches.units) + rows.unit
    assert (np.diff(key) > 0).all()
    for by_row, total in ((rows.credit, earned.conversions), (rows.value, earned.value)):
        assert np.bincount(rows.unit, by_row, minlength=len(touches.units)) == pytest.approx(total, rel=1e-9, abs=1e-9)
    if MODELS[name].additive:
        attributed = np.where(touches.length > 0, touches.conversions, 0.0)
        assert np.bincount(rows.journey, rows.credit, minlength=len(touches)) == pytest.approx(attributed, rel=1e-9)


@EVERY
@LAW
@given(journeys=JOURNEYS, random=st.randoms(use_true_random=False))
def test_the_order_of_journeys_does_not_matter(name, journeys, random):
    touches, shuffled = touches_of(journeys), touches_of(random.sample(journeys, len(journeys)))
    assert credit(MODELS[name], shuffled) == approximately(credit(MODELS[name], touches), of=size(touches))


@EVERY
@LAW
@given(journeys=JOURNEYS)
def test_renaming_a_channel_renames_its_credit(name, journeys):
    renamed = {"Direct": "z direct", "Email": "Érable", "Search": "a search", "Social": "m > social"}  # sorts otherwise
    before, after = touches_of(journeys), touches_of(journeys, rename=renamed.__getitem__)
    expected = {renamed[channel]: pair for channel, pair in credit(MODELS[name], before).items()}
    assert credit(MODELS[name], after) == approximately(expected, of=size(before))


@EVERY
def test_no_journey_gives_no_credit(name):
    touches = touches_of([])
    allocation = allocate(MODELS[name], touches)
    assert credit(MODELS[name], touches) == {}
    assert len(per_journey_rows(allocation, touches).journey) == 0


@EVERY
@LAW
@given(journeys=JOURNEYS)
def test_where_nothing_converts_no_channel_earns(name, journeys):
    touches = touches_of([(path, (0, weights[1] + 1, 0), *stages) for path, weights, *stages in journeys])
    assert all(pair == (0.0, 0.0) for pair in credit(MODELS[name], touches).values())


@EVERY
def test_conversions_without_touches_are_unattributed(name):
    touches = touches_of([([], (2, 0, 50), -1, -1), ([("Email", 5)], (1, 1, 10), 0, 0)])
    earned = totals(allocate(MODELS[name], touches), touches)
    assert (earned.unattributed_conversions, earned.unattributed_value) == (2.0, 50.0)
    assert earned.conversions == pytest.approx([1.0])
    assert earned.value == pytest.approx([10.0])


@EVERY
def test_the_worked_example_holds(name):
    model = MODELS[name]
    touches = model.example.touches()
    earned = {channel: conversions for channel, (conversions, _) in credit(model, touches).items()}
    assert earned == pytest.approx(dict(model.example.credit), rel=1e-9)
    if isinstance(model, LearnedModel):
        learned = model.fit(statistics_of(touches, model.needs))
        effects = dict(zip(learned.units, learned.effect, strict=True))
        assert {channel: effects[channel] for channel in model.example.effects} == pytest.approx(dict(model.example.effects), rel=1e-9)


@EVERY
def test_a_model_says_what_it_needs_before_it_is_asked_for_it(name):
    model, touches = MODELS[name], touches_of([([("Email", 5), ("Search", 1)], (1, 1, 10), 0, 1)])
    assert model.missing(touches) is None
    untimed = replace(touches, age_hours=None)
    unstaged = replace(touches, lead=None, opportunity=None)
    assert (model.missing(untimed) is not None) == model.needs_times
    assert (model.missing(unstaged) is not None) == model.needs_milestones
    if isinstance(model, LearnedModel):
        assert model.needs
        assert set(model.needs) <= set(NEEDS)


@EVERY
def test_a_model_is_documented_where_it_is_defined(name):
    model = MODELS[name]
    for line in (model.title, model.source, model.formula, model.when, model.example.note):
        assert line.strip()
        assert "\n" not in line
    for parameter in parameters(model).values():
        assert parameter.range
        assert parameter.description.endswith(".")
    total = sum(journey["conversions"] for journey in model.example.journeys)
    assert not model.additive or sum(model.example.credit.values()) == pytest.approx(total)
