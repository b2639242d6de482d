"""What the staged tables hold now: the rows of each file's current version, and all rows that share an identity with some of them."""

from collections.abc import Iterable, Sequence
from datetime import date

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import FILES, IDENTIFIER, STAGED
from mta_assets.lake.lake import Lake

VERSION = ["source_name", "file", "file_version"]


def current_rows(lake: Lake, table: Table) -> pl.LazyFrame:
    """The staged rows of current versions: what a half-finished or replaced ingest left behind does not count."""
    versions = lake.scan(FILES).filter(pl.col("status") == "current").select(VERSION)
    return lake.scan(table).join(versions, on=VERSION, how="semi", maintain_order="left")


def rivals(lake: Lake, kind: str, rows: pl.DataFrame, columns: Sequence[str] | None = None, within: pl.Expr | None = None) -> pl.DataFrame:
    """Every current staged row of `kind` that shares an identity with one of `rows` (which need source_name, identifier, day, identity_given).

    An identity made from content includes the day, so that its rivals are on the same day; a given one may be claimed on any.
    columns: of them, all unless named; within: looked for only among the rows for which it holds.
    """
    identity = ["source_name", IDENTIFIER[kind]]
    rows_now = current_rows(lake, STAGED[kind])
    rows_now = rows_now if within is None else rows_now.filter(within)
    rows_now = rows_now if columns is None else rows_now.select(columns)
    given = rows.filter("identity_given")
    same_day = _on_days(rows_now, rows["day"].unique()).join(rows.select(identity).lazy(), on=identity, how="semi")
    if given.is_empty():
        return lake.collect(same_day)
    other_days = rows_now.filter(~pl.col("day").is_in(rows["day"].unique().implode())).join(
        given.select(identity).lazy(), on=identity, how="semi"
    )
    return lake.collect(pl.concat([same_day, other_days]))


def on_days(lake: Lake, kind: str, days: Iterable[date]) -> pl.DataFrame:
    """The current staged rows of `kind` on these days."""
    return lake.collect(_on_days(current_rows(lake, STAGED[kind]), pl.Series(list(days), dtype=pl.Date)))


def _on_days(rows: pl.LazyFrame, days: pl.Series) -> pl.LazyFrame:
    if days.is_empty():
        return rows.clear()
    return rows.filter(pl.col("day").is_between(days.min(), days.max()), pl.col("day").is_in(days.implode()))
