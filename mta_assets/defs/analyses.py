"""The job that analyses what a client sent: one op that does the job named in its configuration, and how such a run is asked for. No computation."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from mta_assets.defs.jobs import IN_PROCESS
from mta_assets.defs.observed import JOB_TAG, REQUEST_TAG, TRACE_TAG, observed
from mta_assets.defs.resources import LakeResource
from mta_assets.errors import ConflictError, NotFoundError
from mta_assets.jobs.perform import Desk, perform
from mta_assets.state.job import Job, JobState
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
from mta_assets.telemetry.streams import application

ANALYZE_UPLOAD = "analyze_upload"
# A run of the pipeline that waits goes first. A failed analysis is started again by nobody: its sender is told why, and decides.
_TAGS = {"dagster/priority": "-1", "dagster/max_retries": "0"}


class AnalysisToDo(dg.Config):
    """The id of a job in the state store that was claimed for this run."""

    job_id: str


@dg.op(description="Do one job: read what was sent, credit every model, write the results, and say in the job's row how far it is.")
@observed
def do_analysis(context: dg.OpExecutionContext, config: AnalysisToDo, lake: LakeResource) -> None:
    """Fails with the reason that the job's sender reads; a job that was cancelled cancels its run."""
    with opened_store(lake) as store:
        try:
            job = perform(desk_at(store, lake, context.log.info), config.job_id, context.run_id)
        except (ConflictError, NotFoundError) as error:
            raise dg.Failure(f"{error} It is not done again; send the file again.", allow_retries=False) from error
    if job.state is JobState.FAILED:
        # Not the reason itself, which may quote the file: everybody who sees the UI would see it.
        raise dg.Failure(f"The analysis failed. The job {job.id} has the reason, for whoever sent the files.", allow_retries=False)
    if job.state is JobState.CANCELLED:
        _cancel_this_run(context)


@dg.job(name=ANALYZE_UPLOAD, executor_def=IN_PROCESS, tags=_TAGS, description="Analyse the files of one job that a client asked for.")
def analyze_upload() -> None:
    """One op."""
    do_analysis()


@contextmanager
def opened_store(lake: LakeResource) -> Iterator[StateStore]:
    """The state store over a connection of its own; its tables are made if no API has made them yet."""
    store = StateStore(lake.project.state_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def desk_at(store: StateStore, lake: LakeResource, say: Callable[[str], None]) -> Desk:
    """What jobs are done with."""
    return Desk(jobs=Jobs(store), uploads=lake.project.uploads, config=lake.config, say=say, now=lake.now)


def run_request(job: Job) -> dg.RunRequest:
    """A run for this job. However often it is asked for, the daemon starts one: the key is the job's id."""
    application.info("run asked for", run_job=ANALYZE_UPLOAD, correlation_id=job.request_id, job_id=job.id)
    return dg.RunRequest(
        run_key=job.id,
        run_config={"ops": {do_analysis.name: {"config": {"job_id": job.id}}}},
        tags={JOB_TAG: job.id, REQUEST_TAG: job.request_id, "mta/owner": _pseudonym(job.owner)} | _traced(job),
    )


def _traced(job: Job) -> dict[str, str]:
    return {TRACE_TAG: job.traceparent} if job.traceparent else {}


def _pseudonym(owner: str) -> str:
    """Equal for equal owners. Runs are seen by all who see the UI, and an owner may be somebody's address."""
    return hashlib.sha256(owner.encode()).hexdigest()[:12]


def _cancel_this_run(context: dg.OpExecutionContext) -> None:
    """End the run as cancelled, also when the job's row said so before Dagster did."""
    context.instance.report_run_canceling(context.run)
    raise dg.DagsterExecutionInterruptedError
