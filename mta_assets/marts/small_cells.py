"""Results without cells of few users: what of a day may be seen, decided once per day before anything is summed over days. Pure.

Every answer is then made of days that are safe by themselves: whoever subtracts one range, filter or grouping from another gets a sum of what could be
seen anyway. What is hidden of a group is shown as one sum of enough users, so that subtracting what is seen from a total says nothing more.
"""

from collections.abc import Sequence

import polars as pl

from mta_assets.contracts.tables import BUCKETS
from mta_assets.marts.sums import summed

SMALL = "(small)"  # stands for the cells that were hidden, summed
# A user is in one bucket only, so that there are as many users as buckets at least. Of 64 buckets, half are still filled by few users more.
MOST = BUCKETS // 2


def safe(
    rows: pl.DataFrame,
    *,
    group: Sequence[str],
    cell: Sequence[str],
    values: Sequence[str],
    fewest: int,
    evidence: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The sums of `values` per group and cell, as `named` names the rows."""
    return summed(named(rows, group=group, cell=cell, values=values, fewest=fewest, evidence=evidence), [*group, *cell], values)


def named(
    rows: pl.DataFrame,
    *,
    group: Sequence[str],
    cell: Sequence[str],
    values: Sequence[str],
    fewest: int,
    evidence: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows, those of cells of fewer than `fewest` users named SMALL: once they are summed per group and cell, all may be seen.

    rows: with a column `bucket`; rows that weigh nothing are nobody's. A group of fewer users is left out. Where the hidden cells together are of fewer users,
    the smallest of the others are hidden with them. evidence: group's day, some columns of the cell and `bucket`: a cell has no more users than its evidence.
    """
    keys = [*group, *cell]
    weighing = rows.filter(pl.any_horizontal(pl.col(name) != 0 for name in values))
    buckets = weighing.select(*keys, "bucket").unique()
    cells = buckets.group_by(keys).agg(pl.len().alias("users"))
    if evidence is not None:
        known = [name for name in evidence.columns if name != "bucket"]
        seen = evidence.unique().group_by(known).agg(pl.len().alias("seen"))
        cells = cells.join(seen, on=known, how="left").with_columns(pl.min_horizontal("users", pl.col("seen").fill_null(0)).alias("users"))
    hidden = _hidden(cells, buckets, list(group), list(cell), fewest)
    judged = weighing.join(hidden, on=keys)
    return judged.with_columns(pl.when("hidden").then(pl.lit(SMALL)).otherwise(pl.col(name)).alias(name) for name in cell).drop("hidden")


def _hidden(cells: pl.DataFrame, buckets: pl.DataFrame, group: list[str], cell: list[str], fewest: int) -> pl.DataFrame:
    """(group, cell, hidden) of the groups that may be seen: of each the cells of the fewest users, until all small ones are among them and they have enough."""
    keys = [*group, *cell]
    ranked = cells.sort("users", *keys).with_columns(pl.int_range(pl.len()).over(group).alias("rank"))
    last_small = ranked.filter(pl.col("users") < fewest).group_by(group).agg(pl.col("rank").max().alias("last_small"))
    first_seen = buckets.join(ranked.select(*keys, "rank"), on=keys).group_by(*group, "bucket").agg(pl.col("rank").min())
    enough = first_seen.group_by(group).agg(pl.col("rank").sort().get(fewest - 1, null_on_oob=True).alias("enough"))
    bounds = enough.filter(pl.col("enough").is_not_null()).join(last_small, on=group, how="left")
    until = pl.when(pl.col("last_small").is_null()).then(-1).otherwise(pl.max_horizontal("last_small", "enough"))
    return ranked.join(bounds, on=group).select(*keys, (pl.col("rank") <= until).alias("hidden"))
