"""The whole flow in one process, for the CLI and for tests: what the Dagster jobs do, without Dagster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import credits_table
from mta_assets.lake.lake import Lake
from mta_assets.models.base import AttributionModel, LearnedModel
from mta_assets.pipeline import restatements
from mta_assets.pipeline.closings import ConvertedDays, close
from mta_assets.pipeline.core import build_pending
from mta_assets.pipeline.credits import credit
from mta_assets.pipeline.ingest import FileReport, ingest, landed_files
from mta_assets.pipeline.learning import learn, learned_tables
from mta_assets.pipeline.marts import write_marts, write_marts_of_newest
from mta_assets.telemetry.timing import timed

Notify = Callable[[str], None]
STEPS = {"closing": "recompute", "fit": "refit"}  # what the log calls the work of a scope


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did: the files it took, and the closing days that it recomputed or only refitted."""

    files: tuple[FileReport, ...]
    closed: tuple[DayRange, ...]
    refitted: tuple[DayRange, ...]


def tables(models: Mapping[str, AttributionModel]) -> list[Table]:
    """Every table of a lake with these models."""
    learned = [table for name, model in models.items() if isinstance(model, LearnedModel) for table in learned_tables(name, model)]
    return [*FIXED_TABLES, *learned, *(credits_table(name) for name in models)]


def open_lake(root: str, models: Mapping[str, AttributionModel]) -> Lake:
    """The lake, with every table created."""
    lake = Lake(root)
    lake.prepare(tables(models))
    return lake


def run(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], landing: Path, now: datetime, notify: Notify = lambda _: None
) -> RunReport:
    """Ingest what has landed and recompute what it changed, to the end."""
    with timed("step", "ingest"):
        reports = ingest(lake, config, landed_files(landing, config), now, lambda file: notify(f"ingesting {file}"))
    work = catch_up(lake, config, models, now, notify)
    return RunReport(files=tuple(reports), closed=work.closing, refitted=work.fit)


def catch_up(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], now: datetime, notify: Notify = lambda _: None
) -> restatements.Work:
    """Compute whatever is pending, to the end: core days, then closings and fits. Returns what was computed of the latter."""
    notify("core days")
    with timed("step", "core"):
        build_pending(lake, config, now)
    work = restatements.pending(lake)
    _bring_up_to_date(lake, config, models, work.in_order, notify)
    return work


def recompute(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange, notify: Notify) -> None:
    """Everything of these closing days: journeys, statistics, what models learn, credits and marts."""
    _bring_up_to_date(lake, config, models, [("closing", days)], notify)


def refit(lake: Lake, config: Config, models: Mapping[str, AttributionModel], days: DayRange, notify: Notify) -> None:
    """What learned models and marts make of these days, whose own journeys have not changed."""
    _bring_up_to_date(lake, config, models, [("fit", days)], notify)


def _bring_up_to_date(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], work: Sequence[tuple[str, DayRange]], notify: Notify
) -> None:
    """Do this work in its order; then, once, what is made of the newest day alone; then strike the days off.

    Days that are done when later ones fail are brought to that end all the same. Those of a run that is killed stay pending, and the next one does them again.
    """
    done: list[tuple[DayRange, pl.DataFrame]] = []
    with lake.alone():
        try:
            for scope, days in work:
                with timed("step", STEPS[scope], first_day=days.first, last_day=days.last):
                    taken = restatements.snapshot(lake, days)
                    _compute(lake, config, models, scope, days, notify)
                done.append((days, taken))
        finally:
            if done:
                _end(lake, config, models, done, notify)


def _end(
    lake: Lake, config: Config, models: Mapping[str, AttributionModel], done: Sequence[tuple[DayRange, pl.DataFrame]], notify: Notify
) -> None:
    days = DayRange(min(each.first for each, _ in done), max(each.last for each, _ in done))
    notify(f"bands and advice after {days}")
    with timed("step", "newest", first_day=days.first, last_day=days.last):
        write_marts_of_newest(lake, config, models, days)
    for _, taken in done:
        restatements.finish(lake, config, taken)


def _compute(lake: Lake, config: Config, models: Mapping[str, AttributionModel], scope: str, days: DayRange, notify: Notify) -> None:
    stale = models if scope == "closing" else {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
    if scope == "closing":
        notify(f"journeys of {days}")
        close(lake, config, days)
    converted = ConvertedDays()
    for name, model in stale.items():
        notify(f"{name} of {days}")
        if isinstance(model, LearnedModel):
            learn(lake, config, name, model, days)
        credit(lake, config, name, model, converted.of(lake, config, days), days)
    notify(f"marts of {days}")
    write_marts(lake, config, models, days)
