"""Days as partitions: their definition, which earlier days a step reads, and the days that a step is asked for."""

import math
from datetime import date

import dagster as dg

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def daily(config: Config) -> dg.DailyPartitionsDefinition:
    """Every day of the reporting timezone from the first that the lake keeps up to the last that a row may lie on, today among them."""
    ahead = math.ceil(config.latest_ahead_hours / 24)
    return dg.DailyPartitionsDefinition(config.earliest_day.isoformat(), timezone=config.reporting_timezone, end_offset=1 + ahead)


def closing_window(config: Config) -> dg.TimeWindowPartitionMapping:
    """The core days that a closing day's journeys are made of: an expired journey began up to two lookbacks before it."""
    return dg.TimeWindowPartitionMapping(start_offset=-(2 * math.ceil(config.lookback_days) + 1))


def fitting_window(config: Config) -> dg.TimeWindowPartitionMapping:
    """The closing days that a fit of a day learns from, the day itself included."""
    return dg.TimeWindowPartitionMapping(start_offset=-(config.fit_window_days - 1))


def in_pieces(days: int) -> dg.BackfillPolicy:
    """A backfill is runs of so many days: few, as the launch of a run costs seconds and a day's work milliseconds; short, as the daily run waits for one."""
    return dg.BackfillPolicy.multi_run(days)


def days_of(context: dg.AssetExecutionContext) -> DayRange:
    """The days that this step is to make: one call for the whole range of the run."""
    keys = context.partition_key_range
    return DayRange(date.fromisoformat(keys.start), date.fromisoformat(keys.end))


def range_tags(days: DayRange) -> dict[str, str]:
    """The tags that make one run of a range of days."""
    return {RANGE_START: days.first.isoformat(), RANGE_END: days.last.isoformat()}
