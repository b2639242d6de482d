"""`mta alerts` sends a test, shows what fires and what could not be told, and watches without a daemon."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime

import orjson
import pytest
import yaml
from click.testing import CliRunner

from mta_assets.alerts.watcher import WATCH
from mta_assets.cli import BAD_CALL, mta
from mta_assets.cli.alerts import NOT_DELIVERED
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake
from mta_assets.state.alert_records import LEASE, MAX_TRIES
from mta_assets.state.alerts import Alerts
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from tests.webhooks.receiver import receiving

OFF = ["watch_silent", "cpu_high", "memory_high", "disk_filling", "daemon_silent"]  # of the machine that tests run on


@pytest.fixture
def receiver():
    with receiving() as told:
        yield told


@pytest.fixture
def run(tmp_path, monkeypatch, receiver):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERT_SECRET", "s" * 32)
    targets = {"ops": {"webhook": receiver.url, "secret": "${ALERT_SECRET}"}}
    (tmp_path / "mta.yaml").write_text(yaml.safe_dump({"alerts": {"targets": targets, "silenced": OFF}}))

    def run(*arguments, exit_code=0):
        result = CliRunner().invoke(mta, ["alerts", *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    return run


@pytest.fixture
def redis_gone(monkeypatch, tmp_path):
    monkeypatch.setenv("MTA_API_REDIS_URL", "redis://127.0.0.1:1/0")
    open_lake(str(tmp_path / ".mta" / "lake"), MODELS)


def test_a_test_arrives_and_says_that_it_is_one(run, receiver):
    assert "delivered" in run("test")
    ((_, headers, body),) = receiver.received
    document = orjson.loads(body)
    assert document["data"]["title"] == "[test] Test: ops"
    assert document["data"]["severity"] == "test"
    assert headers["MTA-Signature"].startswith("t=")


def test_a_test_that_no_one_takes_says_why_and_fails(run, receiver):
    receiver.status = 403
    assert "It answered 403" in run("test", "ops", exit_code=NOT_DELIVERED)
    assert "Did you mean 'ops'?" in run("test", "opps", exit_code=BAD_CALL)


def test_without_targets_nothing_can_be_tested(run, tmp_path):
    (tmp_path / "mta.yaml").write_text("")
    assert "no target" in run("test", exit_code=BAD_CALL)


def test_a_watch_tells_what_is_wrong_and_the_list_shows_it(run, receiver, redis_gone):
    assert "No alert fires." in run("list")
    assert "1 messages sent" in run("watch", "--once")
    assert run("watch", "--once") == ""
    assert "redis_unreachable" in run("list")
    (alert,) = json.loads(run("list", "--json"))
    assert (alert["rule"], alert["severity"], alert["phase"]) == ("redis_unreachable", "error", "firing")
    assert len(receiver.received) == 1


def test_what_was_given_up_is_listed_and_sent_again(run, receiver, redis_gone):
    assert "No message was given up." in run("dead")
    receiver.status = 500
    run("watch", "--once")
    id_ = given_up(f"sqlite:///{'.mta/state.db'}")
    assert id_ in run("dead")
    assert json.loads(run("dead", "--json"))["messages"][0]["notices"][0]["rule"] == "redis_unreachable"
    assert "0 messages sent, 1 failed" in run("retry", id_, exit_code=NOT_DELIVERED)
    assert "is pending" in run("retry", id_, exit_code=BAD_CALL)
    receiver.status = 200
    id_ = given_up(f"sqlite:///{'.mta/state.db'}")
    assert "1 messages sent" in run("retry", id_)
    assert "al_0" in run("retry", "al_0", exit_code=BAD_CALL)


def given_up(url):
    """Fail the message that waits until it is given up; its id."""
    store = StateStore(url)
    alerts = Alerts(store)
    waiting = alerts.messages().items[0]
    now = waiting.due_at
    for _ in range(MAX_TRIES):
        for message in alerts.take(now):
            now = alerts.record(message.id, delivered=False, error="no", now=now).due_at
    store.close()
    return waiting.id


def test_an_alert_that_there_is_not_is_refused_with_the_nearest(run, tmp_path):
    (tmp_path / "mta.yaml").write_text("alerts: {silenced: [cpu_hihg]}")
    assert "Did you mean 'cpu_high'?" in run("list", exit_code=BAD_CALL)


def test_a_watch_that_is_killed_while_it_sends_leaves_a_message_that_the_next_sends_under_the_same_id(run, receiver, redis_gone, tmp_path):
    receiver.slow = 30
    command = [sys.executable, "-m", "mta_assets.cli", "alerts", "watch"]
    process = subprocess.Popen(command, cwd=tmp_path)
    ends = time.monotonic() + 60
    while not receiver.received and time.monotonic() < ends:
        time.sleep(0.05)
    process.kill()
    process.wait()
    receiver.slow = 0
    assert run("watch", "--once") == ""  # while the lease lasts it may still be at work
    store = StateStore("sqlite:///.mta/state.db")
    (message,) = Alerts(store).take(datetime.now(UTC) + LEASE)
    store.close()
    assert (message.id, message.uncertain) == (receiver.received[0][1]["MTA-Delivery"], True)


def test_a_watch_that_is_told_to_end_has_left_its_heartbeat_and_what_it_told_in_the_log(run, receiver, redis_gone, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    process = subprocess.Popen([sys.executable, "-m", "mta_assets.cli", "alerts", "watch"], cwd=tmp_path, stdout=subprocess.PIPE)
    line = orjson.loads(process.stdout.readline())
    assert (line["process"], line["event"], line["sent"]) == ("watch", "alerts told", 1)
    process.terminate()
    with process:
        assert process.wait(30) == 0
    assert (tmp_path / "mta-alerts-watch").exists()
    store = StateStore("sqlite:///.mta/state.db")
    assert Heartbeats(store).last(WATCH) is not None
    store.close()


def test_every_rule_is_listed(run):
    assert "disk_filling" in run("rules")
