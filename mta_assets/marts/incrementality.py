"""Calibrated increments beside what channels cost and what the model credits: iROAS beside ROAS. Pure: frames in, frames out."""

from datetime import date

import polars as pl

from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.tables import NOT_SET

_ENDS = ("", "_low", "_high")
COVERS = (
    "A band of what a channel added holds the error of sampling and of the experiments and, where experiments count, the model's own error as far as these "
    "show it. Without any experiment (basis none) it holds that of sampling alone: how far the model is off is then in no band."
)


def incrementality(
    calibrated: pl.DataFrame, performance: pl.DataFrame, doubt: str | None, model: str, day: date, level: float
) -> pl.DataFrame:
    """`INCREMENTALITY` rows of one model, in the order of the channels and currencies given.

    calibrated: `CALIBRATED` rows. performance: channel, currency, cost and roas of the same model; cost and roas null where they are unknown. doubt: why the
    estimates are not to be trusted, or None. level: of the bands.
    """
    beside = performance.select("channel", "currency", "cost", "roas")
    rows = calibrated.join(beside, on="channel", how="left", maintain_order="left_right").with_columns(
        pl.lit(day).alias("day"),
        pl.lit(model).alias("model"),
        pl.lit(level).alias("level"),
        pl.lit(doubt, pl.String).alias("doubt"),
        pl.col("currency").fill_null(NOT_SET),
        # A model credits nothing to what it cannot estimate; that is no return of 0.
        pl.when(pl.col("increment").is_not_null()).then("roas").alias("roas"),
        *(_iroas(end) for end in _ENDS),
    )
    return INCREMENTALITY.conform(rows)


def _iroas(end: str) -> pl.Expr:
    """The ROAS of the model, times what the estimate is to be multiplied by: 1, with the band of the estimate, where no experiment says otherwise."""
    scaled = pl.when(pl.col("increment") > 0).then(pl.col(f"calibrated{end}") / pl.col("increment"))
    return (pl.col("roas") * scaled).alias(f"iroas{end}")
