"""Starts a run for every job that waits, stops the runs of those that are to be cancelled, and ends jobs whose runs are over or dead. No computation."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from mta_assets.defs.analyses import ANALYZE_UPLOAD, desk_at, opened_store, run_request
from mta_assets.defs.observed import JOB_TAG
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.warm import keep_warm
from mta_assets.jobs.daemon import DAEMON
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.perform import STOPPED_FROM_OUTSIDE, Desk, end_once
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.job import Job, JobState

SECONDS = 5  # the daemon looks no more often
# So a tick waits for jobs until the next is due: whoever sent a file is not kept waiting for a tick.
WAIT_SECONDS, LOOK_SECONDS = 4.5, 0.2
# A run says every ten seconds that it lives. One that was silent for so long is dead, though Dagster may not know: the machine was switched off.
SILENT = timedelta(seconds=120)
_BEFORE_QUEUE = dg.DagsterRunStatus.NOT_STARTED


def died(job_id: str) -> str:
    """What the sender of a job is told whose run died."""
    return (
        "The process that did this analysis ended before it was done: it was killed, or had not enough memory. Send the file again, or a part of it; "
        f"if that ends so too, report the job's id, {job_id}."
    )


def analysis_sensor() -> dg.SensorDefinition:
    """The sensor. Each tick is also the heartbeat by which the API knows that jobs are started at all."""

    @dg.sensor(
        name="analysis_sensor",
        job_name=ANALYZE_UPLOAD,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run for each analysis that a client asked for, and stops those that are to be cancelled.",
    )
    def look(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
        """One tick."""
        if not lake.project.state_url:
            return dg.SkipReason("There is no state store: MTA_STATE_URL names none.")
        keep_warm(context.instance.run_launcher)
        with opened_store(lake) as store:
            Heartbeats(store).beat(DAEMON, lake.now())
            desk = desk_at(store, lake, context.log.info)
            requests = tend(context.instance, desk)
            if not requests and _comes(desk):
                requests = tend(context.instance, desk)
        return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason("No analysis waits to be started.")

    return look


def _comes(desk: Desk) -> bool:
    """Wait for a job, or for one that is to be cancelled; whether there is one."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if desk.jobs.queued(limit=1) or desk.jobs.cancelling(limit=1):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def tend(instance: dg.DagsterInstance, desk: Desk) -> list[dg.RunRequest]:
    """Bring every job and its run in step. The runs to start: of jobs that wait, and of claimed ones whose daemon died before it started theirs."""
    underway = desk.jobs.underway()
    runs = _runs(instance, [job.id for job in underway])
    unstarted = [job for job in underway if _is_unstarted(job, runs.get(job.id))]
    for job in underway:
        if job not in unstarted:
            _in_step(instance, desk, job, runs.get(job.id))
    claimed = [desk.jobs.claim(job.id, now=desk.now()) for job in desk.jobs.queued()]
    return [run_request(job) for job in [*unstarted, *claimed] if job is not None]


def _runs(instance: dg.DagsterInstance, job_ids: Sequence[str]) -> Mapping[str, dg.DagsterRun]:
    """The run of each job that has one; the first, where a person has started it again."""
    if not job_ids:
        return {}
    return {run.tags[JOB_TAG]: run for run in instance.get_runs(filters=dg.RunsFilter(tags={JOB_TAG: list(job_ids)}))}


def _is_unstarted(job: Job, run: dg.DagsterRun | None) -> bool:
    return job.state is JobState.LAUNCHING and (run is None or run.status is _BEFORE_QUEUE)


def _in_step(instance: dg.DagsterInstance, desk: Desk, job: Job, run: dg.DagsterRun | None) -> None:
    silent = job.state is not JobState.LAUNCHING and desk.now() - job.updated_at > SILENT
    if run is not None and not run.is_finished and job.state is JobState.CANCELLING:
        run = _stopped(instance, desk, run)
    if run is None or run.is_finished:
        if run is not None or silent or job.state is JobState.CANCELLING:
            _end(desk, job, run)
    elif silent:
        instance.report_run_failed(run, f"Its process was silent for {SILENT.seconds} s: it is dead.")
        _end(desk, job, run)


def _stopped(instance: dg.DagsterInstance, desk: Desk, run: dg.DagsterRun) -> dg.DagsterRun:
    """Have Dagster stop the run; one that waits ends at once, one that works when its process has heard of it."""
    if run.status is _BEFORE_QUEUE:
        instance.report_run_canceled(run)
    elif run.status is not dg.DagsterRunStatus.CANCELING:
        try:
            instance.run_coordinator.cancel_run(run.run_id)
        except dg.DagsterError as error:  # the run looks into its row itself between steps, and stops there
            desk.say(f"The run {run.run_id} could not be told to stop: {error}")
    return instance.get_run_by_id(run.run_id) or run


def _end(desk: Desk, job: Job, run: dg.DagsterRun | None) -> None:
    """End a job that its own run has not ended, and remove what was sent."""

    def end() -> Job:
        if job.state is JobState.CANCELLING:
            return desk.jobs.cancelled(job.id, now=desk.now())
        stopped = run is not None and run.status is dg.DagsterRunStatus.CANCELED
        return desk.jobs.fail(job.id, STOPPED_FROM_OUTSIDE if stopped else died(job.id), now=desk.now())

    ended = end_once(desk.jobs, job.id, end)
    Folder.of_job(desk.uploads, job.id).forget_files()
    desk.say(f"The job {job.id} is {ended.state}.")
