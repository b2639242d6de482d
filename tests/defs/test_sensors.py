import os
import time
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.defs.jobs import days_to_close
from mta_assets.defs.landing_sensor import TRIES
from mta_assets.defs.partitions import RANGE_END, RANGE_START, range_tags
from mta_assets.defs.restatement_sensor import Work, daily_first, pending_work, untried
from mta_assets.defs.runs import BACKFILL
from mta_assets.defs.schedules import ended_day
from mta_assets.pipeline import restatements
from mta_assets.pipeline.core import ask_core
from tests.defs.dagster_shop import CONFIG

ORDER = "conversion_id,user_id,ts,goal,value,currency\n"


def _land(shop, name, rows=1, age_seconds=60):
    path = shop.landing / "conversions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ORDER + "".join(f"{name}-{n},u{n},2026-03-04T10:00:00Z,purchase,10,USD\n" for n in range(rows)))
    moment = time.time() - age_seconds
    os.utime(path, (moment, moment))
    return path


def _run_status(shop, request, job, status):
    """Record a run of this request, as the daemon would, and how it ended."""
    run = dg.DagsterRun(job_name=job, tags={**request.tags, "dagster/run_key": request.run_key}, status=status)
    shop.instance.add_run(run)


def test_a_new_file_starts_ingest_once_and_a_changed_one_again(shop_of):
    shop = shop_of()
    path = _land(shop, "a.csv")
    first = shop.look("landing_sensor")
    assert len(first.run_requests) == 1
    again = shop.look("landing_sensor", first.cursor)
    assert isinstance(again, dg.SkipReason)
    assert shop.run("ingest").success
    assert isinstance(shop.look("landing_sensor", first.cursor), dg.SkipReason)
    _land(shop, path.name, rows=2, age_seconds=30)
    changed = shop.look("landing_sensor", first.cursor)
    assert changed.run_requests[0].run_key != first.run_requests[0].run_key


def test_what_landed_while_the_daemon_was_down_is_found_and_what_was_read_is_not_taken_twice(shop_of):
    shop = shop_of()
    _land(shop, "a.csv")
    assert shop.run("ingest").success
    _land(shop, "b.csv", age_seconds=40)
    answer = shop.look("landing_sensor", cursor=None)  # the cursor is lost with the daemon's storage
    assert answer.run_requests[0].tags["mta/files"] == "1"
    assert shop.run("ingest").success
    assert isinstance(shop.look("landing_sensor", cursor=None), dg.SkipReason)


def test_a_file_that_still_grows_waits(shop_of):
    shop = shop_of()
    _land(shop, "a.csv", age_seconds=0)
    answer = shop.look("landing_sensor")
    assert isinstance(answer, dg.SkipReason)
    assert "growing" in answer.skip_message


def test_an_ingest_that_failed_is_started_again_a_few_times_and_then_waits_for_a_change(shop_of):
    shop = shop_of()
    _land(shop, "a.csv")
    cursor, keys = None, []
    for _ in range(TRIES):
        answer = shop.look("landing_sensor", cursor)
        keys.append(answer.run_requests[0].run_key)
        cursor = answer.cursor
        _run_status(shop, answer.run_requests[0], "ingest", dg.DagsterRunStatus.FAILURE)
    assert len(set(keys)) == TRIES
    assert isinstance(shop.look("landing_sensor", cursor), dg.SkipReason)
    _land(shop, "b.csv")
    assert shop.look("landing_sensor", cursor).run_requests


def test_nothing_is_asked_while_an_ingest_is_under_way(shop_of):
    shop = shop_of()
    _land(shop, "a.csv")
    shop.instance.add_run(dg.DagsterRun(job_name="ingest", status=dg.DagsterRunStatus.STARTING))
    assert "under way" in shop.look("landing_sensor").skip_message


def test_nothing_is_asked_while_users_are_erased(copied):
    shop = copied()
    _land(shop, "a.csv")
    restatements.close_day(shop.resource.lake, date(2026, 3, 4), datetime.now(UTC))
    shop.instance.add_run(dg.DagsterRun(job_name="erase", status=dg.DagsterRunStatus.STARTED))
    for sensor in ("landing_sensor", "restatement_sensor"):
        assert "erase is under way" in shop.look(sensor).skip_message


def test_what_was_ingested_leads_to_core_then_to_closings_and_then_to_rest(shop_of):
    shop = shop_of()
    _land(shop, "a.csv")
    assert shop.run("ingest").success
    started = []
    while isinstance(request := shop.look("restatement_sensor"), dg.RunRequest):
        started.append(request.job_name)
        days = DayRange(*(date.fromisoformat(request.tags[tag]) for tag in (RANGE_START, RANGE_END)))
        assert shop.run(request.job_name, days, **{"dagster/run_key": request.run_key}).success
    assert started[:2] == ["core", "attribute"]
    assert len(started) == len(set(started))
    assert request.skip_message == "Everything is up to date."


def test_a_day_whose_fit_alone_is_stale_is_refitted(copied):
    shop = copied()
    day = date(2026, 3, 5)
    _put_fit(shop, day)
    request = shop.look("restatement_sensor")
    assert request.job_name == "refit"
    assert shop.run("refit", DayRange(day, day)).success
    assert pending_work(shop.resource.lake) == []


def _put_fit(shop, day):
    restatements._put(shop.resource.lake, "r1", [(day, "fit")], "pending", "test", datetime.now(UTC))


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_days_are_not_started_again_while_their_run_is_under_way(copied, status):
    shop = copied()
    restatements.close_day(shop.resource.lake, date(2026, 3, 4), datetime.now(UTC))
    _run_status(shop, shop.look("restatement_sensor"), "attribute", status)
    assert "under way" in shop.look("restatement_sensor").skip_message


def test_days_that_failed_are_halved_until_the_bad_one_stands_alone(copied):
    shop = copied()
    bad, days = date(2026, 3, 5), DayRange(date(2026, 3, 1), date(2026, 3, 6))
    pending = set(days)
    for day in days:
        restatements.close_day(shop.resource.lake, day, datetime.now(UTC))
    while work := next(untried(shop.instance, pending_work(shop.resource.lake), datetime.now(UTC)), None):
        fails = bad in set(work.days)
        request = dg.RunRequest(run_key=work.run_key, tags=range_tags(work.days))
        _run_status(shop, request, work.job, dg.DagsterRunStatus.FAILURE if fails else dg.DagsterRunStatus.SUCCESS)
        if not fails:
            pending -= set(work.days)
            restatements.finish(shop.resource.lake, CONFIG, restatements.snapshot(shop.resource.lake, work.days))
    assert pending == {bad}
    assert "wait for new data or for a person: attribute 2026-03-05" in shop.look("restatement_sensor").skip_message
    restatements.close_day(shop.resource.lake, bad, datetime.now(UTC))  # something new asks for the day
    assert isinstance(shop.look("restatement_sensor"), dg.RunRequest)


def test_core_days_that_a_run_has_built_are_built_again_when_they_are_asked_for_again(copied):
    shop, day = copied(), date(2026, 3, 3)
    keys = []
    for _ in range(3):
        ask_core(shop.resource.lake, [day])
        request = shop.look("restatement_sensor")
        keys.append(request.run_key)
        _run_status(shop, request, request.job_name, dg.DagsterRunStatus.SUCCESS)
    assert (request.job_name, len(set(keys))) == ("core", 3)


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_backfill_that_is_under_way_keeps_nobody_from_asking_for_what_is_pending(copied, status):
    shop = copied()
    for _ in range(3):
        shop.instance.add_run(dg.DagsterRun(job_name="attribute", tags={BACKFILL: "abc"}, status=status))
    restatements.close_day(shop.resource.lake, date(2026, 3, 4), datetime.now(UTC))
    request = shop.look("restatement_sensor")
    assert (request.job_name, request.tags["dagster/priority"]) == ("attribute", "1")


def work(job, first, last):
    return Work(job=job, days=DayRange(date.fromisoformat(first), date.fromisoformat(last)), asked=frozenset())


def test_a_long_history_is_made_in_runs_of_a_few_months(copied):
    shop = copied()
    asked = DayRange(date(2025, 1, 1), date(2025, 7, 19))
    restatements._put(shop.resource.lake, "r1", [(day, "closing") for day in asked], "pending", "test", datetime.now(UTC))
    made = [work.days for work in pending_work(shop.resource.lake, run_days=92)]
    assert [len(days) for days in made] == [92, 92, 16]
    assert [day for days in made for day in days] == list(asked)


def test_the_newest_days_go_before_a_history_that_they_do_not_depend_on():
    history = [
        work("core", "2024-01-01", "2024-03-31"),
        work("core", "2024-04-01", "2024-06-30"),
        work("attribute", "2024-01-01", "2024-03-31"),
    ]
    today = [work("core", "2026-03-01", "2026-03-01"), work("attribute", "2026-02-20", "2026-03-01")]
    pending = [*history[:2], today[0], history[2], today[1]]
    assert daily_first(pending, CONFIG) == [*today, *history]
    assert daily_first([], CONFIG) == []


@pytest.mark.parametrize(("gap", "first"), [(0, "history"), (151, "history"), (152, "today")])
def test_a_history_that_the_newest_days_may_depend_on_goes_first(gap, first):
    config = Config(lookback_days=30, fit_window_days=90)
    today = date(2026, 3, 1)
    before = today - timedelta(days=gap)
    pending = [work("core", "2024-01-01", str(before)), work("attribute", str(today), str(today))]
    assert daily_first(pending, config)[0].job == {"history": "core", "today": "attribute"}[first]


def test_the_daily_schedule_closes_yesterday_in_the_reporting_timezone(copied):
    shop = copied()
    schedule = shop.defs.get_repository_def().get_schedule_def("close_the_day")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    moment = datetime(2026, 3, 8, 0, 15, tzinfo=UTC)
    request = schedule.evaluate_tick(dg.build_schedule_context(shop.instance, moment)).run_requests[0]
    berlin = shop.resource.config.model_copy(update={"reporting_timezone": "America/New_York"})
    assert ended_day(moment, berlin) == date(2026, 3, 6)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    job = shop.defs.resolve_job_def("close_day")
    assert job.execute_in_process(run_config={**request.run_config, **quiet}, instance=shop.instance).success
    assert [str(work.days) for work in pending_work(shop.resource.lake)] == ["2026-03-07"]


def test_days_missed_by_the_schedule_are_closed_too_up_to_the_last_that_can_change(copied):
    shop = copied()
    lake = shop.resource
    newest = restatements.newest_day(lake.lake)
    restatements.close_day(lake.lake, newest, datetime.now(UTC))
    assert days_to_close(lake, newest + timedelta(days=2)) == [newest + timedelta(days=1), newest + timedelta(days=2)]
    assert max(days_to_close(lake, newest + timedelta(days=400))) == newest + timedelta(days=4)
