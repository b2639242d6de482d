"""`mta scorecard`: how far every model is from the truth, on worlds where it is known."""

from pathlib import Path

import click

from mta_assets.cli.options import FILE, configuration, holdout_shares
from mta_assets.cli.output import Cell, say, show_json, show_table
from mta_assets.cli.progress import progress
from mta_assets.errors import CallError
from mta_assets.models.registry import build_models, select
from mta_assets.scorecard.run import SEEDS, USERS, Trial, scorecard
from mta_assets.scorecard.summary import markdown, on_page, summary
from mta_assets.simulation.worlds import WORLDS


@click.command(name="scorecard")
@click.option("--world", "worlds", type=click.Choice(list(WORLDS)), multiple=True, help="A world; may be repeated.  [default: all]")
@click.option("--seed", "seeds", type=click.IntRange(min=0), multiple=True, help=f"A seed; may be repeated.  [default: {SEEDS}]")
@click.option("--users", type=click.IntRange(min=1_000), default=USERS, show_default=True, help="Users of each world.")
@click.option("--models", "names", default="all", show_default=True, help="Names separated by commas.")
@click.option("--holdout", "holdouts", multiple=True, metavar="CHANNEL=SHARE", help="A share of users whom the channel never touches.")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--page", type=FILE, help="A page whose table between the marks is written anew, e.g. docs/scorecard.md.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: a row per world, seed and model.")
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
    with progress(len(trial.worlds) * len(trial.seeds)) as notify:
        rows = scorecard(models, trial, notify)
    if page is not None:
        _rewrite(page, markdown(rows))
    if as_json:
        show_json(rows.to_dicts())
        return
    table = summary(rows)
    cells: list[tuple[Cell, ...]] = [
        tuple(round(each, 3) if isinstance(each, float) else each for each in row) for row in table.iter_rows()
    ]
    show_table(table.columns, [cells], title="Total variation from the true increments, and what follows from it")
    for model, reason in rows.drop_nulls("unavailable").select("model", "unavailable").unique(maintain_order=True).iter_rows():
        say(f"{model} is not on it: {reason}")


def _rewrite(page: Path, text: str) -> None:
    try:
        page.write_text(on_page(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CallError(f"--page {page} could not be written: {error}", "page") from error
