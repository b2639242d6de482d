"""The generated reference of models follows from the registry; its worked example is computed, not told."""

from fractions import Fraction

import pytest

from mta_assets.journeys.statistics import statistics_of
from mta_assets.models import describe
from mta_assets.models.credit import totals
from mta_assets.models.parameters import parameters
from mta_assets.models.registry import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_described_with_formula_source_and_every_parameter(name):
    model, text = MODELS[name], describe.section(name, MODELS[name])
    assert text.startswith(f"### {name}\n")
    for words in (model.formula, model.when, model.source, model.example.note):
        assert words in text
    for parameter in parameters(model).values():
        assert f"| `{parameter.name}` |" in text
        assert parameter.range in text
    assert ("must not be added up" in text) != model.additive
    assert f"](#{name})" in describe.overview(MODELS)


def test_the_documented_example_converts_one_time_in_three_and_credits_a_fifth_and_two_fifths():
    model = MODELS["markov_1"]
    touches = model.example.touches()
    learned = model.fit(statistics_of(touches, model.needs))
    earned = totals(model.allocate(touches, learned), touches)
    assert describe.conversion_probability(model.example) == Fraction(1, 3)
    assert learned.effect == pytest.approx([0.5, 1.0, 1.0], rel=1e-12)
    assert earned.conversions == pytest.approx([0.2, 0.4, 0.4], rel=1e-12)
    assert describe.credit(model.example).splitlines()[2:] == ["| C1 | 0.5 | 0.2 |", "| C2 | 1 | 0.4 |", "| C3 | 1 | 0.4 |"]


def test_hours_and_stages_of_an_example_are_shown_as_a_person_counts():
    assert "| Search > Email | 3 | 0 | 30 | 168, 0 |" in describe.example(MODELS["time_decay"].example)
    assert "| Search > Email > Social > Direct | 40 | 0 | 400 | 2 | 3 |" in describe.example(MODELS["w_shaped"].example)
