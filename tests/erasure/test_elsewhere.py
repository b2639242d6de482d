"""Beside the lake: jobs of clients, the audit log, answers that are kept, Dagster's storage. None of them tells of an erased user."""

import gzip
import sqlite3
from dataclasses import replace

import pytest
import redis as redis_client
import sqlalchemy as sa

from mta_assets.erasure import caches
from mta_assets.errors import MtaError
from mta_assets.jobs.folder import Folder
from mta_assets.state.audit import Audit, AuditEvent, AuditKind
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import Jobs
from tests.erasure.erasing import ANN, KEYS, NOW, erased, shop, traces


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
    return shop(tmp_path / "shop", {})


def job(places, content):
    """A job to which this was sent."""
    files = [JobFile(stored="file", given="events.csv", kind="events", size_bytes=1)]
    made = Jobs(places.store).create(owner="acme", key_id="x", request_id="x", options={}, files=files, now=NOW)
    (Folder.of_job(places.uploads, made.id).make().files / "file").write_bytes(content)
    return made.id


def test_a_job_whose_files_name_the_user_goes_and_others_stay(places, tmp_path):
    theirs, packed = job(places, f"user_id\n{ANN}\n".encode()), job(places, gzip.compress(f"user_id\n{ANN}\n".encode()))
    wide = job(places, f"user_id\n{ANN}\n".encode("utf-16"))
    other = job(places, b"user_id\nsomebody.else@example.org\n")
    done = erased(places)
    assert (done.state, done.counts["uploads"]) == ("done", 3)
    assert [each.id for each in Jobs(places.store).list(None).items] == [other]
    assert not {theirs, packed, wide} & {path.name for path in places.uploads.iterdir()}
    assert traces(tmp_path / "shop") == []


def test_the_audit_log_keeps_the_event_and_forgets_what_it_was_about(places, tmp_path):
    about = {"kind": AuditKind.DATA, "outcome": "ok", "at": NOW, "owner": "acme"}
    Audit(places.store).append(
        [AuditEvent(action="journeys.trail", subject=f"order of {ANN}", **about), AuditEvent(action="other", subject="o1", **about)]
    )
    assert traces(tmp_path / "shop") != []
    assert erased(places).counts["state/audit"] == 1
    kept = Audit(places.store).list().items
    assert [(event.action, event.subject) for event in kept] == [("other", "o1"), ("journeys.trail", "(erased)")]
    assert traces(tmp_path / "shop") == []  # nor do free pages of the database


def test_what_dagster_s_storage_tells_is_reported(places, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with sqlite3.connect(home / "runs.db") as connection:
        connection.execute("CREATE TABLE events (body TEXT)")
        connection.execute("INSERT INTO events VALUES (?)", (f"user {ANN} failed",))
    connection.close()
    done = erased(replace(places, dagster_home=home))
    assert (done.state, done.remaining) == ("incomplete", ("home/runs.db",))


def test_and_where_it_is_in_postgres_too(places, postgres_url):
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE event_logs AS SELECT %s AS event", (f"user {ANN} failed",))
        connection.exec_driver_sql("CREATE TABLE runs AS SELECT 'nobody' AS body")
    engine.dispose()
    assert erased(replace(places, dagster_url=postgres_url)).remaining == ("Dagster's storage: event_logs",)
    with pytest.raises(MtaError, match="does not answer"):
        erased(replace(places, dagster_url="postgresql://nobody@127.0.0.1:1/none"))


def test_answers_in_redis_are_forgotten(redis_url):
    client = redis_client.Redis.from_url(redis_url)
    client.mset({f"mta:cache:{n}": b"x" for n in range(3)} | {"mta:limit:1": b"1"})
    assert caches.forget(redis_url) == 3
    assert client.keys() == [b"mta:limit:1"]
    client.close()


def test_a_redis_that_is_away_keeps_the_erasure_pending():
    with pytest.raises(MtaError, match="run it again"):
        caches.forget("redis://127.0.0.1:1/0")
    assert caches.forget("") == 0
