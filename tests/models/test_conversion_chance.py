"""The chance that a journey goes on to convert, of models that say it, on journeys small enough for a hand."""

import numpy as np
import pytest

from mta_assets.contracts.arrays import HISTORIES
from mta_assets.errors import UnavailableError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.base import Asked, Example, Predictor
from mta_assets.models.linear import Linear
from mta_assets.models.markov import Markov
from mta_assets.models.registry import MODELS
from mta_assets.models.shapley_rate import ShapleyRate

JOURNEYS = (
    {"path": ("A", "B"), "conversions": 3, "nulls": 1, "value": 0.0},
    {"path": ("A",), "conversions": 0, "nulls": 4, "value": 0.0},
    {"path": ("B", "A", "B"), "conversions": 1, "nulls": 1, "value": 0.0},
)
TOUCHES = Example(journeys=JOURNEYS, credit={}).touches()


def chances(model):
    return model.conversion_chance(statistics_of(TOUCHES, model.needs), Asked(runs=TOUCHES, ahead_days=7)).tolist()


def test_a_chain_of_order_1_foretells_from_the_last_touch_alone():
    # B is left 8 times: 4 convert, 2 do not, 2 go on to A; A is left 10 times: 6 go on to B, 4 end.
    # b = 4/8 + 2/8 a and a = 6/10 b: b = 10/17, a = 6/17.
    a, b = 6 / 17, 10 / 17
    assert chances(Markov(order=1)) == pytest.approx([a, b, a, b, a, b])


def test_a_chain_of_order_2_foretells_from_two_touches_and_before_that_from_how_journeys_begin():
    ab = 4 / 6  # converts 4 times of 6, from whichever journey
    # Ten journeys begin: 4 with A alone (never), 4 with A>B, 2 with B>A, which leads to A>B.
    of_a = (4 * 0 + 4 * ab) / 8
    assert chances(Markov(order=2)) == pytest.approx([of_a, ab, of_a, ab, ab, ab])


def test_the_rate_game_foretells_from_the_set_so_far():
    rate = ShapleyRate(prior_strength=0.0)
    only_a, only_b, both = 0 / 4, 0.0, 4 / 10
    assert chances(rate) == pytest.approx([only_a, both, only_a, only_b, both, both])


def test_what_was_never_seen_has_the_overall_rate():
    unseen = Example(journeys=({"path": ("B", "B"), "conversions": 0, "nulls": 1, "value": 0.0},), credit={}).touches().over(("A", "B"))
    statistics = statistics_of(TOUCHES, ("transitions_2",))
    found = Markov(order=2).conversion_chance(statistics, Asked(runs=unseen, ahead_days=7))
    assert found[1] == pytest.approx(4 / 10)


def test_chances_lie_between_0_and_1_and_look_at_nothing_that_comes_later():
    rng = np.random.default_rng(5)
    paths = [tuple(rng.choice(["A", "B", "C"], rng.integers(1, 6))) for _ in range(60)]
    journeys = tuple({"path": path, "conversions": int(rng.random() < 0.4), "nulls": 1, "value": 0.0} for path in paths)
    touches = Example(journeys=journeys, credit={}).touches()
    first = Example(journeys=tuple(each | {"path": each["path"][:1]} for each in journeys), credit={}).touches().over(touches.units)
    for name, model in MODELS.items():
        if isinstance(model, Predictor) and HISTORIES not in model.needs:  # who asks for events is asked in a test of its own
            statistics = statistics_of(touches, model.needs)
            whole = model.conversion_chance(statistics, Asked(runs=touches, ahead_days=7))
            assert np.all((whole >= 0) & (whole <= 1)), name
            assert whole[touches.offsets[:-1]] == pytest.approx(model.conversion_chance(statistics, Asked(runs=first, ahead_days=7))), name


def test_a_rule_foretells_nothing():
    assert not isinstance(Linear(), Predictor)


def test_without_its_statistics_a_model_says_what_it_lacks():
    with pytest.raises(UnavailableError, match="transitions_1"):
        Markov(order=1).conversion_chance(statistics_of(TOUCHES, ()), Asked(runs=TOUCHES, ahead_days=7))
