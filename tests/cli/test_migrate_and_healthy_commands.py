"""`mta migrate` makes every store and leads back from a version; `mta healthy` tells what answers and what does not."""

import os
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mta_assets.alerts import pulse
from mta_assets.cli import migrate
from mta_assets.jobs.daemon import DAEMON
from mta_assets.lake.copies import names
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from mta_assets.state.versions import versions

SQLITE = "sqlite:///.mta/state.db"


@pytest.fixture
def store():
    made = StateStore(SQLITE)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def no_dagster(monkeypatch):
    """Dagster's storage takes ten seconds to make; that it is made, tests of the whole system show."""
    monkeypatch.setattr(migrate, "prepared_storage", lambda _: None)


@pytest.mark.usefixtures("no_dagster")
def test_migrating_makes_state_and_lake_and_a_second_time_changes_nothing(run, place):
    first = run("migrate")
    assert first.exit_code == 0
    assert f"at {versions()[-1]}" in first.stdout
    assert "core/journeys" in names(str(place / ".mta/lake"))
    assert run("migrate").stdout == first.stdout


def test_going_back_tells_what_is_lost_and_loses_it_only_when_told_to(run, store):
    Heartbeats(store).beat(DAEMON, datetime.now(UTC))
    refused = run("migrate", "--to", "0001")
    assert refused.exit_code == 2
    assert "goes away: table heartbeats: 1 rows" in refused.stdout
    assert "Nothing was changed" in refused.stderr
    assert store.version() == versions()[-1]
    assert run("migrate", "--to", "0001", "--lose-data").exit_code == 0
    assert store.version() == "0001"
    assert run("migrate", "--to", versions()[-1]).exit_code == 0
    assert Heartbeats(store).last(DAEMON) is None


def test_empty_tables_are_no_loss(run, store):
    assert run("migrate", "--to", "0003").exit_code == 0
    assert store.version() == "0003"


def test_one_database_for_two_stores_is_refused(run, monkeypatch):
    monkeypatch.setenv("MTA_STATE_URL", "postgresql://a:x@h/d")
    monkeypatch.setenv("MTA_DAGSTER_POSTGRES_URL", "postgresql://b:y@h/d")
    assert "name the same database" in run("migrate").stderr


@contextmanager
def answering(status):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path in ("/health/ready", "/server_info") else 404)
            self.end_headers()

        def log_message(self, *_):
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("service", "variable"), [("api", "MTA_API_PORT"), ("webserver", "MTA_UI_PORT")])
def test_what_answers_is_healthy_and_what_refuses_is_not(run, monkeypatch, service, variable):
    for status, code in ((200, 0), (503, 1)):
        with answering(status) as port:
            monkeypatch.setenv(variable, str(port))
            assert run("healthy", service).exit_code == code


@pytest.mark.parametrize("service", ["api", "webserver", "code-location"])
def test_what_does_not_listen_is_not_healthy_and_is_named(run, monkeypatch, service):
    with socket.socket() as taken:  # bound, and listened to by nobody
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for variable in ("MTA_API_PORT", "MTA_UI_PORT"):
            monkeypatch.setenv(variable, str(port))
        monkeypatch.setattr("mta_assets.cli.healthy.CODE_LOCATION_PORT", port)
        found = run("healthy", service)
    assert found.exit_code == 1
    assert f"127.0.0.1:{port}" in found.stderr


def test_a_daemon_is_healthy_while_its_heart_beats(run, store):
    assert "never heard of" in run("healthy", "daemon").stderr
    Heartbeats(store).beat(DAEMON, datetime.now(UTC) - timedelta(hours=1))
    assert run("healthy", "daemon").exit_code == 1
    Heartbeats(store).beat(DAEMON, datetime.now(UTC))
    assert run("healthy", "daemon").exit_code == 0


def test_a_watch_is_healthy_while_it_looks(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert "No watch" in run("healthy", "watch").stderr
    pulse.beat()
    assert run("healthy", "watch").exit_code == 0
    [file] = tmp_path.glob("mta-alerts-*")
    os.utime(file, (0, time.time() - pulse.SILENT_SECONDS - 1))
    assert run("healthy", "watch").exit_code == 1
