"""`mta compare`: models side by side, where they agree and where not, why, which to take, and what would settle it. Of files, or of the lake."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import polars as pl

from mta_assets.analysis.comparison import Comparison
from mta_assets.analysis.output import records
from mta_assets.analysis.recognise import FileKind, GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.cli.compare_words import show_words
from mta_assets.cli.given_files import stated_kinds
from mta_assets.cli.options import FILE, configuration, reading_options
from mta_assets.cli.output import show_json
from mta_assets.cli.progress import progress
from mta_assets.config import Config, parse_config
from mta_assets.lake.lake import Lake
from mta_assets.marts.advice import largest, main_currency_of
from mta_assets.marts.bands import COVERS
from mta_assets.models.registry import build_models, select
from mta_assets.results.advice import stored
from mta_assets.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Found:
    """A comparison and what it is of, in words."""

    comparison: Comparison
    of: str


@click.command(name="compare")
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE...]")
@stated_kinds(*get_args(FileKind))
@click.option("--models", default="all", show_default=True, metavar="all|NAME,...", help="Which models; `mta models` lists them.")
@click.option("--lookback-days", type=click.FloatRange(0, 730, min_open=True), help="Of files: how long a touch counts.  [default: 30]")
@reading_options
@click.option("--alpha", type=float, help="How often an experiment may see a difference where none is; two-sided.  [default: 0.1]")
@click.option("--power", type=float, help="How often it is to see one that is there.  [default: 0.8]")
@click.option("--most-days", type=int, help="How long it may last.  [default: 56]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: shares, channels, models, the experiment.")
def command(  # noqa: PLR0913  one parameter per option of the command
    *,
    files: tuple[Path, ...],
    stated: tuple[GivenFile, ...],
    models: str,
    lookback_days: float | None,
    columns: dict[str, str],
    timezone: str | None,
    config_path: Path | None,
    alpha: float | None,
    power: float | None,
    most_days: int | None,
    as_json: bool,
) -> None:
    """Say where models agree about channels and where not, and why; which model to take; and the cheapest experiment that would settle it.

    FILE is what `mta attribute` takes. Without one, it is of the newest day of the lake (MTA_LAKE).

    \b
    Examples:
      mta compare
      mta compare events.csv --spend spend.csv
      mta compare touchpoints.csv conversions.csv --models last_touch,markov_1,shapley --power 0.9

    How to read it, and what no attribution can say, is in docs/truth.md.
    """  # noqa: D301  click's own mark for lines that stay as they are
    given = [*(GivenFile(path=path) for path in files), *stated]
    config = _adjusted(configuration(config_path), {"alpha": alpha, "power": power, "most_days": most_days})
    options = Options(models=models, columns=columns, timezone=timezone, lookback_days=lookback_days, comparison=True)
    found = _of_files(given, options, config) if given else _of_lake(models, config)
    if as_json:
        show_json(document(found))
    else:
        show_words(found.comparison, found.of)


def document(found: Found) -> dict[str, object]:
    """Everything there is to say, for machines. Shares are of conversions, 0 to 1."""
    compared = found.comparison
    channels, models = compared.advice.channels, compared.advice.models
    currency = main_currency_of(channels)
    most, settled = largest(channels.filter(currency=currency or ""))
    return {
        "of": found.of,
        "currency": currency,
        "band_level": compared.level,
        "bands": COVERS,
        "shares": records(compared.shares.drop("metric").rename({"estimate": "share"})),
        "channels": records(channels),
        "models": records(models),
        "suggested": next(iter(models.filter(pl.col("suggested"))["model"]), None),
        "largest_disagreement": most and most["channel"],
        "experiment": settled and settled["channel"],
        "unavailable": dict(compared.unavailable),
        "limits": list(compared.limits),
    }


def _adjusted(config: Config, asked: dict[str, float | int | None]) -> Config:
    """The configuration with the size of experiments that the call asks for, checked as if it had been written so."""
    changed = {name: value for name, value in asked.items() if value is not None}
    document = config.model_dump()
    return parse_config(document | {"advice": document["advice"] | changed}, name="The call") if changed else config


def _of_files(given: list[GivenFile], options: Options, config: Config) -> Found:
    with progress() as notify:
        analysis = analyze(given, options, config, datetime.now(UTC), notify)
    if analysis.comparison is None:
        raise TypeError("the comparison was asked for")
    return Found(comparison=analysis.comparison, of=", ".join(file.given.shown for file in analysis.files))


def _of_lake(models: str, config: Config) -> Found:
    found = stored(Lake(Settings().lake), config, select(build_models(config.models), models))
    return Found(comparison=found.comparison, of=f"{found.window.first} to {found.window.last}")
