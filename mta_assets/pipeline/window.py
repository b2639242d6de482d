"""What must be read to close a range of days: the events of their window, reaching back further only for users whose journey began before it."""

import math
from datetime import timedelta

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, TOUCHPOINTS
from mta_assets.journeys.assemble import journey_frame
from mta_assets.journeys.events import CONVERSION_COLUMNS, TOUCH_COLUMNS, UserEvents, microseconds, user_events
from mta_assets.journeys.kernel import Slices, journeys
from mta_assets.lake.lake import Lake


def closed_journeys(lake: Lake, config: Config, days: DayRange, users: pl.Series | None = None) -> pl.DataFrame:
    """The journeys (of these users, or of all) that close within the days, as `core/journeys`.

    A conversion needs one lookback of touches before it; an expired journey that ends on the first day was last touched up to two lookbacks
    before. A run of touches may be longer still: only the users for whom that is so are read further back.
    """
    read = days.back(2 * math.ceil(config.lookback_days) + 1)
    if len(days) <= config.lookback_days:  # of a longer range, nearly every user has a journey that closes in it
        closing = _closing_users(lake, config, days)
        users = closing if users is None else users.filter(users.is_in(closing.implode()))
    return _close(lake, config, _events(lake, config, read, users), read, days)


def _closing_users(lake: Lake, config: Config, days: DayRange) -> pl.Series:
    """The users of whom a journey may close within the days: those who convert in them, and those touched a lookback before."""
    start, end = days.bounds(config.reporting_timezone)
    lookback = timedelta(microseconds=config.lookback_us)
    ahead = math.ceil(config.lookback_days) + 1
    touched_on = DayRange(days.first - timedelta(days=ahead), days.last - timedelta(days=ahead - 2))
    ago = pl.col("ts").is_between(start - lookback, end - lookback, closed="left")
    touched = lake.scan(TOUCHPOINTS, touched_on).select("user", "ts").filter(ago).select("user")
    converted = lake.scan(CONVERSIONS, days).select("user")
    return lake.collect(pl.concat([touched, converted]))["user"].unique()


def _close(lake: Lake, config: Config, events: UserEvents, read: DayRange, days: DayRange) -> pl.DataFrame:
    lookback = config.lookback_us
    slices = _within(journeys(events.arrays(), lookback, restart_after_conversion=config.restart_after_conversion), days, config)
    truncated = _truncated(slices, events, read, config)
    earliest = config.earliest_day
    if not len(truncated) or read.first <= earliest:
        return journey_frame(events, slices, lookback, config.reporting_timezone)
    whole = journey_frame(events, slices, lookback, config.reporting_timezone).filter(~pl.col("user").is_in(truncated.implode()))
    before = DayRange(max(read.first - timedelta(days=math.ceil(config.lookback_days) + 1), earliest), read.first - timedelta(days=1))
    longer = events.of_users(truncated).preceded_by(_events(lake, config, before, truncated))
    return pl.concat([whole, _close(lake, config, longer, DayRange(before.first, read.last), days)]).sort(JOURNEY_ORDER)


JOURNEY_ORDER = ["day", "bucket", "user", "closing_ts", "source_name", "conversion_id"]


def _within(slices: Slices, days: DayRange, config: Config) -> Slices:
    start, end = (round(moment.timestamp() * 1_000_000) for moment in days.bounds(config.reporting_timezone))
    return slices.take((slices.closing_ts >= start) & (slices.closing_ts < end))


def _truncated(slices: Slices, events: UserEvents, read: DayRange, config: Config) -> pl.Series:
    """Users whose expired journey may have begun before what was read."""
    begins = round(read.bounds(config.reporting_timezone)[0].timestamp() * 1_000_000)
    expired = slices.conversion < 0
    first = slices.start[expired]
    early = microseconds(events.touchpoints["ts"])[first] < begins + config.lookback_us
    return pl.Series(np.unique(events.touchpoints["user"].to_numpy()[first[early]]), dtype=pl.Int64)


def _events(lake: Lake, config: Config, days: DayRange, users: pl.Series | None) -> UserEvents:
    touchpoints = lake.scan(TOUCHPOINTS, days).select(TOUCH_COLUMNS)
    conversions = lake.scan(CONVERSIONS, days).select(CONVERSION_COLUMNS)
    if users is not None:
        touchpoints, conversions = (frame.filter(pl.col("user").is_in(users.implode())) for frame in (touchpoints, conversions))
    return user_events(lake.collect(touchpoints), lake.collect(conversions), kinds=config.touch_kinds, stages=config.milestones.stages)
