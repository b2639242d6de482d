"""What there is to say of each configured model, as data: for `mta models`, the API and whoever builds a menu. Every word comes from the registry."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np

from mta_assets.config import Config
from mta_assets.contracts.arrays import Touches
from mta_assets.models.base import AttributionModel, Example
from mta_assets.models.parameters import parameters


def method(name: str, model: AttributionModel, config: Config) -> dict[str, object]:
    """Name, title, kind, what it needs, its parameters with ranges, formula, source, when to use it, a worked example, and why it is unavailable."""
    return {
        "name": name,
        "title": model.title,
        "kind": getattr(model, "kind", ""),
        "additive": model.additive,
        "needs_times": model.needs_times,
        "needs_milestones": model.needs_milestones,
        "unavailable": unavailable(model, config),
        "parameters": [asdict(parameter) for parameter in parameters(model).values()],
        "formula": model.formula,
        "source": model.source,
        "when": model.when,
        "example": worked(model.example),
    }


def methods(models: Mapping[str, AttributionModel], config: Config) -> list[dict[str, object]]:
    """Every model, in the order of the registry."""
    return [method(name, model, config) for name, model in models.items()]


def worked(example: Example) -> dict[str, object]:
    """The worked example: journeys in, credit (and raw effects) out, and how to check it by hand."""
    return {
        "journeys": [dict(journey) for journey in example.journeys],
        "credit": dict(example.credit),
        "effects": dict(example.effects),
        "note": example.note,
    }


def unavailable(model: AttributionModel, config: Config) -> str | None:
    """Why the model cannot be computed on events under this configuration; None when it can."""
    stages = config.milestones.stages
    none = np.zeros(0, dtype=np.int64)
    events = Touches(
        units=(),
        offsets=np.zeros(1, dtype=np.int64),
        unit=none,
        conversions=np.zeros(0),
        nulls=np.zeros(0),
        value=np.zeros(0),
        cell=none,
        is_direct=np.zeros(0, dtype=np.bool_),
        age_hours=np.zeros(0),
        lead=none if "lead" in stages else None,
        opportunity=none if "opportunity" in stages else None,
    )
    return model.missing(events)
