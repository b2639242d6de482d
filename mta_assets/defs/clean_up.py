"""The daily job that removes what nobody needs: of the state store and the uploads, the lake, Dagster's storage. How long things are kept, settings say."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import dagster as dg

from mta_assets.defs.analyses import ANALYZE_UPLOAD, opened_store
from mta_assets.defs.event_log import forget
from mta_assets.defs.jobs import CLOSE_DAY, IN_PROCESS
from mta_assets.defs.observed import observed
from mta_assets.defs.reports import as_table
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import patient
from mta_assets.errors import LakeAwayError, NotFoundError
from mta_assets.jobs.folder import Folder, sweep
from mta_assets.pipeline.healing import ask, damage_in
from mta_assets.pipeline.retention import described, retire
from mta_assets.pipeline.run import tables
from mta_assets.pipeline.upkeep import Tidied, tidy
from mta_assets.settings import Settings
from mta_assets.state.jobs import Jobs
from mta_assets.state.retention import RetentionPolicy, prune

CLEAN_UP = "clean_up"
WITHOUT_TABLES = frozenset({ANALYZE_UPLOAD, CLOSE_DAY, CLEAN_UP})


@dg.op(
    description="Remove jobs, audit entries, deliveries, findings and remembered requests that are past their time, and the files that went with them."
)
@patient
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
    counts |= {"files of ended jobs": forgotten, "folders of nobody": swept}
    context.log.info("removed: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    context.add_output_metadata(counts)


@dg.op(description="Put the small files of each table together, and remove the files that no version within its time needs.")
@patient
@observed
def tidy_the_lake(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """One table after the other, beside whoever reads and writes. Fails at the end when some table could not be tidied."""
    done = tidy(lake.lake, tables(lake.models), Settings().keep_versions_hours)
    rows = [(one.table, one.merged, one.removed, one.bytes_freed) for one in done if one.merged or one.removed]
    freed = sum(one.bytes_freed or 0 for one in done)
    context.log.info(f"{sum(one.removed for one in done)} files removed from the lake, {freed:,} bytes freed")
    context.add_output_metadata(
        {
            "files put together": sum(one.merged for one in done),
            "files removed": sum(one.removed for one in done),
            "bytes freed": freed,
            "per table": dg.MetadataValue.md(as_table(("table", "put together", "removed", "bytes freed"), rows)),
        }
    )
    if failed := [one for one in done if one.failed]:
        said = " ".join((*(one.failed for one in failed), *_asked(lake, done)))
        if all(one.passing for one in failed):
            raise LakeAwayError(said)
        raise dg.Failure(said, allow_retries=False)


def _asked(lake: LakeResource, done: Sequence[Tidied]) -> Iterator[str]:
    """Ask for what is damaged and can be computed again, and say so: the sensor of restatements starts it."""
    found = (damage_in(lake.lake, table, one.damaged) for table, one in zip(tables(lake.models), done, strict=True))
    if damaged := [damage for damage in found if damage]:
        healing = ask(lake.lake, lake.config, damaged, lake.now())
        yield f"Asked for again by itself: {len(healing.core)} core days, {len(healing.closing)} closing days. See to the disk."


@dg.op(description="Remove the days that `retention` in mta.yaml does not keep.")
@patient
@observed
def remove_old_days(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Whole days; their files go with the upkeep of the lake, when no version within its time needs them."""
    done = retire(lake.lake, lake.config, lake.models, lake.now())
    rows = sum(one.rows for one in done.removed)
    context.log.info(
        f"{rows:,} rows of {len(done.removed)} tables removed" + (f"; events and results wait: {done.waits}" if done.waits else "")
    )
    context.add_output_metadata(
        {
            "rows": rows,
            "waits": done.waits or "for nothing",
            "per table": dg.MetadataValue.md(as_table(("table", "kept since", "days removed", "rows removed"), described(done.removed))),
        }
    )


@dg.op(description="Remove what runs logged long ago, and runs that made no table.")
@patient
@observed
def forget_old_runs(context: dg.OpExecutionContext, lake: LakeResource) -> None:
    """Materialisations and checks stay."""
    forgotten = forget(context.instance, lake.now() - timedelta(days=Settings().keep_runs_days), WITHOUT_TABLES)
    context.log.info(f"{forgotten.runs} runs and the logs of {forgotten.logs} others removed from Dagster's storage")
    context.add_output_metadata({"runs": forgotten.runs, "logs of runs": forgotten.logs})


@dg.job(name=CLEAN_UP, executor_def=IN_PROCESS, description="Remove what is past its time, and keep the lake's tables quick to read.")
def clean_up() -> None:
    """Four ops, of which none waits for another or stops it."""
    remove_what_is_over()
    remove_old_days()
    tidy_the_lake()
    forget_old_runs()


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
