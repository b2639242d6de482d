"""What is measured on, made once under benchmarks/.work: raw Parquet of some size, the same in a lake's core tables, and a CSV of 100 MB."""

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS, CONVERSIONS, NOT_SET, TOUCHPOINTS
from mta_assets.ingest.identity import hash_values, made_identities
from mta_assets.lake.lake import Lake
from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_benchmark, write_table

WORK = Path(__file__).parent / ".work"
DAYS_PER_WRITE = 30
CSV_TOUCHES = 1_270_000  # 100 MB of touchpoints.csv and conversions.csv


def world(touches: int) -> World:
    """A year of a shop with 16 channels."""
    return World(touchpoints=touches, days=365, dirty_share=0)


def raw(touches: int) -> Path:
    """The folder of events.parquet (in order of time) and conversions.parquet."""
    folder = WORK / f"raw-{touches}"
    if not (folder / "done").exists():
        print(f"making {folder.name}", file=sys.stderr)
        write_benchmark(world(touches), folder)
        (folder / "done").touch()
    return folder


def lake(touches: int) -> Path:
    """The root of a lake whose core tables hold the same events, day by day in their order, written as the pipeline writes them."""
    root = WORK / f"lake-{touches}"
    if not (root / "done").exists():
        source = raw(touches)
        print(f"making {root.name}", file=sys.stderr)
        made = Lake(str(root))
        made.prepare(FIXED_TABLES)
        events, goals = (pl.scan_parquet(source / f"{name}.parquet") for name in ("events", "conversions"))
        first, last = world(touches).first_day, world(touches).day(364)
        while first <= last:
            days = DayRange(first, min(first + timedelta(days=DAYS_PER_WRITE - 1), last))
            within = pl.col("ts").dt.date().is_between(days.first, days.last)
            made.replace_days(TOUCHPOINTS, _touchpoints(events.filter(within).collect()), days)
            made.replace_days(CONVERSIONS, _conversions(goals.filter(within).collect()), days)
            first = days.last + timedelta(days=1)
        (root / "done").touch()
    return root


def csv() -> Path:
    """The folder of touchpoints.csv and conversions.csv, 100 MB together."""
    folder = WORK / "csv"
    if not (folder / "done").exists():
        print(f"making {folder.name}", file=sys.stderr)
        write_table(World(touchpoints=CSV_TOUCHES, days=90, dirty_share=0), folder)
        (folder / "done").touch()
    return folder


def _touchpoints(events: pl.DataFrame) -> pl.DataFrame:
    none = pl.lit(None)
    rows = events.with_columns(_identities(events, "event_id"), source=pl.lit(NOT_SET), medium=pl.lit(NOT_SET), cost=none)
    return _core(rows, TOUCHPOINTS, "event_id")


def _conversions(goals: pl.DataFrame) -> pl.DataFrame:
    return _core(goals.with_columns(_identities(goals, "conversion_id"), currency=pl.lit("USD")), CONVERSIONS, "conversion_id")


def _identities(rows: pl.DataFrame, name: str) -> pl.Series:
    numbers = pl.Series(np.arange(rows.height)) + rows["ts"].to_physical()
    return made_identities(hash_values(numbers), np.arange(rows.height)).alias(name)


def _core(rows: pl.DataFrame, table: Table, identifier: str) -> pl.DataFrame:
    user = pl.Series("user", hash_values(rows["user_id"]).view(np.int64))
    named = rows.with_columns(
        user,
        day=pl.col("ts").dt.date(),
        bucket=(user & (BUCKETS - 1)).cast(pl.Int8),
        extra=pl.lit(None),
        source_name=pl.lit("web"),
        file=pl.lit("events.parquet"),
        row=pl.int_range(1, pl.len() + 1),
    )
    return table.conform(named).sort("day", "bucket", "user", "ts", identifier)
