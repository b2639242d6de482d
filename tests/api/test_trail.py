"""Who did what is written, whatever becomes of the store or of the process; and when a key was last used."""

import json
import sqlite3
import time

import httpx
import pytest

from api import trail as trail_module
from api.trail import Trail
from mta_assets.errors import StateError
from mta_assets.state.audit import Audit, AuditEvent, AuditKind
from mta_assets.state.store import StateStore
from tests.api.live import live_server

METHODS = "/v1/attribution/methods"


@pytest.fixture
def audited(app):
    """What was written of the requests so far, the oldest first."""
    services = app.extensions["mta"]

    def read():
        services.trail.flush()
        return list(reversed(Audit(services.store).list().items))

    return read


def test_a_request_that_was_let_in_is_one_row_with_its_key_and_its_id(client, key_of, audited):
    key = key_of("viewer")
    client.get(METHODS, headers={"X-API-Key": key, "X-Request-ID": "mine"}, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    (row,) = audited()
    assert (row.kind, row.action, row.outcome) == (AuditKind.DATA, "attribution.list_methods", "ok")
    assert (row.key_id, row.owner, row.request_id, row.address) == (key.split("_")[1], "viewer", "mine", "10.0.0.7")


def test_a_request_that_failed_has_the_code_of_its_failure_and_what_it_was_about(client, key_of, audited):
    client.get("/v1/attribution/linar", headers={"X-API-Key": key_of("viewer")})
    assert [(row.outcome, row.subject) for row in audited()] == [("unknown_model", "linar")]


def test_what_a_key_may_not_do_is_a_row_of_authorization(app, client, audited, clock):
    keys = app.extensions["mta"].keys
    key = keys.create(owner="x", name="x", scopes=["audit:read"], now=clock.now)[1]
    client.get(METHODS, headers={"X-API-Key": key})
    assert [(row.kind, row.outcome, row.owner) for row in audited()] == [(AuditKind.AUTHORIZATION, "forbidden", "x")]


def test_every_failed_authentication_is_a_row_that_says_why_and_holds_no_secret(app, client, key_of, clock, audited):
    key, revoked = key_of("viewer"), key_of("viewer")
    app.extensions["mta"].keys.revoke(revoked.split("_")[1], clock.now)
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for headers in (
        {},
        {"X-API-Key": "x"},
        {"X-API-Key": wrong},
        {"X-API-Key": revoked},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    ):
        client.get(METHODS, headers=headers)
    clock.forward(days=31)
    client.get(METHODS, headers={"X-API-Key": key})
    rows = audited()
    assert {row.kind for row in rows} == {AuditKind.AUTHENTICATION}
    assert [row.outcome for row in rows[:4]] == ["missing", "unknown", "wrong", "revoked"]
    assert "not set up" in rows[4].outcome
    assert rows[5].outcome == "expired"
    assert [row.key_id for row in rows] == [None, None, key.split("_")[1], revoked.split("_")[1], None, key.split("_")[1]]
    assert wrong.split("_", 2)[2] not in str(rows)


def test_a_blocked_address_is_a_row_too(make_app):
    app = make_app(limit_failures=1)
    client, services = app.test_client(), app.extensions["mta"]
    for _ in range(2):
        client.get(METHODS, headers={"X-API-Key": "x"})
    services.trail.flush()
    assert [row.outcome for row in Audit(services.store).list().items] == ["address_blocked", "unknown"]


def test_routes_for_everybody_leave_no_row(client, audited):
    client.get("/health/live")
    client.get("/nothing")
    assert audited() == []


def test_the_last_use_of_a_key_is_reported(app, client, key_of, clock, audited):
    key = key_of("viewer")
    client.get(METHODS, headers={"X-API-Key": key})
    audited()
    assert app.extensions["mta"].keys.get(key.split("_")[1]).last_used_at == clock.now


class Fickle:
    """A store that is away when told so; all else is the real one."""

    def __init__(self, real):
        self.real, self.away = real, False

    def append(self, events):
        if self.away:
            raise StateError("It does not answer.")
        self.real.append(events)

    def used(self, uses):
        if self.away:
            raise StateError("It does not answer.")
        self.real.used(uses)


@pytest.fixture
def events(clock):
    return [AuditEvent(at=clock.now, kind=AuditKind.DATA, action=f"a{n}", outcome="ok") for n in range(1_200)]


def test_while_the_store_is_away_events_wait_in_their_order(app, events, caplog):
    audit, keys = Fickle(Audit(app.extensions["mta"].store)), Fickle(app.extensions["mta"].keys)
    trail = Trail(audit, keys)
    audit.away = keys.away = True
    for event in events:
        trail.note(event)
    assert not trail.flush()
    assert trail.waiting == 1_200
    audit.away = keys.away = False
    assert trail.flush()
    assert [event.action for event in reversed(audit.real.list(limit=1_000).items)] == [f"a{n}" for n in range(200, 1_200)]
    assert "cannot be written" in caplog.text
    trail.close()


def test_what_is_over_the_bound_goes_to_the_log_and_is_counted(app, events, caplog, monkeypatch):
    monkeypatch.setattr(trail_module, "MOST_WAITING", 1_000)
    audit = Fickle(Audit(app.extensions["mta"].store))
    audit.away = True
    trail = Trail(audit, app.extensions["mta"].keys)
    for event in events:
        trail.note(event)
    assert trail.spilled == 200
    spilled = [record.getMessage() for record in caplog.records if "not stored" in record.getMessage()]
    assert json.loads(spilled[0].partition(": ")[2])["action"] == "a1000"
    trail.close()
    assert (trail.spilled, trail.waiting) == (1_200, 0)


def test_events_are_written_by_themselves_soon(app, events):
    trail = Trail(Audit(app.extensions["mta"].store), app.extensions["mta"].keys)
    trail.note(events[0])
    deadline = time.monotonic() + 10
    while trail.waiting and time.monotonic() < deadline:
        time.sleep(0.05)
    trail.close()
    assert len(Audit(app.extensions["mta"].store).list().items) == 1


def test_the_trail_is_written_on_postgres_while_it_is_there(postgres_url, events, key_of, app):
    store = StateStore(postgres_url)
    store.migrate()
    trail = Trail(Audit(store), app.extensions["mta"].keys)
    for event in events:
        trail.note(event)
    trail.close()
    assert len(Audit(store).list(limit=1_000).items) == 1_000
    store.close()


def test_a_server_that_is_told_to_stop_writes_what_waits(tmp_path):
    with live_server(tmp_path, workers=1) as url:
        for _ in range(20):
            httpx.get(f"{url}{METHODS}", headers={"X-API-Key": "dev-api-key"})
    with sqlite3.connect(tmp_path / "state.db") as database:
        (count,) = database.execute("SELECT count(*) FROM audit WHERE outcome = 'ok'").fetchone()
    database.close()
    assert count == 20
