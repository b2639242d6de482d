"""`mta models`: every model, its parameters, and whether this configuration gives it what it needs."""

from collections.abc import Mapping
from pathlib import Path

import click

from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import Cell, say, show_json, show_table
from mta_assets.config import Config
from mta_assets.errors import did_you_mean
from mta_assets.models.base import AttributionModel
from mta_assets.models.parameters import Parameter, parameters
from mta_assets.models.registry import build_models
from mta_assets.results.methods import method, unavailable


@click.command(name="models")
@click.argument("name", required=False)
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(name: str | None, config_path: Path | None, as_json: bool) -> None:
    """List the attribution models, or show one of them in full.

    \b
    Examples:
      mta models
      mta models markov_1
      mta models --json

    Parameters are changed, and variants added, under `models` in mta.yaml. A model that needs milestones is unavailable until
    goals are named under `milestones`.
    """  # noqa: D301  click's own mark for lines that stay as they are
    config = configuration(config_path)
    models = build_models(config.models)
    if name is not None and name not in models:
        raise click.UsageError(f"There is no model {name!r}. {did_you_mean(name, models)}")
    chosen = models if name is None else {name: models[name]}
    described = {each: method(each, model, config) for each, model in chosen.items()}
    if as_json:
        show_json(list(described.values()) if name is None else described[name])
    elif name is None:
        _show_all(chosen, config)
    else:
        _show_one(described[name])


def _show_all(models: Mapping[str, AttributionModel], config: Config) -> None:
    rows: list[tuple[Cell, ...]] = []
    for name, model in models.items():
        settings = ", ".join(f"{each.name} = {_value(each)}" for each in parameters(model).values())
        rows.append(
            (name, model.title, getattr(model, "kind", ""), settings or None, "yes" if unavailable(model, config) is None else "no")
        )
    show_table(("model", "title", "kind", "parameters", "available"), [rows])
    missing = {name: reason for name, model in models.items() if (reason := unavailable(model, config))}
    if missing:
        say("\nNot available:")
    for name, reason in missing.items():
        say(f"  {name}: {reason}")
    say("\n`mta models NAME` shows one in full: formula, when to use it, source, ranges.")


def _show_one(about: Mapping[str, object]) -> None:
    say(f"{about['name']}: {about['title']} ({about['kind']}{'' if about['additive'] else ', not additive'})")
    for label in ("formula", "when", "source", "unavailable"):
        if about[label]:
            say(f"\n{label}: {about[label]}")
    given = about["parameters"]
    if isinstance(given, list) and given:
        say()
        show_table(("parameter", "value", "range", "description"), [[tuple(map(_text, each.values())) for each in given]])


def _value(parameter: Parameter) -> str:
    return _text(parameter.value)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
