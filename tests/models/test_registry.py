"""The registry is the one list of models; `mta.yaml` reconfigures it, and is told exactly where it is wrong."""

import pytest

from mta_assets.errors import ConfigError, ModelError
from mta_assets.models.parameters import parameters
from mta_assets.models.registry import MODELS, build_models, select
from mta_assets.models.time_decay import TimeDecay


def test_models_come_in_their_documented_order():
    rules = ["first_touch", "last_touch", "last_non_direct", "linear", "time_decay", "position_based", "j_shaped", "inverse_j"]
    stages = ["w_shaped", "full_path", "custom_position", "participation"]
    learned = ["markov_1", "markov_2", "markov_3", "shapley", "shapley_rate", "counterfactual", "incremental"]
    documented = [*rules, *stages, *learned]
    assert [name for name in MODELS if name in documented] == documented  # a new model may stand anywhere among them


def test_without_a_models_section_the_registry_is_in_force():
    assert build_models({}) == MODELS


def test_parameters_of_a_known_model_are_changed_in_place():
    built = build_models({"time_decay": {"half_life_days": 3}, "custom_position": {"first": [0.5], "last": [0.2, 0.1]}})
    assert list(built) == list(MODELS)
    assert built["time_decay"] == TimeDecay(half_life_days=3)
    assert built["custom_position"].first == (0.5,)
    assert MODELS["time_decay"] == TimeDecay(half_life_days=7.0)


def test_a_variant_stands_beside_its_model():
    built = build_models({"time_decay_2d": {"model": "time_decay", "half_life_days": 2}, "markov_plain": {"model": "markov_1"}})
    assert list(built)[-2:] == ["time_decay_2d", "markov_plain"]
    assert built["time_decay_2d"] == TimeDecay(half_life_days=2)
    assert built["time_decay"] == MODELS["time_decay"]
    assert built["markov_plain"] == MODELS["markov_1"]


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"time_decy": {"half_life_days": 2}}, r"models\.time_decy: there is no model 'time_decy'. Did you mean 'time_decay'"),
        ({"mine": {"model": "linaer"}}, r"models\.mine\.model: there is no model 'linaer'. Did you mean 'linear'"),
        ({"time_decay": {"half_life": 2}}, r"models\.time_decay\.half_life: there is no such parameter. Did you mean 'half_life_days'"),
        ({"linear": {"weight": 2}}, r"models\.linear\.weight: .*has no parameters"),
        ({"time_decay": {"half_life_days": -1}}, r"models\.time_decay: half_life_days = -1"),
        ({"linear": {"model": "time_decay"}}, r"models\.linear\.model: 'linear' is a model itself"),
        ({"My Model": {"model": "linear"}}, r"models\.My Model: a name is made of lower-case letters"),
        ({"mine": {"model": 3}}, r"models\.mine\.model: there is no model 3"),
    ],
)
def test_a_wrong_models_section_is_met_with_its_path_and_the_nearest_right_name(overrides, says):
    with pytest.raises(ConfigError, match=says):
        build_models(overrides)


def test_parameters_are_described_with_their_range():
    half_life = parameters(build_models({"time_decay": {"half_life_days": 3}})["time_decay"])["half_life_days"]
    assert half_life.value == 3
    assert half_life.range == "a finite number of days > 0"
    assert half_life.description == "How long before the conversion a touch counts half as much."
    assert parameters(MODELS["linear"]) == {}


def test_all_selects_every_model():
    assert select(MODELS, "all") == MODELS


def test_a_list_selects_models_in_the_order_asked():
    assert list(select(MODELS, " linear, first_touch ")) == ["linear", "first_touch"]


@pytest.mark.parametrize(
    ("names", "says"), [("linaer", "Did you mean 'linear'"), (" , ", "No model is named"), ("linear,all", "There is no model 'all'")]
)
def test_a_wrong_selection_says_what_there_is(names, says):
    with pytest.raises(ModelError, match=says):
        select(MODELS, names)
