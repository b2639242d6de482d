"""Advice on the newest day's window: what its marts and statistics come to. No event is touched, and no rule is here: those are in `marts`."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from mta_assets.analysis.comparison import comparison, conversions_of, costs, not_additive
from mta_assets.config import Config
from mta_assets.contracts.advice import CHANNEL_ADVICE, MODEL_ADVICE
from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.bands import BANDS, CREDIT_BUCKETS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, NO_CONSENT, PATHS
from mta_assets.journeys.statistic_windows import decode
from mta_assets.lake.lake import Lake
from mta_assets.marts.advice import Evidence
from mta_assets.marts.credit_buckets import bucket_sums
from mta_assets.marts.disagreement import Facts
from mta_assets.marts.openers import OPENERS, openers
from mta_assets.marts.power import dispersion
from mta_assets.models.base import AttributionModel, estimates_increments
from mta_assets.pipeline.learning import fit_window

Frames = dict[Table, pl.DataFrame]


def advice(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], performance: pl.DataFrame, bands: pl.DataFrame | None
) -> Frames:
    """All of `marts/channel_advice` and `marts/model_advice`, not yet written.

    bands: all of `marts/bands` as they are made, None when they stay; performance: `marts/channel_performance` of the days that are being made. What the lake
    has of the day whose bands stay, stays: then no frame is given.
    """
    tables = (CHANNEL_ADVICE, MODEL_ADVICE)
    if bands is None:
        if all(lake.days(table) == lake.days(BANDS) for table in tables):
            return {}
        bands = lake.read(BANDS)
    if bands.is_empty():
        return {table: table.empty() for table in tables}
    newest: date = bands.select(pl.col("day").max()).item()
    made = performance.filter(day=newest)
    rows = made if made.height else lake.read(CHANNEL_PERFORMANCE, DayRange(newest, newest)).sort(CHANNEL_PERFORMANCE.key)
    found = comparison(_evidence(lake, config, models, newest, rows.drop("day"), bands), config, unavailable(models, config)).advice
    frames = {CHANNEL_ADVICE: found.channels, MODEL_ADVICE: found.models}
    return {table: table.conform(frame.with_columns(day=pl.lit(newest))).sort(table.key) for table, frame in frames.items()}


def unavailable(models: Mapping[str, AttributionModel], config: Config) -> dict[str, str]:
    """Model -> why it cannot be computed on any journey of this configuration."""
    nothing = Touches.none(stages=config.milestones.stages)
    return {name: reason for name, model in models.items() if (reason := model.missing(nothing))}


def _evidence(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], day: date, rows: pl.DataFrame, bands: pl.DataFrame
) -> Evidence:
    window = fit_window(config, day)
    return Evidence(
        bands=bands.filter(day=day).drop("day"),
        costs=costs(rows),
        openers=OPENERS.to_frame() if config.privacy.fewest_users else _openers(lake, window),
        facts=_facts(lake, config, models, window, rows),
        refused=unavailable(models, config) | not_additive(models, rows),
        increments=increments_of(lake, models, day),
    )


def increments_of(lake: Lake, models: Mapping[str, AttributionModel], day: date) -> dict[str, pl.DataFrame]:
    """Model -> what it estimates for the window that ends on the day, of models that estimate increments and have done so."""
    estimating = [name for name, model in models.items() if estimates_increments(model)]
    found = {name: lake.read(increments_table(name), DayRange(day, day)).sort("channel").drop("day") for name in estimating}
    return {name: rows for name, rows in found.items() if rows.height}


def _openers(lake: Lake, window: DayRange) -> pl.DataFrame:
    statistics = decode({PATHS: lake.read(PATHS, window)}, ("paths",)).within(window)
    return OPENERS.to_frame() if statistics.paths is None else openers(statistics.paths, statistics.units)


def _facts(lake: Lake, config: Config, models: Mapping[str, AttributionModel], window: DayRange, rows: pl.DataFrame) -> dict[str, Facts]:
    """Of each currency. How much conversions vary is not told where results of few users are hidden."""
    totals = conversions_of(rows, models)
    additive = [name for name in rows["model"].unique(maintain_order=True) if models[name].additive][:1]
    buckets = lake.read(CREDIT_BUCKETS, window).filter(pl.col("model").is_in(additive), pl.col("channel") != NO_CONSENT)
    converted = buckets.filter(pl.col("conversions").list.sum() > 0)
    first, last = converted.select(first=pl.col("day").min(), last=pl.col("day").max()).row(0)
    days = None if first is None else (last - first).days + 1
    sums = {currency: each.conversions.sum(axis=0) for (_, currency), each in bucket_sums(buckets).items()}
    varied = {} if config.privacy.fewest_users else {currency: dispersion(by_bucket) for currency, by_bucket in sums.items()}
    return {
        currency: Facts(all_conversions=total, days=days if total else None, dispersion=varied.get(currency))
        for currency, total in totals.items()
    }
