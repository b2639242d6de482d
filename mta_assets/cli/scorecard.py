"""`mta scorecard`: how far every model is from the truth, on worlds where it is known."""

from pathlib import Path

import click
import polars as pl

from mta_assets.cli.options import FILE, configuration, holdout_shares
from mta_assets.cli.output import Cell, say, show_json, show_table
from mta_assets.cli.progress import progress
from mta_assets.errors import CallError
from mta_assets.models.registry import build_models, select
from mta_assets.scorecard.run import SEEDS, USERS, Trial, scorecard
from mta_assets.scorecard.summary import foretelling, foretelling_markdown, markdown, on_page, summary
from mta_assets.simulation.worlds import WORLDS


@click.command(name="scorecard")
@click.option("--world", "worlds", type=click.Choice(list(WORLDS)), multiple=True, help="A world; may be repeated.  [default: all]")
@click.option("--seed", "seeds", type=click.IntRange(min=0), multiple=True, help=f"A seed; may be repeated.  [default: {SEEDS}]")
@click.option("--users", type=click.IntRange(min=1_000), default=USERS, show_default=True, help="Users of each world.")
@click.option("--models", "names", default="all", show_default=True, help="Names separated by commas.")
@click.option("--holdout", "holdouts", multiple=True, metavar="CHANNEL=SHARE", help="A share of users whom the channel never touches.")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--page", type=FILE, help="A page whose table between the marks is written anew, e.g. docs/scorecard.md.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: rows and predictions, each by world, seed and model.")
def command(
    *,
    worlds: tuple[str, ...],
    seeds: tuple[int, ...],
    users: int,
    names: str,
    holdouts: tuple[str, ...],
    config_path: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Try every model on simulated worlds in which it is known what each channel caused.

    \b
    Examples:
      mta scorecard
      mta scorecard --world default --seed 1 --users 20000 --models shapley,markov_1

    What the columns mean is in docs/scorecard.md. Equal options give equal digits.
    """  # noqa: D301  click's own mark for lines that stay as they are
    models = select(build_models(configuration(config_path).models), names)
    trial = Trial(worlds=worlds or tuple(WORLDS), seeds=seeds or SEEDS, users=users, holdouts=holdout_shares(holdouts))
    if page is not None:
        _with_tables(page, "")  # what cannot be written is refused before the work, not after
    with progress(len(trial.worlds) * len(trial.seeds)) as notify:
        card = scorecard(models, trial, notify)
    if page is not None:
        page.write_text(_with_tables(page, f"{markdown(card.rows)}\n\n{foretelling_markdown(card.predictions)}"), encoding="utf-8")
    if as_json:
        show_json({"rows": card.rows.to_dicts(), "predictions": card.predictions.to_dicts()})
        return
    _show(summary(card.rows), "Total variation from the true increments, and what follows from it")
    say()
    _show(foretelling(card.predictions).drop("foretold", "happened"), "Chance of a conversion within a week of a touch")
    for model, reason in card.rows.drop_nulls("unavailable").select("model", "unavailable").unique(maintain_order=True).iter_rows():
        say(f"{model} is not on it: {reason}")


def _show(table: pl.DataFrame, title: str) -> None:
    cells: list[tuple[Cell, ...]] = [tuple(f"{each:.3f}" if isinstance(each, float) else each for each in row) for row in table.iter_rows()]
    show_table(table.columns, [cells], title=title)


def _with_tables(page: Path, tables: str) -> str:
    """The page's text with the tables between its marks."""
    try:
        return on_page(page.read_text(encoding="utf-8"), tables)
    except (OSError, ValueError) as error:
        raise CallError(f"--page {page} cannot be used: {error}", "page") from error
