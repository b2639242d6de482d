"""Where Dagster keeps its own runs and events: Postgres when MTA_DAGSTER_POSTGRES_URL is set, else SQLite. Named in `dagster_home/dagster.yaml`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dagster import EventLogEntry
from dagster._core.events import ASSET_EVENTS
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.event import listen
from sqlalchemy.pool import StaticPool

from mta_assets.errors import ConfigError
from mta_assets.settings import Settings

# A run of a year makes 365 events per table. Dagster hands them over in batches when this variable says so, and Postgres writes a batch at once.
# SQLite takes 32,766 values in one statement; an event is 7 of them.
BATCH_SIZE = 500
KEPT_ENGINES = 8


class EmbeddedOrPostgres(DagsterSqliteStorage):
    """SQLite, unless a Postgres is named. `dagster.yaml` itself cannot say "or": a variable that it names must be set."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = BatchedEventLog(os.path.join(base_dir, "history", "runs", ""))  # noqa: PTH118  the end slash is meant

    @classmethod
    def from_config_value(  # type: ignore[override]  # it hands out a storage of either kind
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> DagsterStorage:
        """The storage in force. config_value: base_dir, the folder of the SQLite files."""
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(BATCH_SIZE))
        url = Settings().dagster_postgres_url
        if not url:
            return cls.from_local(config_value["base_dir"], inst_data=inst_data)
        try:
            from dagster_postgres import DagsterPostgresStorage  # noqa: PLC0415  an extra, needed only where Postgres is used
        except ImportError as error:
            raise ConfigError("MTA_DAGSTER_POSTGRES_URL is set, but the extra is missing: pip install 'mta-assets[postgres]'.") from error
        return DagsterPostgresStorage(url, should_autocreate_tables=True, inst_data=inst_data)


class BatchedEventLog(SqliteEventLogStorage):
    """Dagster's SQLite event log, less the cost of each event: it opens a database, compiles its statements and waits for the disk every time.

    Here databases stay open, a batch of asset events is one commit per database, and a commit waits for the disk at checkpoints only: what a power
    cut may lose are the last log lines, never the database.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The engine of a run's database or of the index; those of the last few runs are kept."""
        if shard not in self._engines:
            while len(self._engines) >= KEPT_ENGINES:
                self._engines.pop(next(iter(self._engines))).dispose()
            # One connection per database, which `_db_lock` lends to one thread at a time: closing the last one makes SQLite write a checkpoint.
            waits = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
            engine = create_engine(self.conn_string_for_shard(shard), poolclass=StaticPool, connect_args=waits)
            listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL"))
            self._engines[shard] = engine
        return self._engines[shard]

    def dispose(self) -> None:
        """Close every database."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    def remove_log(self, run_id: str) -> None:
        """Remove the database of a run, which has every line of its log. Asset events are in the index as well, and stay."""
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
            for side in ("", "-wal", "-shm"):
                Path(self.path_for_shard(run_id) + side).unlink(missing_ok=True)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run: asset events together, the others one by one, as Dagster's own method does with all."""
        assets = [event for event in events if event.dagster_event_type in ASSET_EVENTS]
        for event in events:
            if event.dagster_event_type not in ASSET_EVENTS:
                self.store_event(event)
        if assets:
            self._store_asset_events(assets)

    def _store_asset_events(self, events: Sequence[EventLogEntry]) -> None:
        insert = self.prepare_insert_event_batch(events)
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(insert)
        with self.index_transaction() as connection:  # the mirror that queries over runs and assets read
            rows = connection.execute(insert.returning(SqlEventLogStorageTable.c.id)).fetchall()
            numbers = [number for (number,) in rows]
            self._store_asset_event_tags(connection, events, numbers)
            newest = {event.get_dagster_event().asset_key: (event, number) for event, number in zip(events, numbers, strict=True)}
            for event, number in newest.values():
                self._store_asset_event(connection, event, number)
