"""What of journeys may be seen where results of few users are hidden (`privacy.fewest_users`): paths that many took, no single users, no moves."""

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.tables import PATHS
from mta_assets.errors import HiddenError
from mta_assets.marts.small_cells import SMALL, safe

_BETWEEN = "\x1f"
_SUMS = ["conversions", "nulls", "value"]


def seen_by_all(config: Config, what: str) -> None:
    """Raises HiddenError where small cells are hidden: for results that cannot be had without them."""
    if fewest := config.privacy.fewest_users:
        raise HiddenError(f"{what} would tell of fewer than {fewest} users, and are not shown where privacy.fewest_users is set.")


def seen_paths(rows: pl.DataFrame, config: Config) -> pl.DataFrame:
    """Those rows of `core/paths`, summed over buckets, that may be seen: what remains of a day is left out, so that no sum over all paths is told."""
    if not config.privacy.fewest_users:
        return rows
    named = rows.with_columns(pl.col("path").list.join(_BETWEEN).alias("named"))
    seen = safe(named, group=["day"], cell=["named"], values=_SUMS, fewest=config.privacy.fewest_users).filter(pl.col("named") != SMALL)
    hashes = named.select("named", "path_hash", "path").unique("named")
    return seen.join(hashes, on="named", how="left").select("day", pl.lit(0, pl.Int8).alias("bucket"), *PATHS.schema.names()[2:])
