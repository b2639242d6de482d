"""What a run writes to the log: its id, on whose request it runs, and its steps."""

import dagster as dg

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONFLICTS, CORE
from mta_assets.pipeline.core import pending_core_days
from mta_assets.state.figures import Figures
from mta_assets.state.store import StateStore
from mta_assets.telemetry import context
from tests.defs.dagster_shop import land

IDENTITY = ("correlation_id", "run_id", "run_job", "job_id")


def lines_of(logs, *streams):
    return [line for stream in streams for line in logs(stream)]


def test_every_line_of_a_run_and_its_steps_carries_the_request_that_asked_for_it(shop_of, logs):
    shop = shop_of()
    land(shop.folder)
    result = shop.run("ingest", **{"mta/request": "req-7", "mta/job": "job_1"})
    assert result.success
    lines = lines_of(logs, "application", "performance", "business")
    assert {tuple(line.get(name) for name in IDENTITY) for line in lines} == {("req-7", result.run_id, "ingest", "job_1")}
    assert [(line["event"], line.get("step"), line["outcome"]) for line in logs("performance")] == [
        ("step ended", "landed_files", "done"),
        ("run ended", None, "done"),
    ]
    assert context.current() == {}


def test_a_run_that_nobody_asked_for_is_its_own_correlation(shop_of, logs):
    shop = shop_of()
    result = shop.run("ingest")
    assert {line["correlation_id"] for line in logs("application")} == {result.run_id}


def test_the_business_stream_accounts_for_the_rows_of_each_file_and_the_days_that_change(shop_of, logs):
    shop = shop_of()
    land(shop.folder)
    shop.run("ingest")
    days = pending_core_days(shop.resource.lake)
    shop.run("core", DayRange(days[0], days[-1]))
    files = [line for line in logs("business") if line["event"] == "file ingested"]
    assert len(files) == 3
    assert all(file["rows_read"] == file["accepted"] + file["quarantined"] + file["duplicates"] > 0 for file in files)
    (rebuilt,) = [line for line in logs("business") if line["event"] == "core days rebuilt"]
    assert (rebuilt["step"], rebuilt["first_day"], rebuilt["last_day"]) == ("core_days", str(days[0]), str(days[-1]))
    assert rebuilt["changed"] == sum(rebuilt[kind] for kind in CORE)
    assert rebuilt["conflicts"] == shop.resource.lake.read(CONFLICTS).height
    assert rebuilt["stale_closing_days"] > 0


def test_a_step_that_fails_is_an_error_in_its_words_and_its_run_ended_failed(shop_of, logs):
    shop = shop_of()
    land(shop.folder)
    (shop.folder / "lake").mkdir()
    (shop.folder / "lake" / "staged").write_text("no folder")
    assert not shop.run("ingest").success
    (failed,) = [line for line in logs("application") if line["level"] == "error"]
    assert (failed["event"], failed["step"]) == ("step failed", "landed_files")
    assert failed["error"].endswith("Error")
    assert "staged" in failed["reason"]
    assert [line["outcome"] for line in logs("performance")] == ["failed", "failed"]


def test_a_tick_of_a_sensor_leaves_no_context_behind(shop_of, logs):
    shop = shop_of()
    repository = shop.defs.get_repository_def()
    with dg.build_sensor_context(instance=shop.instance, repository_def=repository, resources={"lake": shop.resource}) as tick:
        repository.get_sensor_def("restatement_sensor")(tick)
    assert context.current() == {}


def test_what_runs_count_adds_up_in_the_state_store_and_a_store_that_is_away_fails_no_run(shop_of, logs):
    shop = shop_of()
    land(shop.folder)
    url = f"sqlite:///{shop.folder}/state.db"
    shop.tell(url)
    assert shop.run("ingest").success
    assert shop.run("ingest").success
    store = StateStore(url)
    figures = {(each.name, each.labels): each.value for each in Figures(store).all()}
    store.close()
    assert figures[("mta_runs_total", ("ingest", "done"))] == 2
    assert figures[("mta_steps_total", ("landed_files", "done"))] == 2
    assert 0 < figures[("mta_step_seconds_total", ("landed_files",))] < figures[("mta_run_seconds_sum", ("ingest",))]
    shop.tell("postgresql://mta@127.0.0.1:1/nobody")
    assert shop.run("ingest").success
    assert "what a run counted is told when the state store is back" in [line["event"] for line in logs("application")]
