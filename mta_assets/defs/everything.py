"""Ingest and recompute all that waits, as Dagster runs in this process: what the daemon does over some minutes, at once. No computation."""

from collections.abc import Callable

import dagster as dg

from mta_assets.defs.partitions import range_tags
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.errors import MtaError

# Steps report through Dagster's event log, where the UI shows them; a terminal would drown in them.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def materialize_everything(defs: dg.Definitions, lake: LakeResource, notify: Callable[[str], None]) -> int:
    """Run the jobs of `defs` until nothing is pending in `lake`, with the instance of DAGSTER_HOME. Returns how many runs it took.

    Raises MtaError that names the job and the days when a run fails; what it was to do stays pending.
    """
    with dg.DagsterInstance.get() as instance:
        _run(defs, instance, "ingest", {}, notify)
        runs = 1
        while pending := pending_work(lake.lake):
            _run(defs, instance, pending[0].job, range_tags(pending[0].days), notify)
            runs += 1
    return runs


def _run(defs: dg.Definitions, instance: dg.DagsterInstance, job: str, tags: dict[str, str], notify: Callable[[str], None]) -> None:
    about = f"{job} {' to '.join(tags.values())}".strip()
    notify(about)
    result = defs.resolve_job_def(job).execute_in_process(instance=instance, tags=tags, raise_on_error=False, run_config=QUIET)
    if not result.success:
        raise MtaError(
            f"The run {result.run_id} ({about}) failed. `mta up` shows its steps and their messages; mend the cause and run it again."
        )
