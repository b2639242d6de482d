"""credits + spend -> what people read: every model's credit per day, and its performance over the trailing fit window."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.bands import BANDS, CREDIT_BUCKETS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.increments import BASELINE, NOT_ESTIMATED, increments_table
from mta_assets.contracts.profiles import SHARES_DAILY
from mta_assets.contracts.tables import (
    APART,
    BUCKETS,
    CHANNEL_DAILY,
    CHANNEL_PERFORMANCE,
    JOURNEYS,
    NOT_SET,
    PLACEMENTS,
    SPEND,
    SPEND_DAILY,
    UNATTRIBUTED,
    UNCONSENTED,
    credits_table,
    learned_table,
)
from mta_assets.errors import DamagedError
from mta_assets.lake.lake import Lake
from mta_assets.marts import performance
from mta_assets.marts.credit_buckets import credit_buckets
from mta_assets.marts.shares import shares_daily
from mta_assets.marts.sums import summed
from mta_assets.models.base import AttributionModel, LearnedModel, estimates_increments
from mta_assets.pipeline.advice import advice
from mta_assets.pipeline.bands import bands, span
from mta_assets.pipeline.incrementality import incrementality
from mta_assets.pipeline.learning import days_with_results, fit_window


def write_marts(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange) -> None:
    """Recompute the marts of these days, but for those of the newest day alone."""
    refresh(lake, SPEND_DAILY, performance.spend_daily(lake.read(SPEND, days)), days)
    for table, frame in daily_marts(lake, config, models, days).items():
        refresh(lake, table, frame, days)
    refresh(lake, CHANNEL_PERFORMANCE, channel_performance(lake, config, models, days), days)


def write_marts_of_newest(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange) -> None:
    """Recompute bands, advice and incrementality when the newest day is one of these, whose other marts are written, or the lake has none of it."""
    last = [day for day in lake.days(CHANNEL_PERFORMANCE) if days.first <= day <= days.last][-1:]
    performed = lake.read(CHANNEL_PERFORMANCE, DayRange(last[0], last[0])) if last else CHANNEL_PERFORMANCE.empty()
    sure = bands(lake, config, models, days, performed)
    anew = ({} if sure is None else {BANDS: sure}) | advice(lake, config, models, performed, sure)
    added = incrementality(lake, config, models, days, performed)
    anew |= {} if added is None else {INCREMENTALITY: added}
    for table, frame in anew.items():
        refresh(lake, table, frame, span(lake, table, frame, days))


def refresh(lake: Lake, table: Table, frame: pl.DataFrame, days: DayRange) -> None:
    """Write these days unless that is what they hold: a mart has a new version, and answers made of it are made anew, only when its rows have changed."""
    if not _holds(lake, table, table.conform(frame).sort(table.key), days):
        lake.replace_days(table, frame, days)


def _holds(lake: Lake, table: Table, rows: pl.DataFrame, days: DayRange) -> bool:
    """Whether the table has these rows on these days; a damaged day has none."""
    try:
        return rows.equals(lake.read(table, days).sort(table.key))
    except DamagedError:
        return False


def converted_daily(lake: Lake, config: Config, days: DayRange) -> pl.DataFrame:
    """(day, currency, conversions, value) of these days that are shown: what every additive model's credit, and what none may credit, must add up to."""
    keys, fewest = ["day", "currency"], config.privacy.fewest_users
    converted = lake.scan(JOURNEYS, days).filter(pl.col("outcome") == "converted").group_by(keys)
    sums = lake.collect(converted.agg(pl.len().alias("conversions"), pl.col("value").sum(), pl.col("bucket").n_unique().alias("users")))
    apart = performance.without_consent(lake.read(UNCONSENTED, days), ["any"], config.milestones.stages.values(), fewest)
    shown = sums.filter(pl.col("users") >= fewest).select(*keys, pl.col("conversions", "value").cast(pl.Float64))
    return pl.concat([shown, apart.select(shown.columns)]).group_by(keys).agg(pl.col("conversions", "value").sum())


def credited_windows(lake: Lake, config: Config, days: DayRange) -> pl.DataFrame:
    """(day, model, currency, conversions, value): `marts/channel_daily` summed over the fit window that ends on each of these days that has results."""
    measures, keys = ["conversions", "value"], ["day", "model", "currency"]
    daily = lake.collect(lake.scan(CHANNEL_DAILY, days.back(config.fit_window_days - 1)).group_by(keys).agg(pl.col(measures).sum()))
    ends = days_with_results(lake, config, days)
    windows = [daily.filter(pl.col("day").is_between(fit_window(config, day).first, day)).with_columns(day=pl.lit(day)) for day in ends]
    return pl.concat([daily.clear(), *windows]).group_by(keys).agg(pl.col(measures).sum())


def daily_marts(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange) -> dict[Table, pl.DataFrame]:
    """`marts/channel_daily`, `shares_daily` and `credit_buckets` of these days, not yet written: the assets check them first.

    The first has every model's credits, and the conversions that no model may credit; cells of few users are hidden where that is configured.
    """
    fewest = config.privacy.fewest_users
    touched = _touched(lake, config, days) if fewest else None
    uncredited = performance.without_consent(lake.read(UNCONSENTED, days), list(models), config.milestones.stages.values(), fewest)
    parts: dict[Table, list[pl.DataFrame]] = {CHANNEL_DAILY: [uncredited], SHARES_DAILY: [SHARES_DAILY.empty()]}
    parts[CREDIT_BUCKETS] = [CREDIT_BUCKETS.empty()]
    for name, model in models.items():
        credit = lake.read(credits_table(name), days)
        shown = performance.shown(credit, fewest, touched if isinstance(model, LearnedModel) else None)
        parts[CHANNEL_DAILY].append(performance.channel_daily(shown, name))
        parts[SHARES_DAILY].append(shares_daily(shown, name, errors=not fewest))
        parts[CREDIT_BUCKETS].append(credit_buckets(credit, name))
    return {table: pl.concat(frames) for table, frames in parts.items()}


def _touched(lake: Lake, config: Config, days: DayRange) -> pl.DataFrame:
    """(day, channel, campaign, kind, bucket): what touched somebody in the window that a model learned from for the day; nothing touched the unattributed."""
    placement = ["channel", "campaign", "kind", "bucket"]
    rows = lake.read(PLACEMENTS, days.back(config.fit_window_days - 1)).select("day", *placement)
    windows = [(day, fit_window(config, day)) for day in days]
    seen = [
        rows.filter(pl.col("day").is_between(w.first, w.last)).select(pl.lit(day).alias("day"), *placement).unique() for day, w in windows
    ]
    nowhere = pl.DataFrame({"channel": [UNATTRIBUTED, BASELINE, NOT_ESTIMATED]}).with_columns(
        campaign=pl.lit(NOT_SET), kind=pl.lit(NOT_SET)
    )
    everybody = pl.DataFrame({"day": list(days)}).join(pl.DataFrame({"bucket": range(BUCKETS)}, schema={"bucket": pl.Int8}), how="cross")
    return pl.concat([*seen, everybody.join(nowhere, how="cross").select("day", *placement)])


def channel_performance(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange) -> pl.DataFrame:
    """`marts/channel_performance`, not yet written: for each day, every model over the fit window that ends on it, as one analysis of that window.

    A learned model's fit is that of the day itself, applied to the whole window, so that the numbers equal `mta attribute` on the window's files. Where small
    cells are hidden it is the sum of the window's days instead: a fit tells of channels that only few users met.
    """
    window = days.back(config.fit_window_days - 1)
    learned = {} if config.privacy.fewest_users else {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
    daily = lake.read(CHANNEL_DAILY, window).sort(CHANNEL_DAILY.key)
    # Of the core table: a run may compute this day before another one has come to the mart of an earlier day, whose spend has changed.
    spend = performance.spend_daily(lake.read(SPEND, window))
    shares = {name: lake.read(learned_table(name), days) for name in learned}
    increments = {name: lake.read(increments_table(name), days) for name, model in models.items() if estimates_increments(model)}
    frames = [_performance(day, fit_window(config, day), daily, spend, shares, increments) for day in days_with_results(lake, config, days)]
    return pl.concat([CHANNEL_PERFORMANCE.empty(), *frames])


def _performance(
    day: date,
    window: DayRange,
    daily: pl.DataFrame,
    spend: pl.DataFrame,
    shares: Mapping[str, pl.DataFrame],
    increments: Mapping[str, pl.DataFrame],
) -> pl.DataFrame:
    within = pl.col("day").is_between(window.first, window.last)
    keys = ["model", "channel", "currency"]
    earned = summed(daily.filter(within), keys, ["conversions", "value"])
    learned = [_shared_out(earned.filter(model=name), frame.filter(day=day)) for name, frame in shares.items()]
    rows = pl.concat([earned.filter(~pl.col("model").is_in(list(shares))), *learned])
    unknown = performance.unestimated({name: frame.filter(day=day) for name, frame in increments.items()})
    return CHANNEL_PERFORMANCE.conform(
        performance.with_spend(rows, spend.filter(within), ["channel"], unknown).with_columns(day=pl.lit(day))
    )


def _shared_out(earned: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """What the fit of the window's last day makes of all its attributed conversions; the unattributed ones stay as they are."""
    attributed = earned.filter(~pl.col("channel").is_in(APART))
    totals = attributed.group_by("model", "currency").agg(pl.col("conversions").sum().alias("all"), pl.col("value").sum().alias("worth"))
    rows = totals.join(shares.select("channel", "share", "value_share"), how="cross")
    credited = rows.select("model", "channel", "currency", pl.col("all") * pl.col("share"), pl.col("worth") * pl.col("value_share"))
    return pl.concat([credited.rename({"all": "conversions", "worth": "value"}), earned.filter(pl.col("channel").is_in(APART))])
