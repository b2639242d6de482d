"""One job done in this process: from its row and its folder to its results and its end. Who starts the process, and what if it dies, is Dagster's side."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mta_assets.analysis.run import analyze
from mta_assets.analysis.steps import Stage, Step
from mta_assets.config import Config
from mta_assets.errors import ConflictError, LakeError, MtaError, StateError
from mta_assets.jobs.asked import for_uploads, given_files, options_of
from mta_assets.jobs.folder import Folder
from mta_assets.jobs.outcome import outcome_of, write_outcome
from mta_assets.jobs.partial import Partial
from mta_assets.jobs.percent import WRITING, Progress
from mta_assets.jobs.wording import for_clients
from mta_assets.models.registry import build_models, select
from mta_assets.state.job import Job, JobState
from mta_assets.state.jobs import Jobs
from mta_assets.telemetry.streams import business
from mta_assets.telemetry.tracing import stages

log = logging.getLogger(__name__)

PULSE_SECONDS: Final = 10.0
STOPPED_FROM_OUTSIDE: Final = "The run that did this analysis was stopped from outside before it was done. Send the file again."
# Stages whose subject is a model, and not a name that a client gave a file.
_OF_MODELS: Final = frozenset({Stage.RULES, Stage.LEARNING})
# What a client cannot mend; the message may name our folders and servers.
_OURS: Final = (LakeError, StateError)


class _Stop(Exception):  # noqa: N818  no error: it was asked for
    """The job is to be cancelled, or somebody has ended it already."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What jobs are done with. say: is told each stage, for whoever watches the process."""

    jobs: Jobs
    uploads: Path
    config: Config
    say: Callable[[str], None] = log.info
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def perform(desk: Desk, job_id: str, run_id: str) -> Job:
    """Do a claimed job and end it: succeeded, failed with a reason, or cancelled. Returns it as it ended.

    A process that is told to stop ends the job as cancelled when that was asked for, else as failed, and lets the interruption through.
    Raises ConflictError when the job is not to be done any more, NotFoundError when there is none.
    """
    job = desk.jobs.start(job_id, run_id, now=desk.now())
    folder = Folder.of_job(desk.uploads, job_id)
    try:
        with _pulse(desk, job_id):
            _analyse(desk, job, folder)
        ended = end_once(desk.jobs, job_id, lambda: desk.jobs.succeed(job_id, now=desk.now()))
        folder.forget_partial()
    except _Stop:
        ended = end_once(desk.jobs, job_id, lambda: desk.jobs.cancelled(job_id, now=desk.now()))
    except Exception as error:  # noqa: BLE001  logged and told: whatever it is, the one who waits must learn that it is over
        reason = reason_of(error, job_id)
        ended = end_once(desk.jobs, job_id, lambda: desk.jobs.fail(job_id, reason, now=desk.now()))
    except BaseException:
        end_once(desk.jobs, job_id, lambda: _interrupted(desk, job_id))
        raise
    finally:
        folder.forget_files()
    business.info(
        "analysis ended", job_id=job_id, state=ended.state, files=len(job.files), bytes=sum(file.size_bytes for file in job.files)
    )
    return ended


def end_once(jobs: Jobs, job_id: str, end: Callable[[], Job]) -> Job:
    """The job as it ended, by this call or by somebody who was sooner."""
    try:
        return end()
    except ConflictError:
        job = jobs.get(job_id, None)
        if not job.ended:
            raise
        return job


def reason_of(error: Exception, job_id: str) -> str:
    """What the one who asked is told. A fault of ours is logged with its traceback and told without."""
    if isinstance(error, MtaError) and not isinstance(error, _OURS):
        return for_clients(str(error))
    log.error("the analysis %s failed", job_id, exc_info=error)
    return f"The analysis failed for a reason of ours, which was logged. Report it with the job's id, {job_id}."


def _analyse(desk: Desk, job: Job, folder: Folder) -> None:
    partial, options, config = Partial(folder.partial), options_of(job.options), for_uploads(desk.config)
    progress = Progress(select(build_models(config.models), options.models))

    with stages() as begin:

        def follow(step: Step) -> None:
            begin(str(step) if step.stage in _OF_MODELS else step.stage)
            _tell(desk, job.id, str(step), progress.percent(step))

        found = analyze(given_files(folder, job.files), options, config, desk.now(), follow, partial.add)
        begin("writing results")
        _tell(desk, job.id, "writing results", WRITING)
        write_outcome(outcome_of(found), folder.results)


def _tell(desk: Desk, job_id: str, stage: str, done: float) -> None:
    """Note the stage; stop here when the job is to be cancelled or was ended by somebody else."""
    try:
        job = desk.jobs.progress(job_id, stage, done, now=desk.now())
    except ConflictError as error:
        raise _Stop from error
    if job.state is JobState.CANCELLING:
        raise _Stop
    desk.say(f"{stage} ({done:.0f} %)")


def _interrupted(desk: Desk, job_id: str) -> Job:
    if desk.jobs.get(job_id, None).state is JobState.CANCELLING:
        return desk.jobs.cancelled(job_id, now=desk.now())
    return desk.jobs.fail(job_id, STOPPED_FROM_OUTSIDE, now=desk.now())


@contextmanager
def _pulse(desk: Desk, job_id: str) -> Iterator[None]:
    """While the body works, the job's row says that its run lives, also in the middle of a long step."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(PULSE_SECONDS):
            try:
                desk.jobs.pulse(job_id, now=desk.now())
            except StateError:
                log.warning("the state store does not answer; the next beat may reach it", exc_info=True)

    beating = threading.Thread(target=copy_context().run, args=(beat,), name=f"pulse of {job_id}", daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()
