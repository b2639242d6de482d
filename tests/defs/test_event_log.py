"""Dagster's storage: what runs logged long ago goes, what they made of a day stays."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS

from mta_assets.defs.clean_up import CLEAN_UP, WITHOUT_TABLES
from mta_assets.defs.event_log import Forgotten, forget
from mta_assets.defs.restatement_sensor import pending_work

SOON = timedelta(minutes=5)


@pytest.fixture
def worked(request, copied):
    """A shop in which one job with tables and one without have run, on SQLite or as the parameter says."""
    if getattr(request, "param", "sqlite") == "postgres":
        request.getfixturevalue("dagster_on_postgres")
    shop = copied()
    made = shop.run("ingest")
    other = shop.run(CLEAN_UP)
    assert made.success
    assert other.success
    return shop, made.run_id, other.run_id


@pytest.mark.parametrize("worked", ["sqlite", "postgres"], indirect=True)
def test_logs_of_old_runs_go_and_their_materialisations_stay(worked):
    shop, made, other = worked
    key = dg.AssetKey(["staged", "files"])
    before = shop.instance.get_latest_materialization_event(key)
    assert len(shop.instance.all_logs(made)) > 10
    assert forget(shop.instance, datetime.now(UTC) + SOON, WITHOUT_TABLES) == Forgotten(runs=1, logs=1)
    assert {event.dagster_event_type for event in shop.instance.all_logs(made)} <= ASSET_EVENTS | ASSET_CHECK_EVENTS
    assert shop.instance.get_run_by_id(made).status == dg.DagsterRunStatus.SUCCESS
    assert shop.instance.get_run_by_id(other) is None
    assert shop.instance.get_latest_materialization_event(key) == before
    assert forget(shop.instance, datetime.now(UTC) + SOON, WITHOUT_TABLES) == Forgotten(runs=0, logs=0)


def test_runs_within_their_time_and_runs_under_way_stay(worked):
    shop, made, _ = worked
    shop.instance.add_run(dg.DagsterRun(job_name=CLEAN_UP, status=dg.DagsterRunStatus.STARTED))
    assert forget(shop.instance, datetime.now(UTC) - SOON, WITHOUT_TABLES) == Forgotten(runs=0, logs=0)
    assert len(shop.instance.all_logs(made)) > 10
    forget(shop.instance, datetime.now(UTC) + SOON, WITHOUT_TABLES)
    assert [run.status for run in shop.instance.get_runs(dg.RunsFilter(job_name=CLEAN_UP))] == [dg.DagsterRunStatus.STARTED]
    assert pending_work(shop.resource.lake) == []
