"""Each channel's share of a day's credit, with a standard error by the jackknife over user buckets. Pure."""

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats
from mta_assets.contracts.profiles import SHARES_DAILY
from mta_assets.contracts.tables import BUCKETS
from mta_assets.marts.jackknife import standard_error


def shares_daily(credit: pl.DataFrame, model: str, *, errors: bool = True) -> pl.DataFrame:
    """`marts/shares_daily` rows of one model's credits: a bucket of users is left out at a time. errors: whether they may be told; else they are 0."""
    if credit.is_empty():
        return SHARES_DAILY.empty()
    days, channels = (credit[name].unique().sort() for name in ("day", "channel"))
    day, channel = days.search_sorted(credit["day"]).to_numpy(), channels.search_sorted(credit["channel"]).to_numpy()
    cell = (day.astype(np.int64) * len(channels) + channel) * BUCKETS + credit["bucket"].to_numpy()
    size = len(days) * len(channels) * BUCKETS
    earned = (
        np.bincount(cell, weights=credit["credit"].to_numpy(), minlength=size).astype(np.float64).reshape(len(days), len(channels), BUCKETS)
    )
    conversions = earned.sum(axis=2)
    share, error = _jackknife(earned, conversions)
    rows, columns = np.nonzero(conversions > 0)
    frame = pl.DataFrame({"day": days[rows], "channel": channels[columns], "conversions": conversions[rows, columns]})
    told = error[rows, columns] if errors else np.zeros(len(rows))
    return SHARES_DAILY.conform(frame.with_columns(model=pl.lit(model), share=pl.Series(share[rows, columns]), share_error=pl.Series(told)))


def _jackknife(earned: Floats, conversions: Floats) -> tuple[Floats, Floats]:
    """(days, channels) share and its standard error. earned: (days, channels, buckets)."""
    total = conversions.sum(axis=1)[:, None]
    left = total[:, :, None] - earned.sum(axis=1)[:, None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        without = np.where(left > 1e-9 * total[:, :, None], (conversions[:, :, None] - earned) / left, np.nan)
        share = np.where(total > 0, conversions / total, 0.0)
    return share, standard_error(without)
