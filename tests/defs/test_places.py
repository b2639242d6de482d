"""Who gets the places for runs: whatever clients and backfills ask for, the daily run gets one."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.storage.dagster_run import RunOpConcurrency
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from mta_assets.defs.runs import BACKFILL, FIRST, UNFINISHED
from mta_assets.models.registry import MODELS

YAML = Path(__file__).parents[2] / "dagster_home" / "dagster.yaml"
QUEUED = dg.DagsterRunStatus.QUEUED
ANALYSIS = "mta/job"


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"concurrency": yaml.safe_load(YAML.read_text())["concurrency"]}) as made:
        yield made


def launched(instance):
    """The jobs of the queued runs that the daemon would launch now, in order; they then count as running."""
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    daemon, config = QueuedRunCoordinatorDaemon(interval_seconds=1), instance.get_concurrency_config()
    chosen = daemon._get_runs_to_dequeue(instance, config, fixed_iteration_time=None)
    for run in chosen:
        begun = dg.DagsterEvent(event_type_value=dg.DagsterEventType.RUN_START.value, job_name=run.job_name)
        instance.report_dagster_event(begun, run.run_id)
    return [run.job_name for run in chosen]


def queue(instance, job, times=1, pools=(), **tags):
    for _ in range(times):
        origin = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repository"), job)
        concurrency = RunOpConcurrency(root_key_counts={}, has_unconstrained_root_nodes=True, all_pools=set(pools))
        instance.add_run(dg.DagsterRun(job_name=job, status=QUEUED, tags=tags, remote_job_origin=origin, run_op_concurrency=concurrency))


def pools_of(job):
    return {pool for node in job.all_node_defs if isinstance(node, dg.OpDefinition) for pool in node.pools}


def end(instance, job):
    """The run of this job that is under way succeeds."""
    [run] = [run for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED)) if run.status != QUEUED]
    done = dg.DagsterEvent(event_type_value=dg.DagsterEventType.RUN_SUCCESS.value, job_name=job)
    instance.report_dagster_event(done, run.run_id)


def test_many_backfills_and_analyses_leave_a_place_for_the_daily_run(instance):
    queue(instance, "backfill", 20, **{BACKFILL: "abc"})
    queue(instance, "analyze_upload", 20, **{ANALYSIS: "job", "dagster/priority": "-1"})
    assert sorted(launched(instance)) == ["analyze_upload", "analyze_upload", "backfill"]
    queue(instance, "ingest")
    assert launched(instance) == ["ingest"]


def test_a_daily_run_goes_before_backfills_that_were_queued_earlier(instance):
    queue(instance, "backfill", 5, **{BACKFILL: "abc"})
    queue(instance, "attribute", **FIRST)
    assert launched(instance) == ["attribute", "backfill"]


def test_a_backfill_of_the_same_tables_holds_up_the_daily_run_by_the_piece_that_it_is_at(instance, shop_of):
    defs = shop_of(models=MODELS).defs
    pools = {name: pools_of(defs.resolve_job_def(name)) for name in ("core", "attribute", "refit")}
    queue(instance, "attribute", 5, pools["attribute"], **{BACKFILL: "abc"})
    assert launched(instance) == ["attribute"]
    for daily in ("core", "attribute", "refit"):
        queue(instance, daily, 1, pools[daily], **FIRST)
        assert launched(instance) == []
        end(instance, "attribute")
        assert launched(instance) == [daily]
        end(instance, daily)
        assert launched(instance) == ["attribute"]
