"""`python benchmarks/core_tables.py LAKE`: the core tables of a year, each day sorted by (bucket, user, time), to everything."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import data
import engine
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from raw_parquet import recoded
from stages import Stages

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, TOUCHPOINTS
from mta_assets.journeys.events import CONVERSION_COLUMNS, by_goal
from mta_assets.journeys.pieces import History
from mta_assets.journeys.split import UserSplit
from mta_assets.lake.lake import Lake


def main(root: Path) -> None:
    pa.set_memory_pool(pa.system_memory_pool())  # the default pool asks for huge pages: clearing them took three times as long as reading
    stages = Stages()
    split, codes = UserSplit(), {}
    days = read_days(root)
    while True:
        with stages("read"):
            day = next(days, None)
        if day is None:
            break
        with stages("split"):
            user, ts, channel = day
            split.add(user.to_numpy(), ts.view(pa.int64()).to_numpy(), recoded(channel, codes))
    with stages("read"):
        conversions = read_conversions(Lake(str(root)))
        value = conversions["value"].cast(pl.Float64).to_numpy()
    history = History(touches=split, labels=list(codes), channels=list(codes), conversions=conversions)
    earned = engine.everything(history, value, stages)
    stages.report(touches=len(split), conversions=len(value), **{name: float(credit.conversions.sum()) for name, credit in earned.items()})


def read_days(root: Path) -> Iterator[list[pa.Array]]:
    """User, time and channel of each day's touches, in order of time. Touches of a user and moment are of one day, in order of their identity."""
    for file in sorted(DeltaTable(root / TOUCHPOINTS.name).file_uris()):  # the day is part of the name
        rows = pq.ParquetFile(file, read_dictionary=["channel"], pre_buffer=False).read(
            columns=["user", "ts", "channel"], use_threads=False
        )
        yield [column.combine_chunks() for column in rows.columns]


def read_conversions(lake: Lake) -> pl.DataFrame:
    world = data.world(1)
    rows = lake.scan(CONVERSIONS, DayRange(world.first_day, world.day(world.days) - timedelta(days=1)))
    purchases = rows.select("day", *CONVERSION_COLUMNS).filter(pl.col("goal") == "purchase").collect()
    return by_goal(purchases.sort("day", maintain_order=True), {})[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
