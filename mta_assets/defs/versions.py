"""Code versions: a stable hash of what a table's content depends on beside its input, so that retuning marks its partitions stale."""

import hashlib
import json

from mta_assets.config import Config
from mta_assets.models.base import AttributionModel, LearnedModel
from mta_assets.models.parameters import parameters


def version_of(**meaning: object) -> str:
    """A short hash of some JSON-like facts; equal facts give equal hashes in every process."""
    text = json.dumps(meaning, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def core_version(config: Config) -> str:
    """What core tables depend on: how files are read, and how days are cut."""
    facts = config.model_dump(mode="json", include={"reporting_timezone", "currency", "earliest_day", "sources", "channels"})
    return version_of(**facts, bots=config.checks.bots.model_dump(mode="json", exclude={"exclude"}))


def journeys_version(config: Config) -> str:
    """What journeys and their statistics depend on."""
    facts = {"lookback_days", "restart_after_conversion", "touch_kinds", "milestones", "reporting_timezone", "currency"}
    excluded = config.checks.bots.model_dump(mode="json") if config.checks.bots.exclude else None
    return version_of(**config.model_dump(mode="json", include=facts), excluded=excluded)


def model_version(model: AttributionModel, config: Config) -> str:
    """What a model's results depend on: its class, its parameters, its journeys, and the fit window where it learns."""
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    values = {name: parameter.value for name, parameter in parameters(model).items()}
    window = config.fit_window_days if isinstance(model, LearnedModel) else None
    return version_of(model=kind, parameters=values, fit_window_days=window, journeys=journeys_version(config))


def marts_version(config: Config) -> str:
    """What the marts depend on beside the credits."""
    shown = {"fewest_users": config.privacy.fewest_users} if config.privacy.fewest_users else {}
    return version_of(fit_window_days=config.fit_window_days, band_level=config.band_level, journeys=journeys_version(config), **shown)


def incrementality_version(config: Config) -> str:
    """What `marts/incrementality` depends on beside its marts: which experiments are stated; those of a file may change without it."""
    return version_of(marts=marts_version(config), experiments=config.experiments.model_dump(mode="json"))
