"""The store opens, migrates once however many ask for it, and says in words what is wrong without ever showing a password."""

import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from mta_assets.errors import StateError
from mta_assets.state.store import StateStore
from mta_assets.state.tables import Base, KeyRow

MIGRATE = "import sys; from mta_assets.state.store import StateStore; s = StateStore(sys.argv[1]); sys.stdin.read(1); s.migrate(); s.ping()"


def test_the_migrations_make_what_the_code_declares(store, state_url):
    engine = create_engine(state_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()


def test_migrating_again_changes_nothing(store, now):
    with store.session() as session:
        session.add(_key(now))
    store.migrate()
    with store.reading() as session:
        assert session.query(KeyRow).one().created_at == now


def test_processes_that_migrate_at_once_all_succeed(state_url):
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, state_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:  # all have started and wait for a byte
        process.stdin.write(b"x")
        process.stdin.flush()
    failures = [process.communicate()[1].decode() for process in processes if process.wait() or process.communicate()]
    assert [failure for failure in failures if failure] == []
    assert [process.returncode for process in processes] == [0, 0, 0, 0]


def test_a_store_of_a_newer_version_is_refused(store):
    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match="newer version"):
        store.migrate()


def test_a_store_without_tables_says_what_to_call(state_url):
    store = StateStore(state_url)
    with pytest.raises(StateError, match="migrate"), store.reading() as session:
        session.query(KeyRow).all()
    store.close()


def test_what_a_failed_session_wrote_is_not_there(store, now):
    def write_and_fail():
        with store.session() as session:
            session.add(_key(now))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with store.reading() as session:
        assert session.query(KeyRow).count() == 0


def test_a_reader_does_not_wait_for_a_writer(store, now):
    with store.session() as writer:
        writer.add(_key(now))
        writer.flush()
        with store.reading() as reader:
            assert reader.query(KeyRow).count() == 0


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(Exception, match="without a zone"), store.session() as session:
        session.add(_key(datetime(2026, 3, 1)))


def test_times_come_back_in_utc(store, now):
    with store.session() as session:
        session.add(_key(now.astimezone()))
    with store.reading() as session:
        found = session.query(KeyRow).one().created_at
    assert (found, found.tzinfo) == (now, UTC)


def test_a_sqlite_store_is_made_with_its_folder_for_its_owner_only(tmp_path):
    path = tmp_path / "a" / "b" / "state.db"
    store = StateStore(f"sqlite:///{path}")
    store.migrate()
    with store.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "no database URL"),
        ("", "no database URL"),
        ("mysql://u:hunter2@h/d", "'mysql'"),
        ("postgres://u:hunter2@h/d", "Did you mean 'postgresql'"),
        ("postgresql://u@h:hunter2/d", "no database URL"),
        ("postgresql://u:x@hunter2@h/d", "more than one @"),
        ("sqlite://", "name a file"),
        ("sqlite:///:memory:", "name a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "name a file"),
        ("sqlite:////proc/no/state.db", "cannot be made at /proc/no/state.db"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url, says):
    with pytest.raises(StateError, match=says) as refused:
        StateStore(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@127.0.0.1:1/d",
        "postgresql://u:hunter2@no-such-host.invalid/d",
        "postgresql://u@127.0.0.1:1/d?password=hunter2",
        "postgresql://u:hunter2@/d?host=/nowhere",
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(url):
    store = StateStore(url)
    with pytest.raises(StateError, match=r"does not answer.*MTA_STATE_URL") as refused:
        store.ping()
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in store.name


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "state.db"
    path.write_text("this is no database at all\n" * 100)
    with pytest.raises(StateError, match=r"state\.db.*not a database"):
        StateStore(f"sqlite:///{path}").ping()


def test_importing_the_store_loads_neither_alembic_nor_an_engine_of_ours():
    code = "import sys, mta_assets.state.keys; print([m for m in ('alembic', 'dagster', 'flask', 'polars', 'duckdb', 'deltalake') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_migrations_are_part_of_the_package():
    folder = Path(sys.modules["mta_assets.state.store"].__file__).parent / "migrations"
    assert (folder / "env.py").exists()


def _key(now):
    return KeyRow(id="abcdefgh", digest=b"x", owner="o", name="n", role="viewer", created_at=now, expires_at=now)
