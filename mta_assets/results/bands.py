"""Bands beside the figures that they are of. No computation of bands: they are in `marts/bands`."""

import polars as pl

from mta_assets.contracts.bands import METRICS

NOT_COMPUTED = "not computed yet: materialise marts/channel_performance of the newest day"
_ADDED = ("share", "effect")  # figures that the bands have and `marts/channel_performance` has not


def with_bands(performance: pl.DataFrame, bands: pl.DataFrame) -> pl.DataFrame:
    """`marts/channel_performance` rows of a day with share, effect, each figure's low and high, and no_band: why conversions or value have none.

    bands: `marts/bands` rows of the same day. An effect has no currency: it stands in every row of its model and channel.
    """
    rows = performance
    for metric in METRICS:
        keys = ["model", "channel"] if metric == "effect" else ["model", "channel", "currency"]
        estimate = [pl.col("estimate").alias(metric)] if metric in _ADDED else []
        reason = [pl.col("reason").alias(f"{metric}_reason")] if metric in {"conversions", "value"} else []
        bounds = (pl.col(bound).alias(f"{metric}_{bound}") for bound in ("low", "high"))
        own = bands.filter(metric=metric).select(*keys, *estimate, *bounds, *reason)
        rows = rows.join(own, on=keys, how="left", maintain_order="left")
    known = rows.join(
        bands.select("model", "channel").unique().with_columns(known=True), on=["model", "channel"], how="left", maintain_order="left"
    )
    told = pl.coalesce("conversions_reason", "value_reason")
    return known.with_columns(no_band=pl.when(pl.col("known").is_null()).then(pl.lit(NOT_COMPUTED)).otherwise(told)).drop(
        "known", "conversions_reason", "value_reason"
    )
