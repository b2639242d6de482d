"""Each rule model against a plain reading of its definition, one journey at a time, and against an independent implementation."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import Touches
from mta_assets.errors import ModelError, UnavailableError
from mta_assets.models.credit import totals
from mta_assets.models.custom_position import CustomPosition
from mta_assets.models.milestones import FullPath, WShaped
from mta_assets.models.position_based import InverseJ, JShaped, PositionBased
from mta_assets.models.registry import MODELS
from mta_assets.models.time_decay import TimeDecay

NAMES = ("Direct", "Email", "Search", "Social")
TOUCHES = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2000)), max_size=7)
JOURNEYS = st.lists(st.tuples(TOUCHES, st.integers(-1, 6), st.integers(-1, 6)), max_size=8)


def arrays(journeys):
    """Each journey is its touches (channel, age in hours), and the index of the lead's and of the opportunity's touch."""
    touches = [sorted(touches, key=lambda touch: -touch[1]) for touches, *_ in journeys]
    flat = [touch for journey in touches for touch in journey]
    return Touches(
        units=NAMES,
        offsets=np.cumsum([0, *map(len, touches)]),
        unit=np.array([NAMES.index(name) for name, _ in flat], dtype=np.int32),
        conversions=np.ones(len(journeys)),
        nulls=np.zeros(len(journeys)),
        value=np.ones(len(journeys)),
        cell=np.zeros(len(journeys), dtype=np.int64),
        is_direct=np.array([name == "Direct" for name, _ in flat], dtype=bool),
        age_hours=np.array([age for _, age in flat], dtype=np.float64),
        lead=np.array([min(lead, len(t) - 1) for t, (_, lead, _) in zip(touches, journeys, strict=True)], dtype=np.int64),
        opportunity=np.array([min(index, len(t) - 1) for t, (*_, index) in zip(touches, journeys, strict=True)], dtype=np.int64),
    )


def shared(weights):
    total = sum(weights)
    return [weight / total for weight in weights] if total else [Fraction(1, len(weights))] * len(weights)


def by_position(first, last):
    def weights(path, *_):
        middle = len(path) - 2
        found = [Fraction(0)] * len(path)
        found[0] += first
        found[-1] += last
        return [weight if i in (0, len(path) - 1) else (1 - first - last) / middle for i, weight in enumerate(found)]

    return weights


def by_stage(first, lead, opportunity, close):
    def weights(path, _, lead_at, opportunity_at):
        stages = [(0, first), (lead_at, lead), (opportunity_at, opportunity), (len(path) - 1, close)]
        held = {at for at, share in stages if at >= 0 and share}
        rest = 1 - first - lead - opportunity - close
        return [sum(share for at, share in stages if at == i) if i in held else rest / (len(path) - len(held)) for i in range(len(path))]

    return weights


def custom(path, *_):
    first, last = (Fraction(3, 10), Fraction(1, 10)), (Fraction(4, 10), Fraction(1, 10))
    reached = [i for i in range(len(path)) if i < 2 or len(path) - 1 - i < 2]
    found = []
    for i in range(len(path)):
        back = len(path) - 1 - i
        rest = Fraction(1, 10) / (len(path) - len(reached)) if i not in reached else 0
        found.append((first[i] if i < 2 else 0) + (last[back] if back < 2 else 0) + rest)
    return found


def last_non_direct(path, *_):
    known = [i for i, name in enumerate(path) if name != "Direct"] or [len(path) - 1]
    return [int(i == known[-1]) for i in range(len(path))]


TENTH = Fraction(1, 10)
DEFINITIONS = {
    "first_touch": lambda path, *_: [int(i == 0) for i in range(len(path))],
    "last_touch": lambda path, *_: [int(i == len(path) - 1) for i in range(len(path))],
    "last_non_direct": last_non_direct,
    "linear": lambda path, *_: [1] * len(path),
    "time_decay": lambda path, ages, *_: [2.0 ** (-age / 168) for age in ages],
    "position_based": by_position(4 * TENTH, 4 * TENTH),
    "j_shaped": by_position(2 * TENTH, 6 * TENTH),
    "inverse_j": by_position(6 * TENTH, 2 * TENTH),
    "w_shaped": by_stage(3 * TENTH, 3 * TENTH, 3 * TENTH, Fraction(0)),
    "full_path": by_stage(*[Fraction(9, 40)] * 4),
    "custom_position": custom,
}


def test_every_additive_rule_has_a_definition_here():
    assert set(DEFINITIONS) == {name for name, model in MODELS.items() if model.kind == "rule" and model.additive}


@pytest.mark.parametrize("name", DEFINITIONS)
@settings(max_examples=30, deadline=None)
@given(journeys=JOURNEYS)
def test_a_rule_shares_each_journey_by_its_definition(name, journeys):
    touches = arrays(journeys)
    expected = []
    for journey in range(len(touches)):
        own = slice(touches.offsets[journey], touches.offsets[journey + 1])
        path = [NAMES[code] for code in touches.unit[own]]
        if path:
            expected += shared(DEFINITIONS[name](path, touches.age_hours[own], touches.lead[journey], touches.opportunity[journey]))
    assert MODELS[name].allocate(touches).weight == pytest.approx([float(share) for share in expected], rel=1e-12, abs=1e-15)


@given(journeys=JOURNEYS)
@settings(max_examples=30, deadline=None)
def test_participation_gives_every_distinct_channel_the_whole_conversion(journeys):
    touches = arrays(journeys)
    earned = totals(MODELS["participation"].allocate(touches), touches)
    paths = [{name for name, _ in journey} for journey, *_ in journeys]
    assert earned.conversions == pytest.approx([sum(name in path for path in paths) for name in NAMES])


def one_journey(*names, **arrays_of):
    return arrays([([(name, 0) for name in names], arrays_of.get("lead", -1), arrays_of.get("opportunity", -1))])


@pytest.mark.parametrize(
    ("model", "length", "shares"),
    [
        (PositionBased(), 1, [1.0]),
        (PositionBased(), 2, [0.5, 0.5]),
        (PositionBased(), 4, [0.4, 0.1, 0.1, 0.4]),
        (JShaped(), 1, [1.0]),
        (JShaped(), 2, [0.25, 0.75]),
        (JShaped(), 4, [0.2, 0.1, 0.1, 0.6]),
        (InverseJ(), 2, [0.75, 0.25]),
        (InverseJ(), 4, [0.6, 0.1, 0.1, 0.2]),
        (PositionBased(first=0.0, last=0.0), 2, [0.5, 0.5]),
        (PositionBased(first=1.0, last=0.0), 3, [1.0, 0.0, 0.0]),
        (CustomPosition(first=(), last=(0.5, 0.3)), 4, [0.1, 0.1, 0.3, 0.5]),
        (CustomPosition(first=(), last=(0.5, 0.3)), 1, [1.0]),
        (CustomPosition(first=(), last=()), 3, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_position_shapes_are_the_published_ones(model, length, shares):
    assert model.allocate(one_journey(*["Email"] * length)).weight == pytest.approx(shares)


@pytest.mark.parametrize(
    ("model", "stages", "shares"),
    [
        (WShaped(), {"lead": 1, "opportunity": 3}, [0.3, 0.3, 0.05, 0.3, 0.05]),
        (WShaped(), {"lead": 0, "opportunity": 3}, [0.6, 0.1 / 3, 0.1 / 3, 0.3, 0.1 / 3]),
        (WShaped(), {"lead": 1}, [0.3 / 0.7, 0.3 / 0.7, 0.1 / 3 / 0.7, 0.1 / 3 / 0.7, 0.1 / 3 / 0.7]),
        (FullPath(), {"lead": 1, "opportunity": 3}, [0.225, 0.225, 0.1, 0.225, 0.225]),
        (FullPath(), {"lead": 4, "opportunity": 4}, [0.225, 0.1 / 3, 0.1 / 3, 0.1 / 3, 0.675]),
    ],
)
def test_milestones_take_fixed_shares_that_add_up_and_fall_back(model, stages, shares):
    assert model.allocate(one_journey(*["Email"] * 5, **stages)).weight == pytest.approx(shares)


def test_a_stage_that_no_goal_is_configured_for_is_as_one_that_was_never_reached():
    touches = one_journey(*["Email"] * 5, lead=1)
    never = WShaped().allocate(touches).weight
    assert WShaped().allocate(replace(touches, opportunity=None)).weight.tolist() == never.tolist()


@pytest.mark.parametrize("name", ["w_shaped", "full_path"])
def test_without_a_configured_milestone_the_model_is_unavailable_and_says_why(name):
    touches = MODELS["linear"].example.touches()
    assert "milestones" in MODELS[name].missing(touches)
    with pytest.raises(UnavailableError, match=r"name the goals under 'milestones' in mta\.yaml"):
        MODELS[name].allocate(touches)


def test_time_decay_without_times_is_unavailable_and_says_why():
    with pytest.raises(UnavailableError, match="no times of touches"):
        TimeDecay().allocate(MODELS["linear"].example.touches())


def test_a_journey_a_thousand_half_lives_old_is_shared_like_a_young_one():
    old, young = ([("Email", 200_007 + 168 * extra), ("Search", 200_007)] for extra in (1, 1))
    weight = TimeDecay().allocate(arrays([(old, -1, -1), (young, -1, -1)])).weight
    assert weight == pytest.approx([1 / 3, 2 / 3, 1 / 3, 2 / 3])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: TimeDecay(half_life_days=0), "half_life_days = 0 of TimeDecay must be a finite number of days > 0"),
        (lambda: TimeDecay(half_life_days=float("nan")), "half_life_days = nan"),
        (lambda: TimeDecay(half_life_days=float("inf")), "half_life_days = inf"),
        (lambda: TimeDecay(half_life_days="7"), "half_life_days = '7'"),
        (lambda: TimeDecay(half_life_days=True), "half_life_days = True"),
        (lambda: PositionBased(first=-0.1), "first = -0.1"),
        (lambda: PositionBased(first=0.5, last=0.6), "last = 0.6 .* first \\+ last at most 1"),
        (lambda: JShaped(last="most"), "last = 'most' of JShaped"),
        (lambda: WShaped(lead=0.9), "lead = 0.9 of WShaped"),
        (lambda: FullPath(close=None), "close = None of FullPath"),
        (lambda: CustomPosition(first=(0.5, 2)), "first = \\(0.5, 2\\)"),
        (lambda: CustomPosition(last=0.5), "last = 0.5"),
        (lambda: CustomPosition(first=(0.8,), last=(0.3,)), "together they are 1.1"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value_and_range(make, says):
    with pytest.raises(ModelError, match=says):
        make()


REFERENCE = json.loads((Path(__file__).parent / "references" / "rules_by_mam.json").read_text())


@pytest.mark.parametrize("measure", ["conversions", "value"])
@pytest.mark.parametrize("name", ["first_touch", "last_touch", "linear", "position_based", "time_decay"])
def test_rules_agree_with_marketing_attribution_models(name, measure):
    journeys = [journey for journey in REFERENCE["journeys"] if journey["converted"]]
    units = tuple(sorted({channel for journey in journeys for channel in journey["path"]}))
    touches = Touches(
        units=units,
        offsets=np.cumsum([0, *(len(journey["path"]) for journey in journeys)]),
        unit=np.array([units.index(channel) for journey in journeys for channel in journey["path"]], dtype=np.int32),
        conversions=np.ones(len(journeys)),
        nulls=np.zeros(len(journeys)),
        value=np.array([journey["value"] for journey in journeys]),
        cell=np.zeros(len(journeys), dtype=np.int64),
        is_direct=np.zeros(sum(len(journey["path"]) for journey in journeys), dtype=bool),
        age_hours=np.array([age for journey in journeys for age in journey["age_hours"]]),
    )
    earned = totals(MODELS[name].allocate(touches), touches)
    ours = dict(zip(units, getattr(earned, measure), strict=True))
    theirs = REFERENCE[measure][name]
    assert ours == pytest.approx({unit: theirs.get(unit, 0.0) for unit in units}, rel=1e-9, abs=0)
