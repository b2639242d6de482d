"""Where users are still to be found: bytes of files, values of Parquet columns, rows of databases. It reads only."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from mta_assets.erasure.whom import Whom
from mta_assets.errors import DataError, MtaError
from mta_assets.ingest.streams import CHUNK, GZIP, ZSTD, Stream, opened

_PARQUET, _SQLITE = b"PAR1", b"SQLite format 3\0"
_OVERLAP = 4_096  # an id that lies across two pieces is found in the second
_ROWS = 1_000
_USER = "user"  # the column of the numbers under which rows have users


def found_in(folders: Iterable[Path], whom: Whom) -> Iterator[Path]:
    """The files below these folders, and among these files, that have one of the users, in bytes or in what they unpack to."""
    for folder in folders:
        for path in (folder,) if folder.is_file() else sorted(folder.rglob("*")):
            if path.is_file() and names(path, whom):
                yield path


def tables_with(url: str, whom: Whom) -> list[str]:
    """The tables of a database of which some row has one of the users. Raises MtaError when it does not answer."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            metadata = sa.MetaData()
            metadata.reflect(connection)
            return [table.name for table in metadata.sorted_tables if _in_rows(connection, table, whom)]
    except sa.exc.SQLAlchemyError as error:
        raise MtaError(
            f"A database that may name the users does not answer ({type(error).__name__}). Start it, and run it again."
        ) from error
    finally:
        engine.dispose()


def _in_rows(connection: sa.Connection, table: sa.Table, whom: Whom) -> bool:
    rows = connection.execution_options(yield_per=_ROWS).execute(sa.select(table))
    return any(whom.mentions(str(cell)) for row in rows for cell in row if cell is not None)


def names(path: Path, whom: Whom) -> bool:
    """Whether the file has one of the users. One that goes while it is read has not."""
    try:
        with path.open("rb") as file:
            magic = file.read(16)
        if magic.startswith(_PARQUET):
            return _in_pieces(path, whom) or _in_parquet(path, whom)
        if magic == _SQLITE:
            return _in_pieces(path, whom) or _in_sqlite(path, whom)
        return _in_pieces(path, whom) or (magic.startswith((GZIP, ZSTD)) and _in_unpacked(path, whom))
    except FileNotFoundError:
        return False


def _in_pieces(path: Path, whom: Whom) -> bool:
    with path.open("rb") as file:
        return _in_stream(file, whom)


def _in_unpacked(path: Path, whom: Whom) -> bool:
    try:
        with opened(path) as stream:
            return _in_stream(stream, whom)
    except DataError:
        return False  # its bytes have been looked at; what they unpack to, nobody can read


def _in_stream(stream: Stream, whom: Whom) -> bool:
    before = b""
    while piece := stream.read(CHUNK):
        if whom.in_bytes(before + piece) or whom.in_bytes((before + piece).replace(b"\0", b"")):  # the latter: UTF-16
            return True
        before = piece[-_OVERLAP:]
    return False


def _in_parquet(path: Path, whom: Whom) -> bool:
    try:
        return any(_in_frame(pl.DataFrame(pl.from_arrow(batch)), whom) for batch in pq.ParquetFile(path).iter_batches())
    except pa.ArrowException:
        return False


def _in_frame(frame: pl.DataFrame, whom: Whom) -> bool:
    for column in frame.iter_columns():
        if column.dtype == pl.String:
            found = whom.in_texts(column).any()
        elif column.dtype.is_nested():
            found = whom.in_texts(pl.DataFrame({"value": column}).select(pl.struct("value").struct.json_encode()).to_series()).any()
        else:
            found = column.name == _USER and column.dtype.is_integer() and column.is_in(whom.users).any()
        if found:
            return True
    return False


def _in_sqlite(path: Path, whom: Whom) -> bool:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = (str(cell) for table in tables for row in connection.execute(f'SELECT * FROM "{table}"') for cell in row)  # noqa: S608  names of its own
        return any(whom.mentions(cell) for cell in cells)
