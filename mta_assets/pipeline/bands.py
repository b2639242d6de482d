"""Bands of the newest day: its window's credit by bucket, and each learned model fitted again without each group of users. No event is touched."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from mta_assets.analysis.bands import Refitted, banded
from mta_assets.config import Config
from mta_assets.contracts.bands import BANDS, CREDIT_BUCKETS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, COALITIONS, learned_table
from mta_assets.journeys.statistic_windows import decode
from mta_assets.lake.lake import Lake
from mta_assets.marts import bands as figures
from mta_assets.marts.credit_buckets import bucket_sums
from mta_assets.marts.samples import evidence
from mta_assets.models.base import AttributionModel, LearnedModel
from mta_assets.models.refits import fitting_needs
from mta_assets.pipeline.learning import LearnedDays, fit_window, tables_of


def bands(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange, performance: pl.DataFrame
) -> pl.DataFrame | None:
    """All of `marts/bands`, not yet written: of the newest day that has results, as they are once those of these days are written.

    performance: `marts/channel_performance` of the days. None when the newest day is not among them: what the lake has of it stays.
    """
    newest, of_lake = newest_day(lake, days, performance)
    if newest is None:
        return BANDS.empty()
    if of_lake and lake.days(BANDS) == [newest]:
        return None
    rows = lake.read(CHANNEL_PERFORMANCE, DayRange(newest, newest)) if of_lake else performance.filter(day=newest)
    return _computed(lake, config, models, newest, rows.drop("day"))


def newest_day(lake: Lake, days: DayRange, performance: pl.DataFrame) -> tuple[date | None, bool]:
    """(the newest day that has results once these of `marts/channel_performance` are written, whether the lake has it and it is none of them)."""
    kept = [day for day in lake.days(CHANNEL_PERFORMANCE) if not days.first <= day <= days.last]
    newest = max([*kept, *performance["day"].unique()], default=None)
    return newest, newest in kept


def span(lake: Lake, table: Table, found: pl.DataFrame, days: DayRange) -> DayRange:
    """The days in whose place all of a table of the newest day is written: theirs, and those that it has by now."""
    reached = [*lake.days(table), *found["day"].unique(), days.first, days.last]
    return DayRange(min(reached), max(reached))


def _computed(lake: Lake, config: Config, models: Mapping[str, AttributionModel], day: date, rows: pl.DataFrame) -> pl.DataFrame:
    sums = bucket_sums(lake.read(CREDIT_BUCKETS, fit_window(config, day)))
    if config.privacy.fewest_users:
        found = figures.bands(rows, dict.fromkeys(sums, figures.SMALL_CELLS), config.band_level)
    else:
        found = banded(rows, sums, _refitted(lake, config, models, day), config.band_level)
    return BANDS.conform(found.with_columns(day=pl.lit(day))).sort(BANDS.key)


def _refitted(lake: Lake, config: Config, models: Mapping[str, AttributionModel], day: date) -> Refitted:
    window, one = fit_window(config, day), DayRange(day, day)
    learned = {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
    needs = sorted({need for model in learned.values() for need in fitting_needs(model)})
    frames = {table: lake.read(table, window) for table in {*tables_of(needs), COALITIONS}}
    fits = {name: LearnedDays(shares=lake.read(learned_table(name), one), paths=None).of(day) for name in learned}
    return Refitted.of(learned, fits, decode(frames, needs), window, evidence(frames[COALITIONS]))
