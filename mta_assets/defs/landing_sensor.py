"""Starts `ingest` when files have landed. The cursor is a filter only: what is read and what is not, `staged/files` says."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from mta_assets.defs.erasures import ERASE
from mta_assets.defs.landing import unread
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import failed_for_outage, outage_ended
from mta_assets.defs.runs import FIRST, failed_for_good, runs_of, under_way
from mta_assets.pipeline.ingest import LandedFile, landed_files
from mta_assets.telemetry.streams import application

# A file that changed within this time may still be growing: it waits for the next tick.
SETTLED = timedelta(seconds=3)
# How often the same files are tried when their run fails; then a new or changed file, or a person, must come.
TRIES = 3


class Cursor(BaseModel):
    """The marks (name, size, modification time) that a run was started for and that `staged/files` does not hold, and that run's key.

    A mark stays after its run when the file was touched but not changed: its content was known.
    """

    marks: tuple[str, ...] = ()
    run_key: str = ""


def landing_sensor(lake: LakeResource) -> dg.SensorDefinition:
    """The sensor."""

    @dg.sensor(
        name="landing_sensor",
        job_name="ingest",
        minimum_interval_seconds=lake.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts ingest when a file of the landing folder is new or changed, once it has stopped growing.",
    )
    def look(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        """One tick. While an ingest or an erasure is under way nothing is asked: what lands meanwhile is seen by the next tick."""
        if busy := {"ingest", ERASE} & under_way(context.instance):
            return dg.SkipReason(f"{', '.join(sorted(busy))} is under way; what has landed since is looked at when it has ended.")
        waiting = unread(lake.lake, landed_files(lake.landing_folder, lake.config))
        return answer(context.instance, waiting, _read(context.cursor), lake.now())

    return look


def answer(instance: dg.DagsterInstance, waiting: Sequence[LandedFile], cursor: Cursor, now: datetime) -> dg.SensorResult | dg.SkipReason:
    """A run request when some waiting file has settled and was not asked for yet, or its run failed."""
    taken, tries = set(cursor.marks), 0
    if cursor.run_key and (failures := _failures(instance, cursor.run_key)) and _again(instance, cursor.run_key, failures, now):
        taken, tries = set(), failures
    settled = [file for file in waiting if not timedelta() <= now - file.modified < SETTLED]
    fresh = [file.mark for file in settled if file.mark not in taken]
    if not fresh:
        growing = len(waiting) - len(settled)
        return dg.SkipReason(f"{growing} files are still growing." if growing else "No file is new or changed.")
    marks = tuple(sorted({file.mark for file in settled}))
    key = hashlib.sha256("\n".join(sorted(fresh)).encode()).hexdigest()[:16]
    request = dg.RunRequest(run_key=f"{key}-{tries}", tags=FIRST | {"mta/files": str(len(fresh))})
    application.info("run asked for", run_job="ingest", run_key=request.run_key, files=len(fresh), tried_before=tries)
    return dg.SensorResult(run_requests=[request], cursor=Cursor(marks=marks, run_key=request.run_key or "").model_dump_json())


def _again(instance: dg.DagsterInstance, run_key: str, failures: int, now: datetime) -> bool:
    """Whether what failed so often is tried again: a few times at once; without end, after a while each time, when an outage ended it."""
    last = runs_of(instance, run_key)[0]
    return outage_ended(instance, last, failures - 1, now) if failed_for_outage(last) else failures < TRIES


def _failures(instance: dg.DagsterInstance, run_key: str) -> int:
    """How often the same files failed in a row: the tries are counted in the key; 0 when the last run did not fail."""
    runs = runs_of(instance, run_key)
    if not runs or not failed_for_good(runs[0]):
        return 0
    return int(run_key.rsplit("-", maxsplit=1)[-1]) + 1


def _read(cursor: str | None) -> Cursor:
    return Cursor.model_validate_json(cursor) if cursor else Cursor()
