"""What must be read to close a range of days: the events of their window, reaching back further only for users whose journey began before it."""

import math
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import BOTS
from mta_assets.contracts.tables import CONVERSIONS, TOUCHPOINTS
from mta_assets.journeys.assemble import journey_frame
from mta_assets.journeys.events import CONVERSION_COLUMNS, TOUCH_COLUMNS, UserEvents, microseconds, user_events
from mta_assets.journeys.kernel import Slices, journeys
from mta_assets.lake.lake import Lake
from mta_assets.quality.bots import without


def closed_journeys(lake: Lake, config: Config, days: DayRange, users: pl.Series | None = None) -> pl.DataFrame:
    """The journeys (of these users, or of all) that close within the days, as `core/journeys`.

    A conversion needs one lookback of touches before it; an expired journey that ends on the first day was last touched up to two lookbacks
    before. A run of touches may be longer still: only the users for whom that is so are read further back.
    """
    read = days.back(2 * math.ceil(config.lookback_days) + 1)
    if len(days) <= config.lookback_days:  # of a longer range, nearly every user has a journey that closes in it
        closing = _closing_users(lake, config, days)
        users = closing if users is None else users.filter(users.is_in(closing.implode()))
    core = _Core(lake, config)
    parts = list(_close(core, config, core.events(read, users), read, days))
    return parts[0] if len(parts) == 1 else pl.concat(parts).sort(JOURNEY_ORDER)


def window_events(lake: Lake, config: Config, days: DayRange) -> UserEvents:
    """All events of these days that count, of all users."""
    return _Core(lake, config).events(days, None)


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


class _Core:
    """The core events that are read to close some days. Conversions are few: read a lookback ahead, those of users who are followed back are there already."""

    def __init__(self, lake: Lake, config: Config) -> None:
        self._lake, self._config = lake, config
        self._ahead: DayRange | None = None
        self._conversions = CONVERSIONS.empty()

    def events(self, days: DayRange, users: pl.Series | None) -> UserEvents:
        """The events of these days, of these users or of all."""
        touchpoints = self._touches(days)
        conversions = self._conversions_of(days)
        if users is not None:
            touchpoints = touchpoints.filter(pl.col("user").is_in(users.implode()))
            conversions = conversions.filter(pl.col("user").is_in(users.implode()))
        config = self._config
        return user_events(self._lake.collect(touchpoints), conversions, kinds=config.touch_kinds, stages=config.milestones.stages)

    def _touches(self, days: DayRange) -> pl.LazyFrame:
        touchpoints = self._lake.scan(TOUCHPOINTS, days)
        if not self._config.checks.bots.exclude:
            return touchpoints.select(TOUCH_COLUMNS)
        return without(touchpoints.select("day", *TOUCH_COLUMNS), self._lake.scan(BOTS, days)).select(TOUCH_COLUMNS)

    def _conversions_of(self, days: DayRange) -> pl.DataFrame:
        if self._ahead is None or days.first < self._ahead.first:
            self._ahead = days.back(math.ceil(self._config.lookback_days) + 1)
            self._conversions = self._lake.collect(self._lake.scan(CONVERSIONS, self._ahead).select("day", *CONVERSION_COLUMNS))
        return self._conversions.filter(pl.col("day").is_between(days.first, days.last))


def _close(core: _Core, config: Config, events: UserEvents, read: DayRange, days: DayRange) -> Iterator[pl.DataFrame]:
    """The journeys of the users who are not followed further back, then of those who are."""
    lookback = config.lookback_us
    slices = _within(journeys(events.arrays(), lookback, restart_after_conversion=config.restart_after_conversion), days, config)
    truncated = _truncated(slices, events, read, config)
    earliest = config.earliest_day
    frame = journey_frame(events, slices, lookback, config.reporting_timezone)
    if not len(truncated) or read.first <= earliest:
        yield frame
        return
    yield frame.filter(~pl.col("user").is_in(truncated.implode()))
    before = DayRange(max(read.first - timedelta(days=math.ceil(config.lookback_days) + 1), earliest), read.first - timedelta(days=1))
    longer = events.of_users(truncated).preceded_by(core.events(before, truncated))
    yield from _close(core, config, longer, DayRange(before.first, read.last), days)


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
