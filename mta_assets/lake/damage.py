"""Files of a Delta table that are damaged: which days they held, and the table without them. Finding them is `verified`'s, healing the pipeline's."""

from collections.abc import Set as AbstractSet
from datetime import date

import polars as pl
from deltalake import DeltaTable

from mta_assets.contracts.days import DayRange


def days_of(delta: DeltaTable, files: AbstractSet[str], partition: str | None) -> list[date]:
    """The days of which the files have rows, in order, by the log alone; of a table without partitions, all from its first to its last."""
    held = pl.DataFrame(delta.get_add_actions(flatten=True)).filter(pl.col("path").is_in(list(files)))
    first, last = (f"partition.{partition}",) * 2 if partition else ("min.day", "max.day")
    return sorted({day for one in held.select(first=first, last=pl.col(last)).rows() for day in DayRange(*one)})


def without_lost(delta: DeltaTable) -> None:
    """Strike the files off the log that are gone."""
    delta.repair()
