"""core events -> journeys that closed and their daily statistics; and those journeys as the arrays that models take."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import JOURNEY_PROFILE
from mta_assets.contracts.tables import JOURNEYS
from mta_assets.journeys.assemble import touches_of
from mta_assets.journeys.statistic_frames import statistic_frames
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.window import closed_journeys
from mta_assets.quality.journey_profile import journey_profile

PLACEMENT = ("channel", "campaign", "kind")


@dataclass(frozen=True, kw_only=True)
class Converted:
    """The conversions of some days, ready to be credited: their journeys as rows and as arrays. Every model of a run shares one."""

    journeys: pl.DataFrame
    stages: tuple[str, ...]

    @cached_property
    def channels(self) -> Touches:
        """The touches with channels as units."""
        return touches_of(self.journeys, stages=self.stages)

    def on(self, day: date) -> "Converted":
        """The conversions of one of the days."""
        if (self.journeys["day"] == day).all():
            return self
        return Converted(journeys=self.journeys.filter(pl.col("day") == day), stages=self.stages)

    @cached_property
    def placements(self) -> Touches:
        """The same touches with channel x campaign x kind as units: what credit rows say."""
        return touches_of(self.journeys, columns=PLACEMENT)


def close(lake: Lake, config: Config, days: DayRange) -> pl.DataFrame:
    """Recompute the journeys that close on these days and their statistics. Returns the journeys."""
    with lake.alone():
        journeys = closed_journeys(lake, config, days)
        lake.replace_days(JOURNEYS, journeys, days)
        touches = touches_of(journeys, value_currency=config.currency)
        for table, frame in statistic_frames(touches, journeys).items():
            lake.replace_days(table, frame, days)
        lake.replace_days(JOURNEY_PROFILE, journey_profile(journeys), days)
    return journeys


class ConvertedDays:
    """Reads the conversions of a day range once for all the models that credit them one after the other."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._converted: Converted | None = None

    def of(self, lake: Lake, config: Config, days: DayRange) -> Converted:
        """The conversions of these days, as the lake has them now."""
        key = (lake.root, lake.version(JOURNEYS), days, config.milestones)
        if self._converted is None or key != self._key:
            journeys = lake.collect(lake.scan(JOURNEYS, days).filter(pl.col("outcome") == "converted"))
            ordered = journeys.sort("day", maintain_order=True)
            self._key, self._converted = key, Converted(journeys=ordered, stages=tuple(config.milestones.stages))
        return self._converted
