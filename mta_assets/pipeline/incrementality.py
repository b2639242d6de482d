"""What channels added by the newest day's fit, calibrated with experiments, beside what they cost: `marts/incrementality`."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, TOUCHPOINTS
from mta_assets.errors import ConfigError
from mta_assets.ingest.experiments import experiments
from mta_assets.lake.lake import Lake
from mta_assets.marts.calibration import calibrate
from mta_assets.marts.incrementality import incrementality as beside_cost
from mta_assets.models.base import AttributionModel, LearnedModel, estimates_increments
from mta_assets.pipeline.bands import newest_day
from mta_assets.pipeline.learning import fitted_window


def estimators(models: Mapping[str, AttributionModel]) -> dict[str, LearnedModel]:
    """The models that estimate what touches added."""
    return {name: model for name, model in models.items() if isinstance(model, LearnedModel) and estimates_increments(model)}


def incrementality(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange, performance: pl.DataFrame
) -> pl.DataFrame | None:
    """All of `marts/incrementality`, not yet written: of the newest day that has results, as they are once those of these days are written.

    performance: `marts/channel_performance` of the days. None when the newest day is not among them: what the lake has of it stays. Experiments that are wrong
    count nothing and are the doubt of every row: they hold up no other result.
    """
    newest, of_lake = newest_day(lake, days, performance)
    if newest is None:
        return INCREMENTALITY.empty()
    if of_lake and lake.days(INCREMENTALITY) == [newest]:
        return None
    rows = lake.read(CHANNEL_PERFORMANCE, DayRange(newest, newest)) if of_lake else performance.filter(day=newest)
    stated = _stated(config)
    found = [_of_model(lake, config, name, model, rows.filter(model=name), stated) for name, model in estimators(models).items()]
    return pl.concat([INCREMENTALITY.empty(), *found]).sort(INCREMENTALITY.key)


def _stated(config: Config) -> tuple[pl.DataFrame, str | None]:
    """(the experiments, what is wrong with them). What lies in the future is told by the days that are analysed, not by a clock."""
    try:
        return experiments(config.experiments, date.max), None
    except ConfigError as wrong:
        return EXPERIMENTS.empty(), f"no experiment counts: {wrong}"


def _of_model(
    lake: Lake, config: Config, name: str, model: LearnedModel, performance: pl.DataFrame, stated: tuple[pl.DataFrame, str | None]
) -> pl.DataFrame:
    """The rows of one model. performance: its rows of the newest day."""
    if performance.is_empty():
        return INCREMENTALITY.empty()
    day: date = performance["day"][0]
    increments = lake.read(increments_table(name), DayRange(day, day)).sort("channel")
    window = fitted_window(config, model, day)
    touches = lake.scan(TOUCHPOINTS, window).filter(pl.col("kind").is_in(list(config.touch_kinds))).group_by("channel", "day")
    counted = lake.collect(touches.agg(pl.len().alias("touches")))
    found = calibrate(increments, stated[0], counted, window, config.band_level, as_of=day)
    doubts = [*increments["doubt"].drop_nulls().unique(), *filter(None, stated[1:])]
    return beside_cost(found.rows, performance, "; ".join(doubts) or None, name, day, config.band_level)
