"""What is past its time goes, with its files; what has not ended stays."""

import os
import random
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config_retention import RetentionConfig
from mta_assets.contracts.tables import CHANNEL_DAILY, FILES, QUARANTINE, TOUCHPOINTS
from mta_assets.definitions import build_defs
from mta_assets.defs.clean_up import CLEAN_UP, policy_of
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.errors import NotFoundError
from mta_assets.jobs.folder import Folder
from mta_assets.lake import lake as lake_module
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.run import open_lake, tables
from mta_assets.settings import Settings
from mta_assets.state.jobs import Jobs, new_job_id
from mta_assets.state.store import StateStore
from tests.defs.dagster_shop import CONFIG, FEW
from tests.pipeline.damaging import damaged_one
from tests.sending import send

NOW = datetime.now(UTC)


@pytest.fixture
def jobs(tmp_path):
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    yield Jobs(store)
    store.close()


@pytest.fixture
def clean(shop_of, tmp_path):
    """Runs the job over this test's state store and uploads, or over none."""

    def clean(state_url=f"sqlite:///{tmp_path}/state.db"):
        shop = shop_of()
        project = Project(config=CONFIG, models=FEW, state_url=state_url, uploads=tmp_path / "uploads")
        shop.defs = build_defs(lake=LakeResource(root=str(tmp_path / "lake"), landing=str(tmp_path), project=project))
        return shop.run(CLEAN_UP)

    return clean


def told_by(result, step):
    """What an op's output says."""
    outputs = {event.step_key: event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_OUTPUT}
    return {name: value.value for name, value in outputs[step].event_specific_data.metadata.items()}


def test_old_jobs_go_with_their_files_and_ended_ones_keep_what_they_found(clean, jobs, tmp_path):
    uploads = tmp_path / "uploads"
    ids = {name: send(jobs, uploads, {"a.csv": b"x"}, now=NOW - timedelta(days=90)).id for name in ("old", "recent", "waiting")}
    jobs.fail(ids["old"], "no", now=NOW - timedelta(days=31))
    jobs.fail(ids["recent"], "no", now=NOW - timedelta(days=29))
    nobodys = Folder.of_job(uploads, new_job_id()).make().path
    long_ago = time.time() - 100_000
    os.utime(nobodys, (long_ago, long_ago))
    result = clean()
    assert result.success
    with pytest.raises(NotFoundError):
        jobs.get(ids["old"], None)
    folders = {name: Folder.of_job(uploads, id_) for name, id_ in ids.items()}
    assert not folders["old"].path.exists()
    assert (folders["recent"].files.exists(), folders["recent"].results.exists()) == (False, True)
    assert folders["waiting"].files.exists()
    assert not nobodys.exists()
    told = told_by(result, "remove_what_is_over")
    assert (told["jobs"], told["files of ended jobs"], told["folders of nobody"]) == (1, 1, 1)


def test_without_a_state_store_or_uploads_there_is_nothing_to_clean(clean, jobs):
    assert clean(state_url="").success
    assert clean().success


def test_the_settings_say_how_long_things_are_kept(monkeypatch):
    for name, days in (("JOBS", 1), ("AUDIT", 2), ("DELIVERIES", 3), ("CHECKS", 4)):
        monkeypatch.setenv(f"MTA_KEEP_{name}_DAYS", str(days))
    kept = policy_of(Settings())
    assert (kept.jobs_days, kept.audit_days, kept.deliveries_days, kept.checks_days) == (1, 2, 3, 4)


def test_rows_that_mta_yaml_does_not_keep_go_and_are_told(shop_of):
    shop = shop_of(config=CONFIG.model_copy(update={"retention": RetentionConfig(quarantine_days=30)}))
    lake = open_lake(shop.resource.root, FEW)
    for days, file in ((29, "new.csv"), (31, "old.csv")):
        named = {"source_name": "touchpoints", "file": file, "file_version": "v"}
        counts = dict.fromkeys(("size_bytes", "rows_read", "accepted", "quarantined", "duplicates"), 1)
        read = {"modified": NOW, "ingested_at": NOW - timedelta(days=days), "status": "current", "pending_days": []}
        lake.append(FILES, pl.DataFrame([named | counts | read], schema=FILES.schema))
        lake.append(QUARANTINE, pl.DataFrame([named | {"row": 2, "reason": "is empty", "remedy": "fill it"}], schema=QUARANTINE.schema))
    told = told_by(shop.run(CLEAN_UP), "remove_old_days")
    assert (told["rows"], told["waits"]) == (1, "for nothing")
    assert f"| {QUARANTINE.name} |" in told["per table"]
    assert lake.read(QUARANTINE)["file"].to_list() == ["new.csv"]


def test_it_runs_every_day_by_itself(shop_of):
    schedule = shop_of().defs.get_repository_def().get_schedule_def("clean_up_daily")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    request = schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=NOW)).run_requests
    assert len(request) == 1


def test_the_lake_says_the_same_before_and_after_and_what_was_removed_is_told(copied, monkeypatch):
    shop = copied()
    lake = shop.resource.lake
    before = {table: lake.read(table).sort(table.key) for table in tables(shop.resource.models)}
    sizes = sum(path.stat().st_size for path in shop.folder.joinpath("lake").rglob("*.parquet") if "_delta_log" not in path.parts)
    monkeypatch.setattr(lake_module.upkeep, "sweep", partial(_at_once, lake_module.upkeep.sweep))
    result = shop.run(CLEAN_UP)
    assert result.success
    told = told_by(result, "tidy_the_lake")
    assert told["files put together"] > 0
    left = sum(path.stat().st_size for path in shop.folder.joinpath("lake").rglob("*.parquet") if "_delta_log" not in path.parts)
    assert told["files removed"] > told["files put together"]
    assert left < sizes
    assert f"| {FILES.name} |" in told["per table"]
    for table, frame in before.items():
        assert_frame_equal(Lake(lake.root).read(table).sort(table.key), frame, check_exact=True)


def test_damage_that_the_upkeep_finds_is_told_and_asked_for_again(copied):
    shop = copied()
    lake = shop.resource.lake
    for table in (TOUCHPOINTS, CHANNEL_DAILY):
        damaged_one(shop.folder / "lake" / table.name, lake.files(table), "a bit flipped", random.Random(3))  # noqa: S311  no secret
    result = shop.run(CLEAN_UP)
    assert not result.success
    (failure,) = [event.step_failure_data.error.message for event in result.all_events if event.is_step_failure]
    assert "core/touchpoints has damaged files" in failure
    assert "Asked for again by itself: 1 core days, 1 closing days. See to the disk." in failure
    assert [work.job for work in pending_work(lake)] == ["core", "attribute"]


def _at_once(sweep, delta, keep_hours, folder):
    assert keep_hours == Settings().keep_versions_hours
    return sweep(delta, 0, folder)
