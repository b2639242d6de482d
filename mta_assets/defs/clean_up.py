"""The daily job that removes what the state store no longer keeps, and the files of jobs that are over. How long things are kept, settings say."""

from pathlib import Path

import dagster as dg

from mta_assets.defs.analyses import opened_store
from mta_assets.defs.jobs import IN_PROCESS
from mta_assets.defs.observed import observed
from mta_assets.defs.resources import LakeResource
from mta_assets.errors import NotFoundError
from mta_assets.jobs.folder import Folder, sweep
from mta_assets.settings import Settings
from mta_assets.state.jobs import Jobs
from mta_assets.state.retention import RetentionPolicy, prune

CLEAN_UP = "clean_up"


@dg.op(
    description="Remove jobs, audit entries, deliveries, findings and remembered requests that are past their time, and the files that went with them."
)
@observed
def remove_what_is_over(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """What has not ended stays, whatever its age."""
    if not lake.project.state_url:
        context.log.info("There is no state store.")
        return
    uploads = lake.project.uploads
    with opened_store(lake) as store:
        removed = prune(store, now=lake.now(), policy=policy_of(Settings()))
        for id_ in removed.job_ids:
            Folder.of_job(uploads, id_).remove()
        jobs = Jobs(store)
        forgotten = forget_files(uploads, jobs)
        swept = sweep(uploads, is_job=lambda id_: _is_job(jobs, id_))
    counts = {name: getattr(removed, name) for name in ("jobs", "audit", "deliveries", "idempotency", "checks", "alerts", "vitals")}
    context.add_output_metadata({**counts, "files of ended jobs": forgotten, "folders of nobody": swept})


@dg.job(name=CLEAN_UP, executor_def=IN_PROCESS, description="Remove what is past its time from the state store and the uploads.")
def clean_up() -> None:
    """One op."""
    remove_what_is_over()


def policy_of(settings: Settings) -> RetentionPolicy:
    """What the settings say."""
    return RetentionPolicy(
        jobs_days=settings.keep_jobs_days,
        audit_days=settings.keep_audit_days,
        deliveries_days=settings.keep_deliveries_days,
        checks_days=settings.keep_checks_days,
        alerts_days=settings.keep_alerts_days,
    )


def forget_files(uploads: Path, jobs: Jobs) -> int:
    """Remove what was sent of jobs that have ended, where a process died before it could; of how many jobs."""
    left = [path.parent.name for path in uploads.glob("job_*/files") if _is_job(jobs, path.parent.name)]
    ended = [id_ for id_ in left if jobs.get(id_, None).ended]
    for id_ in ended:
        Folder.of_job(uploads, id_).forget_files()
    return len(ended)


def _is_job(jobs: Jobs, id_: str) -> bool:
    try:
        jobs.get(id_, None)
    except NotFoundError:
        return False
    return True
