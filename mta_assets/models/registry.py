"""Every model, once: one ordered mapping from name to configured instance, and how `mta.yaml` reconfigures it. No maths."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mta_assets.errors import ConfigError, ModelError, did_you_mean
from mta_assets.models.base import AttributionModel
from mta_assets.models.counterfactual import Counterfactual
from mta_assets.models.custom_position import CustomPosition
from mta_assets.models.first_touch import FirstTouch
from mta_assets.models.hazard.model import Hazard
from mta_assets.models.incremental.model import Incremental
from mta_assets.models.last_non_direct import LastNonDirect
from mta_assets.models.last_touch import LastTouch
from mta_assets.models.linear import Linear
from mta_assets.models.markov import Markov
from mta_assets.models.milestones import FullPath, WShaped
from mta_assets.models.parameters import parameters
from mta_assets.models.participation import Participation
from mta_assets.models.position_based import InverseJ, JShaped, PositionBased
from mta_assets.models.shapley import Shapley
from mta_assets.models.shapley_rate import ShapleyRate
from mta_assets.models.time_decay import TimeDecay

MODELS: Mapping[str, AttributionModel] = {
    "first_touch": FirstTouch(),
    "last_touch": LastTouch(),
    "last_non_direct": LastNonDirect(),
    "linear": Linear(),
    "time_decay": TimeDecay(),
    "position_based": PositionBased(),
    "j_shaped": JShaped(),
    "inverse_j": InverseJ(),
    "w_shaped": WShaped(),
    "full_path": FullPath(),
    "custom_position": CustomPosition(),
    "participation": Participation(),
    "markov_1": Markov(order=1),
    "markov_2": Markov(order=2),
    "markov_3": Markov(order=3),
    "shapley": Shapley(),
    "shapley_rate": ShapleyRate(),
    "counterfactual": Counterfactual(),
    "hazard": Hazard(),
    "incremental": Incremental(),
}
_NAME = "lower-case letters, digits and underscores, beginning with a letter"


def build_models(overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, AttributionModel]:
    """The models in force: the registry's, with the parameters and variants of `mta.yaml`'s section `models`.

    A key is a model of the registry, whose parameters it changes, or a new name whose `model` says what it is a variant of; variants follow the
    registry's models in the order of the file. Raises ConfigError that names the line's path.
    """
    built = dict(MODELS)
    for name, settings in overrides.items():
        base = _base(name, settings)
        built[name] = _configured(f"models.{name}", MODELS[base], {k: v for k, v in settings.items() if k != "model"})
    return built


def select(models: Mapping[str, AttributionModel], names: str) -> dict[str, AttributionModel]:
    """The models that "all" or a comma-separated list of names asks for, in the order asked. Raises ModelError with the nearest right names."""
    if names.strip() == "all":
        return dict(models)
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if not asked:
        raise ModelError(f"No model is named. Write 'all', or names separated by commas: {', '.join(models)}.")
    for name in asked:
        if name not in models:
            raise ModelError(f"There is no model {name!r}. {did_you_mean(name, models)} 'all' takes every model.")
    return {name: models[name] for name in asked}


def _base(name: str, settings: Mapping[str, Any]) -> str:
    """The registry's name of the model that an entry configures."""
    base = settings.get("model", name)
    if name in MODELS and base != name:
        raise ConfigError(
            f"models.{name}.model: {name!r} is a model itself and cannot become {base!r}; give the variant a name of its own."
        )
    if base not in MODELS:
        where = f"models.{name}.model" if "model" in settings else f"models.{name}"
        variant = "" if "model" in settings else " A variant says what it varies: {model: time_decay, half_life_days: 2}."
        raise ConfigError(f"{where}: there is no model {base!r}. {did_you_mean(str(base), MODELS)}{variant}")
    if not (name.isascii() and name.isidentifier() and name == name.lower() and not name.startswith("_")):
        raise ConfigError(f"models.{name}: a name is made of {_NAME}; it becomes part of asset and table names.")
    return str(base)


def _configured(where: str, model: AttributionModel, settings: Mapping[str, Any]) -> AttributionModel:
    """The model with these parameters changed; a list becomes a tuple."""
    known = parameters(model)
    for name in settings:
        if name not in known:
            raise ConfigError(f"{where}.{name}: there is no such parameter. {_hint(name, known)}")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    try:
        return replace(model, **values)
    except ModelError as error:
        raise ConfigError(f"{where}: {error}") from error


def _hint(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) if known else "This model has no parameters; remove the line."
