"""The users' rows in the lake: staged, quarantined, and all that follows from them, recomputed as if they had never come."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, FILES, IDENTIFIER, JOURNEYS, QUARANTINE, STAGED, TOUCHPOINTS, credits_table
from mta_assets.erasure.whom import Whom
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.run import catch_up
from mta_assets.pipeline.staged import current_rows, rivals

EVENTS = ("touchpoints", "conversions")
FILE = ["source_name", "file"]
_STAGED = [STAGED[kind] for kind in EVENTS]


def count(lake: Lake, models: Mapping[str, AttributionModel], whom: Whom) -> dict[str, int]:
    """Table -> how many rows are the users'."""
    counts = {table.name: _height(lake, lake.scan(table), whom) for table in (*_STAGED, TOUCHPOINTS, CONVERSIONS, JOURNEYS)}
    for name in models:
        table = credits_table(name)
        theirs = lake.scan(JOURNEYS).filter(pl.col("user").is_in(whom.users)).select("day", "source_name", "conversion_id")
        rows = lake.scan(table).join(theirs, on=["day", "source_name", "conversion_id"], how="semi").select(pl.len())
        counts[table.name] = lake.collect(rows, table.name).item()
    counts[QUARANTINE.name] = _mentioned(lake, whom).height
    return counts


def remove(lake: Lake, config: Config, landing: Path, whom: Whom, now: datetime) -> None:
    """Take the rows out of the staged tables: by reading files again that were written without them, else one by one."""
    held = _files_with_them(lake, whom)
    again = [file for file in landed_files(landing, config) if (file.source_name, file.file) in held] if landing.is_dir() else []
    ingest(lake, config, again, now)
    for kind in EVENTS:
        _announce(lake, kind, whom)
        lake.delete_users(STAGED[kind], whom.users)
    _remove_quarantined(lake, whom)


def restate(lake: Lake, config: Config, models: Mapping[str, AttributionModel], now: datetime) -> list[DayRange]:
    """Recompute all that is pending, as any run does. Returns the days."""
    return [days for _, days in catch_up(lake, config, models, now).in_order]


def _height(lake: Lake, rows: pl.LazyFrame, whom: Whom) -> int:
    return int(lake.collect(rows.filter(pl.col("user").is_in(whom.users)).select(pl.len())).item())


def _files_with_them(lake: Lake, whom: Whom) -> set[tuple[str, str]]:
    scans = [lake.scan(table).filter(pl.col("user").is_in(whom.users)).select(FILE) for table in _STAGED]
    found = pl.concat([*(lake.collect(scan) for scan in scans), _mentioned(lake, whom).select(FILE)])
    return set(found.unique().iter_rows())


def _announce(lake: Lake, kind: str, whom: Whom) -> None:
    """Note which core days must be rebuilt before the rows go: those of the rows, and those of others that then hold their identities."""
    wanted = ["source_name", "file", "day", IDENTIFIER[kind], "identity_given"]
    rows = lake.collect(current_rows(lake, STAGED[kind]).filter(pl.col("user").is_in(whom.users)).select(wanted))
    if rows.is_empty():
        return
    claimed = rivals(lake, kind, rows, wanted)
    days = pl.concat([rows, claimed.select(wanted)])["day"].unique().sort()
    own = dict(zip(FILE, rows.select(FILE).row(0), strict=True))  # one file of them notes the days for all
    files = lake.read(FILES).filter(**own)
    pending = pl.when(pl.col("status") == "current").then(pl.col("pending_days").list.set_union(pl.lit(days.implode())))
    lake.replace_where(FILES, files.with_columns(pending_days=pending.otherwise("pending_days")), own)


def _mentioned(lake: Lake, whom: Whom) -> pl.DataFrame:
    """The quarantined rows that name one of the users."""
    rows = lake.read(QUARANTINE)
    said = rows.select(pl.concat_str(["value", "record", "reason"], separator="\n", ignore_nulls=True)).to_series()
    return rows.filter(whom.in_texts(said))


def _remove_quarantined(lake: Lake, whom: Whom) -> None:
    mentioned = _mentioned(lake, whom)
    for source_name, file in mentioned.select(FILE).unique().iter_rows():
        own = {"source_name": source_name, "file": file}
        kept = lake.collect(lake.scan(QUARANTINE).filter(**own)).join(mentioned, on=list(QUARANTINE.key), how="anti")
        lake.replace_where(QUARANTINE, kept, own)


def added(*counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of several runs of one erasure, added up."""
    return dict(sum((Counter(each) for each in counts), Counter()))
