"""Checks of data are asset checks that stop nothing, follow what wrote the days, and run alone; marts that do not add up are not written."""

from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
import pytest

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, credits_table
from mta_assets.definitions import build_defs
from mta_assets.defs.resources import LakeResource, Project
from mta_assets.defs.schedules import judge_schedule
from mta_assets.pipeline import marts, restatements
from mta_assets.quality.registry import DATA_CHECKS
from mta_assets.state.checks import Checks
from mta_assets.state.store import StateStore
from tests.defs.dagster_shop import CONFIG, FEW

DAY = DayRange(date(2026, 3, 4), date(2026, 3, 4))


def test_every_check_of_data_is_an_asset_check_that_stops_nothing(attributed):
    graph = attributed[0].defs.resolve_asset_graph()
    by_name = {key.name: key for key in graph.asset_check_keys}
    for check in DATA_CHECKS:
        key = by_name[check.name]
        assert key.asset_key.to_user_string() == check.table.name
        assert not graph.get(key).blocking


def test_the_job_judge_runs_every_check_of_days_and_computes_nothing(copied):
    shop = copied()
    before = {table.name: shop.resource.lake.version(table) for table in (CHANNEL_DAILY, credits_table("linear"))}
    result = shop.run("judge")
    assert result.success
    evaluated = {evaluation.check_name for evaluation in result.get_asset_check_evaluations()}
    assert evaluated == {check.name for check in DATA_CHECKS} - {"quarantine_share", "duplicate_share"}
    assert not result.get_asset_materialization_events()
    assert {table.name: shop.resource.lake.version(table) for table in (CHANNEL_DAILY, credits_table("linear"))} == before


def test_it_runs_daily_when_the_grace_is_over():
    assert judge_schedule(CONFIG).cron_schedule == "5 12 * * *"


def test_a_file_full_of_faults_is_told_as_a_warning_and_the_run_goes_on(copied, tmp_path):
    shop = copied()
    url = f"sqlite:///{tmp_path}/state.db"
    project = Project(config=CONFIG, models=FEW, state_url=url)
    shop.resource = LakeResource(root=str(shop.folder / "lake"), landing=str(shop.landing), project=project)
    shop.defs = build_defs(lake=shop.resource)
    rows = [f"u{n},{'never' if n % 2 else '2026-03-04T10:00:00Z'},email" for n in range(60)]
    (shop.landing / "touchpoints" / "broken.csv").write_text("\n".join(["user_id,ts,channel", *rows]) + "\n")
    result = shop.run("ingest")
    assert result.success
    (failed,) = [evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed]
    assert (failed.check_name, failed.severity) == ("quarantine_share", dg.AssetCheckSeverity.WARN)
    store = StateStore(url)
    (told,) = Checks(store).latest(passed=False).items
    store.close()
    assert (told.asset, told.name, told.severity, told.first_day) == ("staged/files", "quarantine_share", "warning", None)
    assert "50 %" in told.message
    assert told.recommendation


@pytest.mark.parametrize("lost", ["conversions", "value"])
def test_a_mart_that_does_not_add_up_is_not_written(copied, monkeypatch, lost):
    shop = copied()
    lake = shop.resource.lake
    restatements.close_day(lake, DAY.first, datetime.now(UTC))
    before = lake.version(CHANNEL_DAILY)
    right = marts.performance.channel_daily
    monkeypatch.setattr(marts.performance, "channel_daily", lambda *given: right(*given).with_columns(pl.col(lost) * 0.9))
    result = shop.run("attribute", DAY)
    assert not result.success
    failed = {(e.asset_key.to_user_string(), e.check_name) for e in result.get_asset_check_evaluations() if not e.passed}
    assert failed == {("marts/channel_daily", "reconciled")}
    assert lake.version(CHANNEL_DAILY) == before
