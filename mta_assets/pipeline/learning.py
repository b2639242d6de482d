"""Daily statistics -> what each learned model learned over the fit window that ends on a day; and that read back."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import (
    COALITIONS,
    PATHS,
    POSITIONS,
    TRANSITIONS,
    learned_paths_table,
    learned_positions_table,
    learned_table,
)
from mta_assets.journeys.statistic_frames import merge
from mta_assets.lake.lake import Lake
from mta_assets.models.base import Learned, LearnedModel, PathWeights

_TABLES = {"coalitions": COALITIONS, "paths": PATHS, "positions": POSITIONS}


def fit_window(config: Config, day: date) -> DayRange:
    """The closing days that a fit of this day learns from, the day itself included."""
    return DayRange(day, day).back(config.fit_window_days - 1)


def learned_tables(name: str, model: LearnedModel) -> list[Table]:
    """The tables that hold what a learned model learns."""
    tables = [learned_table(name)]
    if "positions" in model.needs:
        tables.append(learned_positions_table(name))
    if "paths" in model.needs:
        tables.append(learned_paths_table(name))
    return tables


def learn(lake: Lake, config: Config, name: str, model: LearnedModel, days: DayRange) -> pl.DataFrame:
    """Refit a learned model for each of these days and write what it learned. Returns the `learned/<model>` rows."""
    window = days.back(config.fit_window_days - 1)
    frames = {table: lake.read(table, window) for table in _needed(model)}
    fits = {day: _fit(model, frames, fit_window(config, day)) for day in days}
    shares = pl.concat([_share_rows(day, learned) for day, (learned, _) in fits.items()])
    table = learned_table(name)
    lake.replace_days(table, shares, days)
    if "positions" in model.needs:
        positions = [_position_rows(day, frame) for day, (_, frame) in fits.items()]
        lake.replace_days(learned_positions_table(name), pl.concat(positions), days)
    if "paths" in model.needs:
        paths = [_path_rows(day, learned, frames[PATHS]) for day, (learned, _) in fits.items()]
        lake.replace_days(learned_paths_table(name), pl.concat(paths), days)
    return shares
