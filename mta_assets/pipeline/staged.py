"""What the staged tables hold now: the rows of each file's current version, and all rows that share an identity with some of them."""

from collections.abc import Iterable, Sequence
from datetime import date

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import FILES, IDENTIFIER, STAGED
from mta_assets.lake.lake import Lake

VERSION = ["source_name", "file", "file_version"]


def current_rows(lake: Lake, table: Table, days: DayRange | None = None) -> pl.LazyFrame:
    """The staged rows of current versions, of all days or some: what a half-finished or replaced ingest left behind does not count."""
    versions = lake.scan(FILES).filter(pl.col("status") == "current").select(VERSION)
    return lake.scan(table, days).join(versions, on=VERSION, how="semi", maintain_order="left")


def rivals(lake: Lake, kind: str, rows: pl.DataFrame, columns: Sequence[str] | None = None, within: pl.Expr | None = None) -> pl.DataFrame:
    """Every current staged row of `kind` that shares an identity with one of `rows` (which need source_name, identifier, day, identity_given).

    An identity made from content includes the day, so that its rivals are on the same day; a given one may be claimed on any.
    columns: of them, all unless named; within: looked for only among the rows for which it holds.
    """
    identity = ["source_name", IDENTIFIER[kind]]

    def among(now: pl.LazyFrame, wanted: pl.DataFrame) -> pl.LazyFrame:
        now = now if within is None else now.filter(within)
        now = now if columns is None else now.select(columns)
        return now.join(wanted.select(identity).lazy(), on=identity, how="semi")

    days, given = rows["day"].unique(), rows.filter("identity_given")
    same_day = among(_on_days(lake, kind, days), rows)
    if given.is_empty():
        return lake.collect(same_day)
    other_days = among(current_rows(lake, STAGED[kind]).filter(~pl.col("day").is_in(days.implode())), given)
    return lake.collect(pl.concat([same_day, other_days]))


def on_days(lake: Lake, kind: str, days: Iterable[date]) -> pl.DataFrame:
    """The current staged rows of `kind` on these days."""
    return lake.collect(_on_days(lake, kind, pl.Series(list(days), dtype=pl.Date)))


def _on_days(lake: Lake, kind: str, days: pl.Series) -> pl.LazyFrame:
    if days.is_empty():
        return STAGED[kind].empty().lazy()
    listed = days.to_list()
    return current_rows(lake, STAGED[kind], DayRange(min(listed), max(listed))).filter(pl.col("day").is_in(days.implode()))
