"""How long journeys are before they convert: touches, and days from the first touch. From `core/journeys`, of which only these two numbers are read."""

from collections.abc import Collection, Mapping

import polars as pl

from mta_assets.contracts.tables import JOURNEYS
from mta_assets.results.questions import Answer, Marts
from mta_assets.results.small_cells import seen_by_all
from mta_assets.results.windows import Window

MEASURES = ("touches", "days")
_QUANTILES = {"p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99}
_DAY_US = 86_400_000_000


def lengths(marts: Marts, days: Window, channels: Collection[str] = (), goals: Collection[str] = ()) -> tuple[Answer, Mapping[str, object]]:
    """The distributions of touches and of days to conversion over the converting journeys, and a summary of each.

    One row per measure x at_least: touches count one by one; at_least day n are n to n + 1 days from the first touch. journeys, share of the
    measure's journeys, cumulative share. Conversions that no touch precedes are in neither; the summary says how many they are.
    channels: only journeys that touch one of them; goals: only conversions to one of them.
    """
    seen_by_all(marts.config, "Lengths of journeys")
    lake = marts.snapshots.lake
    rows = lake.scan(JOURNEYS, days.asked).filter(pl.col("outcome") == "converted")
    if goals:
        rows = rows.filter(pl.col("goal").is_in(list(goals)))
    if channels:
        rows = rows.filter(pl.any_horizontal(pl.col("channel").list.contains(channel) for channel in channels))
    to_conversion = (pl.col("closing_ts") - pl.col("touch_ts").list.get(0, null_on_oob=True)).dt.total_microseconds() / _DAY_US
    read = lake.collect(
        rows.select(pl.col("channel").list.len().cast(pl.Int64).alias("touches"), to_conversion.alias("days")), JOURNEYS.name
    )
    touched = read.filter(pl.col("touches") > 0)
    frame = pl.concat([_distribution(touched, measure) for measure in MEASURES])
    about = {measure: _summary(touched[measure]) for measure in MEASURES} | {"unattributed": read.height - touched.height}
    return Answer(frame=frame, days=days.covered, provisional=days.provisional), about


def _distribution(touched: pl.DataFrame, measure: str) -> pl.DataFrame:
    counted = touched.group_by(pl.col(measure).floor().cast(pl.Int64).alias("at_least")).agg(pl.len().cast(pl.Int64).alias("journeys"))
    share = pl.col("journeys") / pl.col("journeys").sum()
    return counted.sort("at_least").select(
        pl.lit(measure).alias("measure"), "at_least", "journeys", share.alias("share"), share.cum_sum().alias("cumulative_share")
    )


def _summary(values: pl.Series) -> dict[str, object]:
    """Mean, quantiles (the lower value where one falls between two) and maximum; null where there is no journey."""
    quantiles = {name: values.quantile(at, "lower") for name, at in _QUANTILES.items()}
    return {"journeys": len(values), "mean": values.mean(), **quantiles, "max": values.max()}
