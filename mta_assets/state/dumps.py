"""The state store in a file and back, as it was at one moment, while others write: SQLite by its own online backup, Postgres by its own pg_dump."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, make_url

from mta_assets.errors import StateError

SQLITE_FILE, POSTGRES_FILE = "sqlite.db", "postgres.dump"


def dump(url: str, folder: Path) -> Path:
    """The file, in the folder, that the database was written to. Raises StateError when it cannot be."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not Path(str(parsed.database)).exists():
            raise StateError(f"There is no state store at {parsed.database}. It is set by MTA_STATE_URL.")
        _copy_sqlite(Path(str(parsed.database)), folder / SQLITE_FILE)
        return folder / SQLITE_FILE
    # The whole database in one transaction of its own, compressed, without owners: it may go to a server with other users.
    _postgres("pg_dump", parsed, ["--format=custom", "--no-owner", "--no-acl", f"--file={folder / POSTGRES_FILE}"])
    return folder / POSTGRES_FILE


def load(folder: Path, url: str) -> None:
    """Fill an empty database from the file in the folder. Raises StateError when it is not empty, or of another kind."""
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    file = folder / (SQLITE_FILE if sqlite else POSTGRES_FILE)
    if not file.exists():
        raise StateError(
            f"{folder} has no {file.name}: what was backed up is no {parsed.get_backend_name()}. Set the URL to one of its kind."
        )
    if not is_empty(url):
        raise StateError(f"The database {parsed.set(password=None, query={}).render_as_string()} has tables. Restore into an empty one.")
    if sqlite:
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        Path(str(parsed.database)).touch(mode=0o600)
        _copy_sqlite(file, Path(str(parsed.database)))
    else:
        _postgres("pg_restore", parsed, ["--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", str(file)])


def is_empty(url: str) -> bool:
    """Whether there is no table in the database. A SQLite file that is not there is empty."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        return True
    engine = create_engine(parsed)
    try:
        return not inspect(engine).get_table_names()
    finally:
        engine.dispose()


def _copy_sqlite(source: Path, target: Path) -> None:
    """Page by page, from a snapshot: writers go on meanwhile."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as from_, closing(sqlite3.connect(target)) as to:
            from_.backup(to)
    except sqlite3.Error as error:
        raise StateError(f"{source} cannot be copied to {target}: {error}") from error
    target.chmod(0o600)


def _postgres(program: str, url: URL, arguments: Sequence[str]) -> None:
    found = shutil.which(program)
    if found is None:
        raise StateError(
            f"{program} is not installed. Install PostgreSQL's client of the server's version, or run it where the server is: docs/deployment.md."
        )
    # The password goes by the environment: what is on a command line everybody on the machine can read.
    database = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    ended = subprocess.run((found, f"--dbname={database}", *arguments), env=environment, capture_output=True, text=True, check=False)  # noqa: S603  no shell
    if ended.returncode:
        raise StateError(f"{program} failed: {' '.join(ended.stderr.split())}")
