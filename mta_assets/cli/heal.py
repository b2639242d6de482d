"""`mta heal`: what is damaged in the lake, computed again from what is whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.cli.progress import progress
from mta_assets.contracts.catalogue import GIVEN
from mta_assets.contracts.days import contiguous
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import build_models
from mta_assets.pipeline.healing import Damage, Healing, ask, damage_of
from mta_assets.pipeline.restatements import Work
from mta_assets.pipeline.run import catch_up, open_lake, tables
from mta_assets.settings import Settings

LOST = 1  # exit code


@click.command(name="heal")
@click.option("--look", is_flag=True, help="Only say what is damaged.")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, config_path: Path | None, look: bool, as_json: bool) -> None:
    """Compare every file of the lake with its checksum, and compute again what the damaged ones held, with all that is pending.

    Core tables are computed from staged ones, with all that follows from the day on; journeys, credits and marts from core tables, for their days alone.
    Results are those of before the damage. Staged tables follow from nothing in the lake: put their files back from a copy. Everything may run meanwhile.

    \b
    Exit codes: 0 nothing is damaged any more, 1 something is that cannot be computed (or --look found damage), 2 the lake cannot be used.
    """  # noqa: D301  click's own mark for lines that stay as they are
    config = configuration(config_path)
    models = build_models(config.models)
    lake, now = open_lake(Settings().lake, models), datetime.now(UTC)
    damaged = damage_of(lake, tables(models))
    healing, work = Healing(), Work(closing=(), fit=())
    if damaged and not look:
        healing = ask(lake, config, damaged, now)
        with progress() as notify:
            work = catch_up(lake, config, models, now, notify)
        healing = replace(healing, lost=(*healing.lost, *_left(lake, damaged)))
    if as_json:
        show_json(document(damaged, healing, work))
    else:
        show(damaged, healing, work)
    if healing.lost or (look and damaged):
        ctx.exit(LOST)


def _left(lake: Lake, damaged: Sequence[Damage]) -> Iterator[str]:
    """What no step of the daily flow has written anew."""
    for damage in damage_of(lake, [damage.table for damage in damaged if damage.table not in GIVEN]):
        yield f"{damage.table.name}: {', '.join(damage.files)}. Run the job that makes it for the days {', '.join(map(str, contiguous(damage.days)))}."


def document(damaged: Sequence[Damage], healing: Healing, work: Work) -> dict[str, object]:
    """What was found and done, for machines."""
    found = [{"table": damage.table.name, "files": damage.files, "days": damage.days} for damage in damaged]
    ranges = {"core": contiguous(healing.core), "closed": work.closing, "refitted": work.fit}
    return {"damaged": found, **ranges, "lost": healing.lost}


def show(damaged: Sequence[Damage], healing: Healing, work: Work) -> None:
    """What was found and done, for a person."""
    if not damaged:
        say("No file of the lake is damaged.")
        return
    rows = [(damage.table.name, len(damage.files), ", ".join(map(str, contiguous(damage.days)))) for damage in damaged]
    show_table(("damaged table", "files", "days"), [rows])
    for what, days in (("core days", contiguous(healing.core)), ("closing days", work.closing), ("refits", work.fit)):
        if days:
            say(f"computed again: {what} {', '.join(map(str, days))}")
    for lost in healing.lost:
        say(f"not in the lake any more: {lost}")
