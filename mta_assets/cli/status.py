"""`mta status`: what the lake holds, how far it reaches, what is pending and what was rejected. It reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click
import polars as pl

from mta_assets.analysis.output import records
from mta_assets.cli.options import FILE, configuration
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.config import Config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange, contiguous
from mta_assets.contracts.tables import FILES, QUARANTINE
from mta_assets.errors import LakeError
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import build_models
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import pending_core_days
from mta_assets.pipeline.run import tables
from mta_assets.settings import Settings

LAST_FILES = 10


@dataclass(frozen=True, kw_only=True)
class TableStatus:
    """A table's rows and version; None for one that is not there yet."""

    name: str
    rows: int | None
    version: int | None


@dataclass(frozen=True, kw_only=True)
class Status:
    """What there is to know. newest: the last day with data; provisional: the days whose journeys may still change."""

    lake: str
    newest: date | None
    provisional: DayRange | None
    pending_core: list[DayRange]
    pending: restatements.Work
    tables: list[TableStatus]
    files: pl.DataFrame
    quarantine: pl.DataFrame


@click.command(name="status")
@click.option("--config", "config_path", type=FILE, help="Settings to use instead of MTA_CONFIG (mta.yaml).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(config_path: Path | None, as_json: bool) -> None:
    """Show what the lake holds, how far it reaches, what waits to be recomputed and which rows were rejected.

    A day is provisional until the data reach `settle_days` past it: late rows may still change it.
    """
    config = configuration(config_path)
    status = status_of(Lake(Settings().lake), config, tables(build_models(config.models)))
    if as_json:
        show_json(document(status))
    else:
        show(status)


def status_of(lake: Lake, config: Config, all_tables: list[Table]) -> Status:
    """Read it from the lake. Raises LakeError when there is none."""
    newest = restatements.newest_day(lake)
    files = lake.read(FILES).sort("ingested_at", "file", descending=[True, False]).drop("pending_days", "file_version")
    quarantine = lake.collect(lake.scan(QUARANTINE).group_by("source_name", "column", "reason").agg(pl.len().alias("rows")))
    return Status(
        lake=lake.root,
        newest=newest,
        provisional=DayRange(newest - timedelta(days=config.settle_days - 1), newest) if newest and config.settle_days else None,
        pending_core=contiguous(pending_core_days(lake)),
        pending=restatements.pending(lake),
        tables=[_table_status(lake, table) for table in all_tables],
        files=files.head(LAST_FILES),
        quarantine=quarantine.sort("rows", "source_name", "column", "reason", descending=[True, False, False, False]),
    )


def _table_status(lake: Lake, table: Table) -> TableStatus:
    try:
        version = lake.version(table)
    except LakeError:  # a model that was configured and has not run yet
        return TableStatus(name=table.name, rows=None, version=None)
    return TableStatus(name=table.name, rows=lake.rows(table), version=version)


def document(status: Status) -> dict[str, object]:
    """The status for machines."""
    pending: Mapping[str, object] = {"core": status.pending_core, "closing": status.pending.closing, "fit": status.pending.fit}
    return {
        "lake": status.lake,
        "newest_day": status.newest,
        "provisional": status.provisional,
        "pending": pending,
        "tables": status.tables,
        "last_files": records(status.files),
        "quarantine": records(status.quarantine),
    }


def show(status: Status) -> None:
    """The status for a person."""
    say(f"lake:         {status.lake}")
    say(f"newest day:   {status.newest or 'none: nothing was taken in yet; try `mta ingest` or `mta demo`'}")
    say(f"provisional:  {status.provisional or 'no day'}")
    waiting = {"core days": status.pending_core, "closing days": status.pending.closing, "refits": status.pending.fit}
    parts = [f"{what} {', '.join(map(str, days))}" for what, days in waiting.items() if days]
    say(f"pending:      {'; '.join(parts) or 'nothing'}\n")
    show_table(("table", "rows", "version"), [[(table.name, table.rows, table.version) for table in status.tables]])
    if status.files.height:
        columns = ["file", "source_name", "status", "rows_read", "accepted", "quarantined", "duplicates", "ingested_at"]
        show_table(columns, [status.files.select(columns).rows()], title="\nThe last files")
    if status.quarantine.height:
        columns = ["rows", "source_name", "column", "reason"]
        show_table(columns, [status.quarantine.select(columns).rows()], title="\nRejected rows")
