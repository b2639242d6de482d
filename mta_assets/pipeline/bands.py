"""Bands of the newest day: its window's credit by bucket, and each learned model fitted again without each group of users. No event is touched."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.bands import BANDS, CREDIT_BUCKETS
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, COALITIONS, learned_table
from mta_assets.journeys.statistic_windows import StatisticWindows, decode
from mta_assets.lake.lake import Lake
from mta_assets.marts import bands as figures
from mta_assets.marts.credit_buckets import BucketSums, bucket_sums
from mta_assets.marts.samples import Evidence, Sample, Shares, evidence, of_shares, of_sums
from mta_assets.models.base import AttributionModel, Learned, LearnedModel
from mta_assets.models.refits import fitting_needs, groups_for, refit
from mta_assets.pipeline.learning import LearnedDays, fit_window, tables_of


def bands(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange, performance: pl.DataFrame) -> pl.DataFrame:
    """All of `marts/bands`, not yet written: of the newest day that has results, as they are once those of these days are written.

    performance: `marts/channel_performance` of the days. When the newest day is not among them, what the lake has of it stays.
    """
    kept = [day for day in lake.days(CHANNEL_PERFORMANCE) if not days.first <= day <= days.last]
    newest = max([*kept, *performance["day"].unique()], default=None)
    if newest is None:
        return BANDS.empty()
    one = DayRange(newest, newest)
    if newest in kept and newest in lake.days(BANDS):
        return lake.read(BANDS, one).sort(BANDS.key)
    rows = lake.read(CHANNEL_PERFORMANCE, one) if newest in kept else performance.filter(day=newest)
    return _computed(lake, config, models, newest, rows.drop("day"))


def span(lake: Lake, found: pl.DataFrame, days: DayRange) -> DayRange:
    """The days in whose place all of `marts/bands` is written: theirs, and those that have bands by now."""
    reached = [*lake.days(BANDS), *found["day"].unique(), days.first, days.last]
    return DayRange(min(reached), max(reached))


def _computed(lake: Lake, config: Config, models: Mapping[str, AttributionModel], day: date, rows: pl.DataFrame) -> pl.DataFrame:
    sums = bucket_sums(lake.read(CREDIT_BUCKETS, fit_window(config, day)))
    if config.privacy.fewest_users:
        found = figures.bands(rows, dict.fromkeys(sums, figures.SMALL_CELLS), config.band_level)
    else:
        learned = {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
        found = _bands(rows, sums, _Refitted(lake, config, learned, day), config.band_level)
    return BANDS.conform(found.with_columns(day=pl.lit(day))).sort(BANDS.key)


class _Refitted:
    """Learned models of one day: what each learned, and what it learns without each group of users, or why that cannot be had."""

    def __init__(self, lake: Lake, config: Config, models: Mapping[str, LearnedModel], day: date) -> None:
        window = fit_window(config, day)
        needs = sorted({need for model in models.values() for need in fitting_needs(model)})
        frames = {table: lake.read(table, window) for table in {*tables_of(needs), COALITIONS}}
        windows = decode(frames, needs)
        one = DayRange(day, day)
        self.evidence = evidence(frames[COALITIONS])
        self.fits = {name: LearnedDays(shares=lake.read(learned_table(name), one), paths=None).of(day) for name in models}
        self.shares = {name: _shares(model, self.fits[name], windows, window) for name, model in models.items()}


def _shares(model: LearnedModel, fit: Learned, windows: StatisticWindows, window: DayRange) -> Shares | str:
    groups = groups_for(windows.within(window), model)
    if not groups:
        return figures.TOO_LARGE
    refits = refit(model, fit, windows.without_each(window, groups))
    return Shares(channels=fit.units, effect=refits.effect, share=refits.share, value_share=refits.value_share)


def _bands(rows: pl.DataFrame, sums: Mapping[tuple[str, str], BucketSums], refitted: _Refitted, level: float) -> pl.DataFrame:
    samples = {(model, currency): _sample(each, refitted.shares.get(model), refitted.evidence) for (model, currency), each in sums.items()}
    effects = [
        figures.effect_bands(name, dict(zip(fit.units, fit.effect.tolist(), strict=True)), refitted.shares[name], refitted.evidence, level)
        for name, fit in refitted.fits.items()
    ]
    return pl.concat([figures.bands(rows, samples, level), *effects])


def _sample(sums: BucketSums, shares: Shares | str | None, seen: Evidence) -> Sample | str:
    if isinstance(shares, str):
        return shares
    return of_sums(sums) if shares is None else of_shares(sums, shares, seen)
