"""The state store in a file and back, on SQLite and Postgres: equal to the last row, and never over what is there."""

import shutil
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from mta_assets.errors import StateError
from mta_assets.state import dumps
from mta_assets.state.dumps import dump, is_empty, load
from mta_assets.state.keys import Keys
from mta_assets.state.store import StateStore
from mta_assets.state.tables import Base
from tests.servers import as_administrator, postgres_binaries

PEPPER = b"p" * 32


@pytest.fixture(autouse=True)
def client_of_the_server(state_url, monkeypatch, tmp_path_factory):
    """pg_dump of the server's own version, where the test runs on Postgres."""
    if "postgresql" in state_url:
        binaries = postgres_binaries(tmp_path_factory.mktemp("binaries"))
        if not (binaries / "pg_dump").exists():
            pytest.skip("this Postgres comes without pg_dump")
        monkeypatch.setenv("PATH", str(binaries), prepend=":")


@pytest.fixture
def empty_url(request, state_url, tmp_path):
    """Another database of the same kind, empty."""
    if "sqlite" in state_url:
        yield f"sqlite:///{tmp_path}/elsewhere/state.db"
        return
    folder = request.getfixturevalue("postgres_server")
    name = f"test_{uuid4().hex}"
    as_administrator(folder, f"CREATE DATABASE {name}")
    yield f"postgresql://mta:unchecked-secret@/{name}?host={folder}"
    as_administrator(folder, f"DROP DATABASE {name} WITH (FORCE)")


def rows(url):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {name: sorted(map(repr, connection.execute(table.select()).all())) for name, table in Base.metadata.tables.items()}
    engine.dispose()
    return found


def test_what_comes_back_is_what_was_there_and_goes_on_where_it_was(store, state_url, empty_url, now, tmp_path):
    keys = Keys(store, PEPPER)
    _, presented = keys.create(owner="o", name="n", role="analyst", scopes=None, lifetime=timedelta(days=3), limit_per_hour=None, now=now)
    dump(state_url, tmp_path)
    keys.create(owner="later", name="n", role="viewer", scopes=None, lifetime=timedelta(days=3), limit_per_hour=None, now=now)
    load(tmp_path, empty_url)
    with closing(StateStore(empty_url)) as restored:
        restored.migrate()
        again = Keys(restored, PEPPER)
        assert [record.owner for record in again.list().items] == ["o"]
        assert again.check(presented, now).owner == "o"
        again.create(owner="new", name="n", role="viewer", scopes=None, lifetime=timedelta(days=3), limit_per_hour=None, now=now)
    assert len(rows(state_url)["api_keys"]) == len(rows(empty_url)["api_keys"]) == 2


def test_a_dump_beside_an_open_writer_has_what_was_committed(store, state_url, empty_url, now, tmp_path):
    with store.session() as session:
        session.execute(text("INSERT INTO heartbeats (name, at) VALUES ('half done', '2026-03-01')"))
        dump(state_url, tmp_path)
    load(tmp_path, empty_url)
    assert rows(empty_url)["heartbeats"] == []
    assert len(rows(state_url)["heartbeats"]) == 1


@pytest.mark.usefixtures("store")
def test_a_database_with_tables_is_not_filled(state_url, tmp_path):
    before = rows(state_url)
    dump(state_url, tmp_path)
    assert not is_empty(state_url)
    with pytest.raises(StateError, match="Restore into an empty one") as refused:
        load(tmp_path, state_url)
    assert "unchecked-secret" not in str(refused.value)
    assert rows(state_url) == before


@pytest.mark.usefixtures("store")
def test_a_dump_of_one_kind_does_not_go_into_the_other(state_url, tmp_path):
    dump(state_url, tmp_path)
    other = "sqlite:///x.db" if "postgresql" in state_url else "postgresql://u@/d"
    with pytest.raises(StateError, match="what was backed up is no"):
        load(tmp_path, other)


def test_a_missing_pg_dump_is_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(StateError, match="pg_dump is not installed"):
        dump("postgresql://u:hunter2@h/d", tmp_path)


def test_what_pg_dump_says_reaches_the_user_and_the_password_does_not(tmp_path):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    with pytest.raises(StateError, match="pg_dump failed") as refused:
        dump("postgresql://u:hunter2@127.0.0.1:1/d", tmp_path)
    assert "hunter2" not in str(refused.value)


def test_a_sqlite_store_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(StateError, match="no state store at"):
        dumps.dump(f"sqlite:///{tmp_path}/none.db", tmp_path)
    assert not (tmp_path / "none.db").exists()
