"""The daemon does the erasures that were asked for, one run for all, and only when no run may write down what it read before."""

from uuid import uuid4

import dagster as dg
import pytest

from mta_assets.contracts.tables import CORE
from mta_assets.definitions import build_defs
from mta_assets.defs.analyses import ANALYZE_UPLOAD
from mta_assets.defs.erasures import ERASE
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.state.erasures import Erasures, Ids
from mta_assets.state.store import StateStore
from tests.defs.dagster_shop import CONFIG, FEW
from tests.erasure.erasing import ANN, FILES, KEYS, NOW, traces
from tests.erasure.erasing import land as land_files


@pytest.fixture
def shop(shop_of, tmp_path, monkeypatch):
    """A shop with a state store."""
    monkeypatch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    made = shop_of()
    project = Project(config=CONFIG, models=FEW, state_url=f"sqlite:///{tmp_path}/state.db", uploads=tmp_path / "uploads")
    made.resource = LakeResource(root=str(tmp_path / "lake"), landing=str(tmp_path / "landing"), project=project)
    made.defs = build_defs(lake=made.resource)
    return made


@pytest.fixture
def erasures(tmp_path):
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    yield Erasures(store, KEYS)
    store.close()


@pytest.fixture
def tick(shop):
    """One tick of the sensor: what it asks for, and why it asks for nothing."""

    def tick():
        sensor = next(each for each in shop.defs.sensors if each.name == "erasure_sensor")
        with dg.build_sensor_context(instance=shop.instance, resources={"lake": shop.resource}) as context:
            made = sensor.evaluate_tick(context)
        return made.run_requests, made.skip_message

    return tick


def under_way(shop, job, status):
    shop.instance.add_run(dg.DagsterRun(job_name=job, run_id=str(uuid4()), status=status))


def test_nothing_is_started_where_nothing_is_pending(tick, erasures):
    assert tick() == ([], "No erasure is pending.")


def test_it_waits_for_runs_that_may_write_and_not_for_analyses(tick, shop, erasures):
    erasures.ask(Ids(user_ids=(ANN,)), requested_by="me", now=NOW)
    under_way(shop, ANALYZE_UPLOAD, dg.DagsterRunStatus.STARTED)
    assert len(tick()[0]) == 1
    under_way(shop, ERASE, dg.DagsterRunStatus.NOT_STARTED)
    assert tick() == ([], "1 erasures wait for the runs that are under way.")


def test_a_run_that_attributes_is_waited_for(tick, shop, erasures):
    erasures.ask(Ids(user_ids=(ANN,)), requested_by="me", now=NOW)
    under_way(shop, "attribute", dg.DagsterRunStatus.STARTED)
    assert tick() == ([], "1 erasures wait for the runs that are under way.")


def test_the_job_erases_all_that_was_asked_for(shop, erasures, tmp_path):
    land_files(tmp_path / "landing", FILES)
    shop.run("ingest")
    asked = [erasures.ask(Ids(user_ids=(user,)), requested_by="me", now=NOW).id for user in (ANN, "bob")]
    result = shop.run(ERASE)
    assert result.success
    assert {erasures.get(each).state for each in asked} == {"done"}
    assert shop.resource.lake.read(CORE["conversions"])["conversion_id"].to_list() == ["o3"]
    assert traces(tmp_path) == []
