"""Removes the days that are past their time, as `retention` in mta.yaml says: whole days, a table at a time. What follows from that for results is `kept`'s."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import BOTS
from mta_assets.contracts.tables import (
    CONFLICTS,
    CORE,
    ERASED,
    FILES,
    JOURNEYS,
    QUARANTINE,
    RESTATEMENTS,
    RETIRED,
    STAGED,
    credits_table,
)
from mta_assets.errors import ConfigError, did_you_mean
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import pending_core_days
from mta_assets.pipeline.kept import kept_since
from mta_assets.pipeline.run import tables

EVENTS = (*STAGED.values(), *CORE.values(), CONFLICTS, BOTS)
# Lists of the system's own, and rejected rows, which have no day.
WITHOUT_DAYS = (FILES, QUARANTINE, ERASED, RESTATEMENTS, RETIRED)
Models = Mapping[str, AttributionModel]


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What went of one table. kept_since: the first day, or for rejected rows the first day of reading, that is still there."""

    table: str
    kept_since: date
    days: int
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Retirement:
    """What one look removed. waits: why events and results could not go yet; empty when nothing kept them."""

    removed: tuple[Removed, ...] = ()
    waits: str = ""


def check_tables(config: Config, models: Models) -> None:
    """Raises ConfigError, with the nearest right names, when mta.yaml says how long a table is kept that there is not, or of which it cannot be said."""
    known = [table.name for table in _aggregates(models)]
    for pattern in config.retention.tables:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise ConfigError(
                f"retention.tables in mta.yaml names {pattern!r}, and there is no such table to be kept. {did_you_mean(pattern, known)}"
            )


def retire(lake: Lake, config: Config, models: Models, now: datetime) -> Retirement:
    """Remove what is past its time. Nothing of days of which something is pending goes: it would be computed from a part."""
    with lake.alone():
        rejected = _without_old_rejections(lake, config.retention.quarantine_days, now)
        bounds = _bounds(lake, config, models, now)
        if waits := _pending_before(lake, max(bounds.values(), default=date.min)):
            return Retirement(removed=rejected, waits=waits)
        _note(lake, bounds, now)
        gone = (_remove_days(lake, table, bounds[table.name]) for table in tables(models) if table.name in bounds)
        return Retirement(removed=(*rejected, *(one for one in gone if one.rows)))


def _aggregates(models: Models) -> list[Table]:
    """The tables with days and without single users."""
    others = {table.name for table in (*EVENTS, *WITHOUT_DAYS, *_of_users(models))}
    return [table for table in tables(models) if table.name not in others]


def _of_users(models: Models) -> list[Table]:
    """What is made of events and says something of a single user. Of days whose results are final it could not be made without that user again."""
    return [JOURNEYS, *(credits_table(name) for name in models)]


def _bounds(lake: Lake, config: Config, models: Models, now: datetime) -> dict[str, date]:
    """Table -> the first day that is to be kept, of those of which anything is to go. A day that went once does not count as kept again."""
    newest = restatements.newest_day(lake)
    if config.retention.events_days is None or newest is None:
        return {}
    last = min(newest, now.astimezone(ZoneInfo(config.reporting_timezone)).date())
    events = max(last - timedelta(days=config.retention.events_days - 1), kept_since(lake) or date.min)
    bounds = {table.name: events for table in EVENTS}
    bounds |= {table.name: events + timedelta(days=config.reach_days) for table in _of_users(models)}
    for table in _aggregates(models):
        if days := [days for pattern, days in config.retention.tables.items() if fnmatchcase(table.name, pattern)]:
            bounds[table.name] = last - timedelta(days=min(days) - 1)
    return bounds


def _pending_before(lake: Lake, bound: date) -> str:
    open_ = lake.read(RESTATEMENTS).filter(pl.col("status") != "done", pl.col("day") < bound)["day"]
    days = sorted({*open_, *(day for day in pending_core_days(lake) if day < bound)})
    return f"{len(days)} days before {bound} wait to be computed, the first of them {days[0]}" if days else ""


def _note(lake: Lake, bounds: Mapping[str, date], now: datetime) -> None:
    """Before anything goes: whoever reads what is left knows that it is not all."""
    known = lake.read(RETIRED)
    for name, kept in bounds.items():
        if known.filter(pl.col("table") == name, pl.col("kept_since") >= kept).is_empty():
            row = pl.DataFrame([{"table": name, "kept_since": kept, "retired_at": now}], schema=RETIRED.schema)
            lake.replace_where(RETIRED, row, {"table": name})


def _remove_days(lake: Lake, table: Table, kept: date) -> Removed:
    old = lake.collect(lake.scan(table).filter(pl.col("day") < kept).group_by("day").len(), table.name)
    if old.height:
        lake.replace_days(table, table.empty(), DayRange(*old.select(first=pl.col("day").min(), last=pl.col("day").max()).row(0)))
    return Removed(table=table.name, kept_since=kept, days=old.height, rows=int(old["len"].sum()))


def _without_old_rejections(lake: Lake, days: int | None, now: datetime) -> tuple[Removed, ...]:
    """The rejected rows of files that were read longer ago than that, a version of a file at a time. How many they were, `staged/files` still says."""
    if days is None:
        return ()
    before = now - timedelta(days=days)
    version = ["source_name", "file", "file_version"]
    old = lake.collect(lake.scan(FILES).filter(pl.col("ingested_at") < before).select(version), FILES.name)
    rejected = lake.collect(lake.scan(QUARANTINE).group_by(version).len(), QUARANTINE.name).join(old, on=version)
    for row in rejected.select(version).iter_rows(named=True):
        lake.delete_where(QUARANTINE, row)
    return _if_any(Removed(table=QUARANTINE.name, kept_since=before.date(), days=0, rows=int(rejected["len"].sum())))


def _if_any(removed: Removed) -> tuple[Removed, ...]:
    return (removed,) if removed.rows else ()


def described(removed: Iterable[Removed]) -> list[tuple[object, ...]]:
    """A row per table, for people: table, kept since, days, rows."""
    return [(one.table, one.kept_since, one.days, one.rows) for one in removed]
