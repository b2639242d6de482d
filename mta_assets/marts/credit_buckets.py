"""Credit by bucket of users: per day, and added up over a window. Pure."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats
from mta_assets.contracts.bands import CREDIT_BUCKETS
from mta_assets.contracts.tables import BUCKETS

_KEY = ("day", "channel", "currency")


def credit_buckets(credit: pl.DataFrame, model: str) -> pl.DataFrame:
    """`marts/credit_buckets` rows of one model's credits."""
    if credit.is_empty():
        return CREDIT_BUCKETS.empty()
    keys = credit.select(_KEY).unique().sort(_KEY).with_row_index("row")
    row = credit.select(_KEY).join(keys, on=_KEY, how="left", maintain_order="left")["row"].to_numpy().astype(np.int64)
    cell = row * BUCKETS + credit["bucket"].to_numpy()
    sums = {
        name: np.bincount(cell, weights=credit[column].to_numpy(), minlength=keys.height * BUCKETS).reshape(keys.height, BUCKETS)
        for name, column in (("conversions", "credit"), ("value", "value"))
    }
    lists = (pl.Series(name, amounts, dtype=pl.Array(pl.Float64, BUCKETS)).arr.to_list() for name, amounts in sums.items())
    return CREDIT_BUCKETS.conform(keys.drop("row").with_columns(*lists, model=pl.lit(model)))


@dataclass(frozen=True, kw_only=True)
class BucketSums:
    """One model's credit of a window in one currency. conversions, value: (channels, BUCKETS); days: closing days on which anything converted."""

    channels: tuple[str, ...]
    conversions: Floats
    value: Floats
    days: int


def bucket_sums(rows: pl.DataFrame) -> dict[tuple[str, str], BucketSums]:
    """(model, currency) -> the sums of these `marts/credit_buckets` rows, added up in the order of the days."""
    found = {}
    for (model, currency), part in rows.sort("model", "currency", "channel", "day").group_by("model", "currency", maintain_order=True):
        first = np.flatnonzero(part["channel"].rle_id().diff().fill_null(1).to_numpy())
        conversions, value = (np.add.reduceat(_matrix(part[name]), first, axis=0) for name in ("conversions", "value"))
        channels = tuple(part["channel"][first])
        found[str(model), str(currency)] = BucketSums(
            channels=channels,
            conversions=conversions,
            value=value,
            days=part.filter(pl.col("conversions").list.sum() > 0)["day"].n_unique(),
        )
    return found


def _matrix(lists: pl.Series) -> Floats:
    return np.asarray(lists.list.to_array(BUCKETS).to_numpy(), dtype=np.float64)
