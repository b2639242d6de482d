"""Daily statistics -> what each learned model learned over the fit window that ends on a day; and that read back."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl
import pyarrow as pa

from mta_assets.config import Config
from mta_assets.contracts.arrays import HISTORIES, Statistics
from mta_assets.contracts.columns import Table
from mta_assets.contracts.contributions import contributions_table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.profiles import JOURNEY_PROFILE
from mta_assets.contracts.tables import (
    COALITIONS,
    CONVERSIONS,
    JOURNEYS,
    PATHS,
    POSITIONS,
    TOUCHPOINTS,
    TRANSITIONS,
    learned_paths_table,
    learned_positions_table,
    learned_table,
)
from mta_assets.errors import UnavailableError
from mta_assets.journeys.assemble import touches_of
from mta_assets.journeys.histories import histories
from mta_assets.journeys.statistic_windows import decode
from mta_assets.lake.lake import Lake
from mta_assets.models.base import Declining, Learned, LearnedModel, PathWeights
from mta_assets.pipeline.window import window_events

_TABLES = {
    "coalitions": (COALITIONS,),
    "paths": (PATHS,),
    "positions": (POSITIONS,),
    "transitions": (TRANSITIONS,),
    HISTORIES: (TOUCHPOINTS, CONVERSIONS, JOURNEYS),
}
# What `details` of a model says its fits have, with the table of each.
_DETAILS = {"increments": increments_table, "contributions": contributions_table}
MEASURES = ("effect", "value_effect", "share", "value_share", "conversions", "value")


def fit_window(config: Config, day: date) -> DayRange:
    """The closing days that a fit of this day learns from, the day itself included."""
    return DayRange(day, day).back(config.fit_window_days - 1)


def fitted_window(config: Config, model: LearnedModel, day: date) -> DayRange:
    """The closing days that the fit which stands on this day was made of: the same for `stands_days` days of the calendar, and within each's fit window."""
    stands_days = min(model.stands_days, max(1, config.fit_window_days // 2))
    last = day - timedelta(days=day.toordinal() % stands_days)
    return DayRange(fit_window(config, last + timedelta(days=stands_days - 1)).first, last)


def days_with_results(lake: Lake, config: Config, days: DayRange) -> list[date]:
    """Those of the days on which a trailing window says something new: some journey closed on them or within a lookback before.

    It depends on the journeys alone, so that the days that have results do not depend on the order in which data arrived; they are known by their profile,
    which is kept for longer than they are.
    """
    quiet = min(math.ceil(config.lookback_days), config.fit_window_days)
    reached = {day + timedelta(days=n) for day in lake.days(JOURNEY_PROFILE) for n in range(quiet)}
    return [day for day in days if day in reached]


def learned_tables(name: str, model: LearnedModel) -> list[Table]:
    """The tables that hold what a learned model learns."""
    tables = [learned_table(name)]
    if "positions" in model.needs:
        tables.append(learned_positions_table(name))
    if "paths" in model.needs:
        tables.append(learned_paths_table(name))
    return tables + [_DETAILS[detail](name) for detail in model.details]


def tables_of(needs: Iterable[str]) -> set[Table]:
    """The tables that hold these statistics, or the events themselves."""
    return {table for need in needs for table in _TABLES[need.partition("_")[0]]}


def learn(lake: Lake, config: Config, name: str, model: LearnedModel, days: DayRange) -> pl.DataFrame:
    """Refit a learned model for each of these days and write what it learned. Returns the `learned/<model>` rows."""
    with lake.steady():
        frames = learned(lake, config, name, model, days)
        for table, frame in frames.items():
            lake.replace_days(table, frame, days)
    return frames[learned_table(name)]


def learned(lake: Lake, config: Config, name: str, model: LearnedModel, days: DayRange) -> dict[Table, pl.DataFrame]:
    """What the model learns for each of these days: the rows of its `learned_tables`, not yet written."""
    if HISTORIES in model.needs:
        return _learned_of_events(lake, config, name, model, days)
    read = {table: lake.read(table, days.back(config.fit_window_days - 1)) for table in tables_of(model.needs)}
    windows = decode(read, model.needs)
    statistics = {day: windows.within(fit_window(config, day)) for day in days_with_results(lake, config, days)}
    fits = {day: model.fit(statistics[day]) for day in statistics}
    shares = learned_table(name)
    frames = {shares: pl.concat([shares.empty(), *(_share_rows(day, fit) for day, fit in fits.items())])}
    if "positions" in model.needs:
        table = learned_positions_table(name)
        frames[table] = pl.concat([table.empty(), *(_position_rows(table, day, window) for day, window in statistics.items())])
    if "paths" in model.needs:
        table = learned_paths_table(name)
        frames[table] = pl.concat([table.empty(), *(_path_rows(table, day, fit, read[PATHS]) for day, fit in fits.items())])
    return frames


def _learned_of_events(lake: Lake, config: Config, name: str, model: LearnedModel, days: DayRange) -> dict[Table, pl.DataFrame]:
    """The same of a model that looks at the events themselves: one fit for all days on which it stands."""
    shares, details = learned_table(name), {detail: _DETAILS[detail](name) for detail in model.details}
    frames = {table: [table.empty()] for table in (shares, *details.values())}
    windows = {day: fitted_window(config, model, day) for day in days_with_results(lake, config, days)}
    fits = {window: _fitted(model, statistics_of_events(lake, config, window)) for window in dict.fromkeys(windows.values())}
    for day, window in windows.items():
        frames[shares].append(_share_rows(day, fits[window]))
        for detail, table in details.items():
            frames[table].append(_detail_rows(table, day, getattr(fits[window], detail)))
    return {table: pl.concat(parts) for table, parts in frames.items()}


def _fitted(model: LearnedModel, statistics: Statistics) -> Learned:
    try:
        return model.fit(statistics)
    except UnavailableError as reason:
        if not isinstance(model, Declining):
            raise
        return model.unestimated(statistics, str(reason))


def statistics_of_events(lake: Lake, config: Config, window: DayRange) -> Statistics:
    """What models that look at the events themselves learn from, of these days."""
    events = window_events(lake, config, window)
    journeys = lake.collect(lake.scan(JOURNEYS, window).filter(pl.col("outcome") == "converted"))
    converting = touches_of(journeys, value_currency=config.currency)
    start, end = (round(moment.timestamp() * 1_000_000) for moment in window.bounds(config.reporting_timezone))
    touched = converting.length > 0
    return Statistics(
        units=converting.units,
        conversions=float(converting.conversions[touched].sum()),
        value=float(converting.value[touched].sum()),
        histories=histories(events.touchpoints, events.conversions, converting, (start, end)),
    )


@dataclass(frozen=True, kw_only=True)
class LearnedDays:
    """What a model learned on each of some days, as `learn` wrote it. paths: None for models that have none; details: by name of `LearnedModel.details`."""

    shares: pl.DataFrame
    paths: pl.DataFrame | None
    details: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @staticmethod
    def read(lake: Lake, name: str, model: LearnedModel, days: DayRange) -> "LearnedDays":
        """What the lake has of these days."""
        paths = lake.read(learned_paths_table(name), days) if "paths" in model.needs else None
        details = {detail: lake.read(_DETAILS[detail](name), days) for detail in model.details}
        return LearnedDays(shares=lake.read(learned_table(name), days), paths=paths, details=details)

    def of(self, day: date) -> Learned:
        """What the model learned on one of the days."""
        rows = self.shares.filter(pl.col("day") == day).sort("channel")
        paths = None if self.paths is None else self.paths.filter(pl.col("day") == day).sort("path_hash")
        details = {name: frame.filter(pl.col("day") == day).sort("channel").drop("day") for name, frame in self.details.items()}
        effect, value_effect, share, value_share, conversions, value = (rows[measure].to_numpy() for measure in MEASURES)
        return Learned(
            units=tuple(rows["channel"]),
            effect=effect,
            value_effect=value_effect,
            share=share,
            value_share=value_share,
            conversions=conversions,
            value=value,
            paths=None if paths is None else _weights(paths),
            increments=details.get("increments"),
            contributions=details.get("contributions"),
        )


def _share_rows(day: date, learned: Learned) -> pl.DataFrame:
    measured = {measure: getattr(learned, measure) for measure in MEASURES}
    return pl.DataFrame({"channel": pl.Series(learned.units, dtype=pl.String)} | measured).select(pl.lit(day).alias("day"), pl.all())


def _detail_rows(table: Table, day: date, found: pl.DataFrame | None) -> pl.DataFrame:
    """Rows of a table of details; a column that the fit says nothing of is null."""
    if found is None:
        return table.empty()
    unknown = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in found.columns and name != "day"]
    return table.conform(found.with_columns(pl.lit(day).alias("day"), *unknown))


def _position_rows(table: Table, day: date, statistics: Statistics) -> pl.DataFrame:
    found = statistics.positions
    if found is None:
        return table.empty()
    channel = pl.Series(statistics.units, dtype=pl.String)[found.unit]
    columns = {"channel": channel, "position": found.position + 1, "conversions": found.conversions, "value": found.value}
    return table.conform(pl.DataFrame(columns).with_columns(day=pl.lit(day)))


def _path_rows(table: Table, day: date, learned: Learned, paths: pl.DataFrame) -> pl.DataFrame:
    """The weights of the paths that converted on this day: what crediting it needs. The other paths of the window can be had by fitting again."""
    if learned.paths is None:
        return table.empty()
    offsets = pa.array(learned.paths.offsets, pa.int64())
    weight = pl.Series("weight", pa.LargeListArray.from_arrays(offsets, pa.array(learned.paths.weight)))
    weights = pl.DataFrame({"path_hash": learned.paths.path_hash, "weight": weight})
    converted = paths.filter(pl.col("day") == day, pl.col("conversions") > 0).unique("path_hash").select("day", "path_hash", "path")
    return table.conform(converted.join(weights, on="path_hash").sort("path_hash"))


def _weights(paths: pl.DataFrame) -> PathWeights:
    length = paths["weight"].list.len().to_numpy().astype(np.int64)
    weight = paths["weight"].explode(empty_as_null=False, keep_nulls=False).to_numpy()
    return PathWeights(path_hash=paths["path_hash"].to_numpy(), offsets=np.concatenate([[0], np.cumsum(length)]), weight=weight)
