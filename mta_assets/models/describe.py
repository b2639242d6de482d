"""Models as Markdown, for the generated parts of the docs: every word comes from the registry. Pure; writes no file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from mta_assets.contracts.describe import markdown_table
from mta_assets.models.base import AttributionModel, Example
from mta_assets.models.parameters import parameters

_EXTRAS = {"age_hours": "hours before the conversion", "lead": "lead at touch", "opportunity": "opportunity at touch"}


def overview(models: Mapping[str, AttributionModel]) -> str:
    """One row per model."""
    rows = (
        (
            f"[`{name}`](#{name})",
            model.title,
            _kind(model),
            ", ".join(_needs(model)) or "nothing more",
            "yes" if model.additive else "**no**",
        )
        for name, model in models.items()
    )
    return markdown_table(("model", "title", "kind", "needs", "credit sums to the conversions"), rows)


def sections(models: Mapping[str, AttributionModel]) -> str:
    """A section per model: what it does, how, with which parameters, when, from where, and an example."""
    return "\n\n".join(section(name, model) for name, model in models.items())


def section(name: str, model: AttributionModel) -> str:
    """One model."""
    needs = f" Needs {' and '.join(_needs(model))}." if _needs(model) else ""
    sums = "" if model.additive else " Not additive: channels must not be added up."
    parts = (
        f"### {name}",
        f"**{model.title}**, a {_kind(model)} model.{needs}{sums} {_summary(model)}",
        f"- Formula: `{model.formula}`\n- When: {model.when}\n- Source: {model.source}",
        _parameters(model),
        f"Example. {model.example.note}",
        example(model.example),
    )
    return "\n\n".join(part for part in parts if part)


def example(worked: Example) -> str:
    """The journeys of a worked example and the credit they give."""
    extras = [key for key in _EXTRAS if any(key in journey for journey in worked.journeys)]
    header = ["path", "conversions", "nulls", "value", *(_EXTRAS[key] for key in extras)]
    rows = [
        [
            " > ".join(journey["path"]),
            *(_number(journey[key]) for key in ("conversions", "nulls", "value")),
            *(_extra(key, journey.get(key)) for key in extras),
        ]
        for journey in worked.journeys
    ]
    return f"{markdown_table(header, rows)}\n\n{credit(worked)}"


def credit(worked: Example) -> str:
    """What each channel earns, and its raw effect where the model has one."""
    header = ["channel", *(["effect"] if worked.effects else []), "credit"]
    rows = [
        [channel, *([_number(worked.effects[channel])] if worked.effects else []), _number(earned)]
        for channel, earned in worked.credit.items()
    ]
    return markdown_table(header, rows)


def conversion_probability(worked: Example) -> Fraction:
    """Conversions over journeys: what the chain of the worked example converts at, at every order."""
    converted, null = (sum((Fraction(journey[key]) for journey in worked.journeys), Fraction()) for key in ("conversions", "nulls"))
    return converted / (converted + null)


def _parameters(model: AttributionModel) -> str:
    rows = [(f"`{each.name}`", f"`{_value(each.value)}`", each.range, each.description) for each in parameters(model).values()]
    return markdown_table(("parameter", "value", "range", "meaning"), rows) if rows else ""


def _kind(model: AttributionModel) -> str:
    return str(getattr(model, "kind", ""))


def _needs(model: AttributionModel) -> list[str]:
    asked = {"times of touches": model.needs_times, "milestones": model.needs_milestones}
    return [need for need, wanted in asked.items() if wanted]


def _summary(model: AttributionModel) -> str:
    """The class's docstring, its line breaks undone."""
    return " ".join((type(model).__doc__ or "").split())


def _extra(key: str, value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_number(number) for number in value)
    if key in {"lead", "opportunity"} and isinstance(value, int) and value >= 0:
        return str(value + 1)
    return "none"


def _value(value: object) -> str:
    return f"[{', '.join(map(_number, value))}]" if isinstance(value, tuple) else _number(value)


def _number(value: object) -> str:
    return (
        f"{value:.4g}" if isinstance(value, float) and not value.is_integer() else f"{value:g}" if isinstance(value, float) else str(value)
    )
