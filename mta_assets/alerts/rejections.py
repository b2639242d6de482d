"""How much of what a source delivered lately was rejected, beside what was before: from the list of files in the lake. Reads only."""

from datetime import timedelta
from typing import Final

import polars as pl

from mta_assets.alerts.facts import Rejections
from mta_assets.contracts.tables import FILES
from mta_assets.lake.lake import Lake

# The newest deliveries of a source are those of the day up to its newest one; it stays so until it delivers again, however long that takes.
NEWEST: Final = timedelta(hours=24)
BEFORE: Final = timedelta(days=28)


def rejections_of(lake: Lake) -> tuple[Rejections, ...]:
    """Of every source that has delivered. A version of a file that a later one replaced does not count."""
    files = lake.scan(FILES).filter(pl.col("status") != "replaced").select("source_name", "file", "status", *_COUNTED, "ingested_at")
    age = pl.col("ingested_at").max().over("source_name") - pl.col("ingested_at")
    rows = lake.collect(files.with_columns(age=age).filter(pl.col("age") <= NEWEST + BEFORE))
    newest = pl.col("age") < NEWEST
    counted = rows.group_by("source_name").agg(
        *(pl.col(name).filter(newest).sum() for name in _COUNTED),
        *(pl.col(name).filter(~newest).sum().alias(f"{name}_before") for name in _COUNTED),
        pl.col("file").filter(newest & (pl.col("status") == "unreadable")).sort().alias("unreadable"),
    )
    return tuple(
        Rejections(
            source=row["source_name"],
            read=row["rows_read"],
            quarantined=row["quarantined"],
            read_before=row["rows_read_before"],
            quarantined_before=row["quarantined_before"],
            unreadable=tuple(row["unreadable"]),
        )
        for row in counted.sort("source_name").iter_rows(named=True)
    )


_COUNTED: Final = ("rows_read", "quarantined")
