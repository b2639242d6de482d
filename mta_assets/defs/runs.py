"""What the instance knows about runs: which jobs are under way, and what became of the last run of some work. Reads only."""

import dagster as dg

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RUN_KEY = "dagster/run_key"
# What sensors start goes before what a person queued: a backfill of many runs holds up the daily one by the run that it is at, not by all of them.
BACKFILL = "dagster/backfill"
FIRST = {"dagster/priority": "1"}
WILL_RETRY = "dagster/will_retry"


def under_way(instance: dg.DagsterInstance) -> set[str]:
    """The names of the jobs that have a run queued or running. Those of a person's backfill do not count: pools keep them apart from what is asked for."""
    unfinished = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    return {run.job_name for run in unfinished if BACKFILL not in run.tags}


def runs_of(instance: dg.DagsterInstance, run_key: str) -> list[dg.DagsterRun]:
    """The runs that were started for some work, newest first; a retry inherits the key."""
    return list(instance.get_runs(filters=dg.RunsFilter(tags={RUN_KEY: run_key})))


def failed_for_good(run: dg.DagsterRun) -> bool:
    """Whether a run failed and the daemon is not about to start it again."""
    return run.status == dg.DagsterRunStatus.FAILURE and run.tags.get(WILL_RETRY) != "true"
