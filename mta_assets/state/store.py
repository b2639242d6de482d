"""The one connection to the SQL state store: opening, migrating, sessions, and errors in words. What is stored is the business of its neighbours."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, InternalError, ProgrammingError, TimeoutError  # noqa: A004
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from mta_assets.errors import StateAwayError, StateError, did_you_mean

if TYPE_CHECKING:
    from mta_assets.state.versions import Loss

SQLITE, POSTGRES = "sqlite", "postgresql"
BUSY_SECONDS = 15  # how long one writer of SQLite waits for the other
CONNECT_SECONDS = 5
POOL_SECONDS = 10
_MIGRATION_LOCK = 0x6D74615F  # "mta_": any number that others do not use
_BEGIN = "mta_begin"
_BUGS = (IntegrityError, DataError, ProgrammingError, InternalError)  # of ours, and no fault of the server: they are never put into words
_UNDEFINED_TABLE = "42P01"


class StateStore:
    """Sessions on one database, SQLite or Postgres. Safe to share among threads; every process makes its own.

    url: `sqlite:///file` (the folder is made) or `postgresql://user:password@host/database`.
    Raises StateError when the URL cannot be used; no message shows a password.
    """

    def __init__(self, url: str) -> None:
        self._url = _parsed(url)
        self._engine = _engine(self._url)
        self._writer = self._engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})

    @property
    def name(self) -> str:
        """Where it is, without password and parameters: for messages and logs."""
        return self._url.set(password=None, query={}).render_as_string()

    def migrate(self, to: str = "head") -> None:
        """Bring the tables to a version, this code's newest unless told otherwise. Of several processes that do so at once one does, the others wait.

        Going back removes what later versions added: `losses` says what that is. Raises StateError when a newer version of the code has been here.
        """
        from mta_assets.state import versions  # noqa: PLC0415  Alembic takes longer than what most callers do here

        with self._migrating() as connection:
            versions.move(connection, to)
            connection.commit()

    def losses(self, to: str) -> Sequence["Loss"]:
        """What `migrate(to)` would remove, found by doing so without keeping it."""
        from mta_assets.state import versions  # noqa: PLC0415

        with self._migrating() as connection:
            return versions.losses(connection, to)

    def version(self) -> str:
        """The version of the tables that are there."""
        from mta_assets.state import versions  # noqa: PLC0415

        with self._migrating() as connection:
            return versions.version(connection)

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A transaction beside which no other process migrates. It is undone unless the body commits it."""
        with self._mended(), self._writer.connect() as connection:
            if self._url.get_backend_name() == POSTGRES:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
                yield connection
                return
            # SQLite alters a table by making it anew, and to drop the old one would delete the rows that refer to it.
            with _unchecked_references(connection):
                yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that may write: committed at the end, rolled back when the body raises. On SQLite one at a time, the others wait."""
        with self._mended(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, and on SQLite waits for no writer."""
        with self._mended(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    @staticmethod
    def alone(session: Session, what: str) -> None:
        """Wait until no other writing session has claimed this name, and claim it until this one ends. On SQLite every writer is alone."""
        if session.get_bind().dialect.name == POSTGRES:
            number = int.from_bytes(hashlib.sha256(what.encode(errors="replace")).digest()[:8], signed=True)
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": number})

    def ping(self) -> None:
        """One round trip. Raises StateError when the database does not answer."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def compact(self) -> None:
        """Have the database let go of the bytes of removed rows. On SQLite everybody waits meanwhile; Postgres goes on, and its own log keeps what it keeps."""
        is_sqlite = self._url.get_backend_name() == SQLITE
        with self._mended(), self._engine.connect() as connection:
            driver = cast("Any", connection.connection.dbapi_connection)
            if not is_sqlite:
                driver.autocommit = True
            cursor = driver.cursor()  # past SQLAlchemy, which begins a transaction, in which neither database compacts
            try:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)") if is_sqlite else ("VACUUM",):
                    cursor.execute(statement)
            except _driver_error(self._engine) as error:
                raise StateError(
                    f"The state store {self.name} could not be compacted: {error}. Run it again when nobody holds it."
                ) from error
            finally:
                cursor.close()
                connection.detach()

    def close(self) -> None:
        """Let go of every connection that is not in use."""
        self._engine.dispose()

    @contextmanager
    def _mended(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, TimeoutError) as error:
            if isinstance(error, _BUGS) and not _lacks_tables(error):
                raise
            self._refuse(error)

    def _refuse(self, error: DBAPIError | TimeoutError) -> NoReturn:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        if _lacks_tables(error):
            raise StateError(
                f"The state store {self.name} lacks tables ({said}). Call StateStore.migrate() first, as `mta keys` and the API do."
            ) from error
        if self._url.password:
            said = said.replace(str(self._url.password), "***")
        raise StateAwayError(
            f"The state store {self.name} does not answer: {said}. Is the server running and the address right? It is set by MTA_STATE_URL."
        ) from error


def _driver_error(engine: Engine) -> type[Exception]:
    """The class of the driver's own errors."""
    return cast("type[Exception]", cast("Any", engine.dialect).loaded_dbapi.Error)


def _lacks_tables(error: Exception) -> bool:
    original = getattr(error, "orig", None)
    return getattr(original, "pgcode", None) == _UNDEFINED_TABLE or "no such table" in str(original)


def _parsed(text_: str) -> URL:
    try:
        url = make_url(text_)
    except (ArgumentError, ValueError):  # their messages may carry the password
        raise StateError(
            "MTA_STATE_URL is no database URL. Write sqlite:///file or postgresql://user:password@host/database; "
            "signs like @ : / in a password are written as %40 %3A %2F."
        ) from None
    backend = url.drivername.partition("+")[0]
    if backend not in (SQLITE, POSTGRES):
        raise StateError(f"MTA_STATE_URL names the database {backend!r}. {did_you_mean(backend, [SQLITE, POSTGRES])}")
    if "@" in (url.host or ""):
        raise StateError("MTA_STATE_URL has more than one @. Write an @ of the user name or password as %40.")
    if backend == SQLITE and (url.query or url.database in (None, "", ":memory:")):
        raise StateError("MTA_STATE_URL must name a file, as in sqlite:///folder/state.db, and no parameters: several processes share it.")
    return url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == SQLITE:
        _make_file(Path(str(url.database)))
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_timeout=POOL_SECONDS)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        connecting = {"connect_timeout": CONNECT_SECONDS, "application_name": "mta"}
        return create_engine(url, connect_args=connecting, pool_timeout=POOL_SECONDS, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StateError("A state store in Postgres needs a driver: pip install 'mta-assets[postgres]'.") from error


def _make_file(path: Path) -> None:
    """The file, for its owner only: it holds keyed hashes and who did what. SQLite gives its side files the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise StateError(
            f"The state store cannot be made at {path}: {error.strerror}. Set MTA_STATE_URL to a file that can be written."
        ) from error


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _unchecked_references(connection: Connection) -> Iterator[None]:
    raw = connection.connection
    raw.cursor().execute("PRAGMA foreign_keys = OFF")  # without effect within a transaction, so that none may have begun
    try:
        yield
    finally:
        connection.rollback()
        raw.cursor().execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: one that read first and then wrote would fail when another wrote in between."""
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))
