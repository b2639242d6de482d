"""Starts what follows from what was ingested: core days, then closing days and fits, oldest first, a few months being one run. No computation."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange, contiguous
from mta_assets.contracts.tables import FILES, RESTATEMENTS
from mta_assets.defs.erasures import ERASE
from mta_assets.defs.jobs import Job
from mta_assets.defs.partitions import range_tags
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import failed_for_outage, outage_ended
from mta_assets.defs.runs import FIRST, failed_for_good, runs_of, under_way
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import pending_core_days
from mta_assets.telemetry.streams import application

# One at a time: a closing reads the core days before it, and a fit the closings before it. None beside an erasure, whose lock an object store has not.
EXCLUSIVE = {"core", "attribute", "refit"}
JOBS = {"closing": "attribute", "fit": "refit"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """A range of days that a job is to bring up to date. asked: (day, what asks for it), so that the same request is never started twice.

    outages: how often its run failed though nothing was wrong; done: how often it succeeded and the same days were asked for again.
    """

    job: str
    days: DayRange
    asked: frozenset[tuple[str, str]]
    outages: int = 0
    done: int = 0

    @property
    def run_key(self) -> str:
        """Equal for the same days asked for by the same changes, after as many outages and ends."""
        within = sorted(f"{day} {cause}" for day, cause in self.asked if str(self.days.first) <= day <= str(self.days.last))
        again = "".join(f" after {count} {what}" for what, count in (("outages", self.outages), ("ends", self.done)) if count)
        return f"{self.job} {self.days} {hashlib.sha256('|'.join(within).encode()).hexdigest()[:12]}{again}"

    def halves(self) -> "tuple[Work, Work]":
        """The earlier and the later half of more than one day."""
        middle = self.days.first + timedelta(days=len(self.days) // 2 - 1)
        first, last = DayRange(self.days.first, middle), DayRange(middle + timedelta(days=1), self.days.last)
        return Work(job=self.job, days=first, asked=self.asked), Work(job=self.job, days=last, asked=self.asked)


def restatement_sensor(lake: LakeResource, jobs: Sequence[Job]) -> dg.SensorDefinition:
    """The sensor, which starts some of these jobs."""

    @dg.sensor(
        name="restatement_sensor",
        jobs=[job for job in jobs if job.name in EXCLUSIVE],
        minimum_interval_seconds=lake.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Recomputes the days that ingested files, or the end of a day, made stale.",
    )
    def look(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
        """One tick: at most one run."""
        if busy := (EXCLUSIVE | {ERASE}) & under_way(context.instance):
            return dg.SkipReason(f"{', '.join(sorted(busy))} is under way; what is pending waits for it.")
        pending = daily_first(pending_work(lake.lake, lake.run_days), lake.config)
        for work in untried(context.instance, pending, lake.now()):
            application.info("run asked for", run_job=work.job, run_key=work.run_key)
            return dg.RunRequest(run_key=work.run_key, job_name=work.job, tags=FIRST | range_tags(work.days))
        if any(_outage(context.instance, work) for work in pending):
            return dg.SkipReason("The last run was ended by an outage. It is asked for again a while later; its log says what was away.")
        if pending:
            failed = ", ".join(f"{work.job} {work.days}" for work in pending)
            return dg.SkipReason(
                f"These days failed and wait for new data or for a person: {failed}. Mend the cause, then re-execute their run."
            )
        return dg.SkipReason("Everything is up to date.")

    return look


def pending_work(lake: Lake, run_days: int = 92) -> list[Work]:
    """What is to be done, in the order in which it must be, in runs of at most so many days."""
    files = lake.read(FILES).select("file_version", "pending_days").explode("pending_days").drop_nulls()
    core = frozenset((str(day), version) for version, day in files.iter_rows())
    rows = lake.collect(lake.scan(RESTATEMENTS).filter(pl.col("status") == "pending"))
    asked = frozenset((str(day), cause) for day, cause in rows.select("day", "restatement_id").iter_rows())
    whole = [
        *(Work(job="core", days=days, asked=core) for days in contiguous(pending_core_days(lake))),
        *(Work(job=JOBS[scope], days=days, asked=asked) for scope, days in restatements.pending(lake).in_order),
    ]
    return [replace(work, days=days) for work in whole for days in work.days.pieces(run_days)]


def daily_first(pending: Sequence[Work], config: Config) -> list[Work]:
    """The same work, with the newest days before a history that is so old that they do not depend on it. All else keeps its order."""
    reach = timedelta(days=config.reach_days)
    oldest = max((work.days.last for work in pending), default=date.max)
    for work in sorted(pending, key=lambda work: work.days, reverse=True):
        if work.days.last >= oldest - reach:
            oldest = min(oldest, work.days.first)
    return sorted(pending, key=lambda work: work.days.last < oldest)


def untried(instance: dg.DagsterInstance, pending: Iterable[Work], now: datetime) -> Iterator[Work]:
    """The work to start: what no run was started for, and what an outage ended a while ago.

    Days whose run failed are halved until the bad day stands alone, so that it stops no other day.
    """
    for work in pending:
        runs = runs_of(instance, work.run_key)
        if not runs:
            yield work
        elif _done(work, runs[0]):
            yield from untried(instance, [replace(work, done=work.done + 1)], now)
        elif not failed_for_good(runs[0]):
            continue
        elif failed_for_outage(runs[0]):
            if outage_ended(instance, runs[0], work.outages, now):
                yield from untried(instance, [replace(work, outages=work.outages + 1)], now)
        elif len(work.days) > 1:
            yield from untried(instance, work.halves(), now)


def _done(work: Work, run: dg.DagsterRun) -> bool:
    """Whether a run did this and it is asked for again: core days are, by the same files, when they were damaged."""
    return work.job == "core" and run.status == dg.DagsterRunStatus.SUCCESS


def _outage(instance: dg.DagsterInstance, work: Work) -> bool:
    """Whether the last run of some work waits for an outage to end."""
    runs = runs_of(instance, work.run_key)
    if not runs or not failed_for_good(runs[0]):
        return False
    return failed_for_outage(runs[0]) or any(_outage(instance, half) for half in (work.halves() if len(work.days) > 1 else ()))
