"""The daemon looks, and whoever is named in mta.yaml is told within the tick: a run that fails, a check, a source that stops."""

import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import orjson
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.defs.alert_sensor import alert_sensor
from mta_assets.defs.ended_runs import ended_runs
from mta_assets.defs.partitions import range_tags
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.store import StateStore
from tests.webhooks.receiver import receiving

SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def receiver():
    with receiving() as told:
        yield told


@pytest.fixture
def instance(tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@pytest.fixture
def tick(tmp_path, monkeypatch, receiver, instance):
    """One tick of a sensor, as the daemon has it; `restart` makes it that of a new process."""
    monkeypatch.setenv("MTA_LAKE", f"{tmp_path}/lake")
    monkeypatch.setenv("MTA_STATE_URL", f"sqlite:///{tmp_path}/state.db")
    monkeypatch.setenv("ALERT_SECRET", "s" * 32)
    open_lake(f"{tmp_path}/lake", MODELS)
    targets = {"ops": {"webhook": receiver.url, "secret": "${ALERT_SECRET}"}}
    off = ["cpu_high", "memory_high", "disk_filling"]  # of the machine that tests run on
    config = parse_config({"alerts": {"targets": targets, "silenced": off}})
    sensors = [alert_sensor(config)]

    def once(*, restart=False):
        if restart:
            sensors.append(alert_sensor(config))
        with dg.build_sensor_context(instance=instance) as context:
            return sensors[-1](context).skip_message

    return once


@dg.op
def break_or_not(context):
    if "broken" in context.run_tags:
        raise dg.Failure("The disk is on fire.")


@dg.job(executor_def=dg.in_process_executor)
def core():
    break_or_not()


def run(instance, days=None, **tags):
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    everything = {**(range_tags(DayRange(*days)) if days else {}), **tags}
    return core.execute_in_process(instance=instance, tags=everything, raise_on_error=False, run_config=quiet)


def told(receiver):
    return [
        (each["status"], each["rule"], each["subject"]) for *_, body in receiver.received for each in orjson.loads(body)["data"]["alerts"]
    ]


def test_a_failed_run_is_told_once_within_a_minute_and_resolved_when_a_later_one_succeeds(tick, instance, receiver):
    assert tick() == "There is nothing to tell."
    began = time.monotonic()
    run(instance, broken="yes")
    assert tick() == "1 messages sent, 0 failed and to be tried again."
    assert time.monotonic() - began < 60
    assert tick(restart=True) == "There is nothing to tell."
    run(instance)
    tick(restart=True)
    assert told(receiver) == [("firing", "run_failed", "core"), ("resolved", "run_failed", "core")]
    assert "The disk is on fire." in orjson.loads(receiver.received[0][2])["data"]["alerts"][0]["text"]


def test_a_check_that_failed_is_told(tick, receiver, tmp_path):
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    now = datetime.now(UTC)
    found = {"asset": "core/touchpoints", "name": "volume", "severity": "warning", "message": "Half is missing.", "run_id": "r", "at": now}
    Checks(store).record([CheckResult(passed=False, **found)])
    tick()
    Checks(store).record([CheckResult(passed=True, **found)])
    tick()
    store.close()
    assert orjson.loads(receiver.received[0][2])["data"]["alerts"][0]["runbook"] == "docs/checks.md#volume"
    check = "check_failed", "core/touchpoints volume"
    assert told(receiver) == [("firing", *check), ("resolved", *check)]


def test_a_run_that_will_be_started_again_and_a_clients_analysis_are_no_failures(instance):
    for job, tags in (("core", {"dagster/will_retry": "true"}), ("analyze_upload", {})):
        instance.add_run(dg.DagsterRun(job_name=job, tags=tags, status=dg.DagsterRunStatus.FAILURE))
    assert ended_runs(instance, SINCE) == ()


def test_a_run_that_failed_has_its_days_and_only_our_own_words(instance):
    days = DayRange(datetime(2026, 3, 1).date(), datetime(2026, 3, 4).date())
    run(instance, (days.first, days.last), broken="yes")
    run(instance, (days.first, days.first))
    failed, succeeded = ended_runs(instance, SINCE)
    assert (failed.job, failed.days, failed.reason, failed.succeeded) == ("core", days, "The disk is on fire.", False)
    assert (succeeded.days, succeeded.succeeded) == (DayRange(days.first, days.first), True)
    assert datetime.now(UTC) - failed.ended_at < timedelta(minutes=5)
    assert ended_runs(instance, datetime.now(UTC) + timedelta(minutes=1)) == ()


def test_the_text_of_a_bug_stays_in_the_run(instance):
    @dg.op
    def bug():
        raise ValueError("jane@example.com")

    @dg.job(executor_def=dg.in_process_executor)
    def buggy():
        bug()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    buggy.execute_in_process(instance=instance, raise_on_error=False, run_config=quiet)
    (failed,) = ended_runs(instance, SINCE)
    assert failed.reason == "It ended with ValueError; the run's page has its text."
