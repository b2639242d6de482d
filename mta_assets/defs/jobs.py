"""The jobs that sensors and people start. All run in one process: a step of its own process costs seconds, its work milliseconds."""

from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mta_assets.config import Config
from mta_assets.defs.observed import observed
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import patient
from mta_assets.models.base import LearnedModel
from mta_assets.pipeline import restatements

IN_PROCESS = dg.in_process_executor
CLOSE_DAY = "close_day"
Job = dg.JobDefinition | UnresolvedAssetJobDefinition


def jobs(lake: LakeResource) -> list[Job]:
    """Every job."""
    learned = [dg.AssetKey(["credits", name]) for name, model in lake.models.items() if isinstance(model, LearnedModel)]
    attributed = dg.AssetSelection.groups("journeys", "learned", "credits", "marts")
    refitted = dg.AssetSelection.groups("learned", "marts") | dg.AssetSelection.assets(*learned)
    return [
        _job("ingest", dg.AssetSelection.groups("staged"), "Read the landed files that are new or changed."),
        _job("core", dg.AssetSelection.groups("core"), "Rebuild days of the core tables from what is staged."),
        _job("attribute", attributed, "Recompute closing days: journeys, statistics, learned models, credits and marts."),
        _job("refit", refitted, "What learned models and marts make of days whose journeys have not changed."),
        _job("scorecard", dg.AssetSelection.groups("scorecard"), "Try the models on simulated worlds whose truth is known; takes minutes."),
        close_day,
    ]


def _job(name: str, selection: dg.AssetSelection, description: str) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(name, selection=selection, description=description, executor_def=IN_PROCESS)


class DayToClose(dg.Config):
    """The last day that has ended, as YYYY-MM-DD in the reporting timezone."""

    day: str


@dg.op(description="Ask for the days that have ended to be closed; the restatement sensor does the rest.")
@patient
@observed
def ask_to_close(context: dg.OpExecutionContext, config: DayToClose, lake: LakeResource) -> None:
    """Also asks for the days that were missed while the daemon was down."""
    for day in days_to_close(lake, date.fromisoformat(config.day)):
        context.log.info(f"closing {day}")
        restatements.close_day(lake.lake, day, lake.now())


@dg.job(name=CLOSE_DAY, executor_def=IN_PROCESS, description="Close the day that has ended: journeys expire without new data.")
def close_day() -> None:
    """One op."""
    ask_to_close()


def days_to_close(lake: LakeResource, ended: date) -> list[date]:
    """The days up to `ended` on which journeys can have expired and that nobody asked to close yet, oldest first."""
    newest = restatements.newest_day(lake.lake)
    if newest is None:
        return []
    last = min(ended, last_expiry(newest, lake.config))
    before = restatements.last_ended(lake.lake)
    first = last if before is None else before + timedelta(days=1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def last_expiry(newest: date, config: Config) -> date:
    """The last day on which a journey whose last touch lies on `newest` can expire."""
    return newest + timedelta(days=int(config.lookback_days) + 1)
