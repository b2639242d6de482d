"""Which reader a file needs, by its content and never by its name."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import RawTable
from mta_assets.ingest.readers.csv import read_csv
from mta_assets.ingest.readers.json import is_one_document, read_json, read_ndjson
from mta_assets.ingest.readers.parquet import read_parquet
from mta_assets.ingest.streams import CHUNK, Stream, Utf8, opened

_TEXT_READERS: dict[str, Callable[[Stream, SourceConfig], RawTable]] = {"csv": read_csv, "json": read_json, "ndjson": read_ndjson}
PARQUET = b"PAR1"


@contextmanager
def raw_table(path: Path, source: SourceConfig) -> Iterator[RawTable]:
    """The file as a table of cells, read as it is iterated. Raises DataError, also while it is iterated, when it cannot be read as a whole."""
    with opened(path) as raw:
        is_parquet = raw.peek(4)[:4] == PARQUET
        if is_parquet != (source.format == "parquet") and source.format != "auto":
            raise DataError(
                f"Its content is {'' if is_parquet else 'not '}Parquet, but its source declares format: {source.format}. Correct one of them."
            )
        table = read_parquet(raw, source) if is_parquet else _text_table(raw, source)
        with closing(table.batches):  # a reader that is left half-way has a thread to end
            yield table


def _text_table(raw: Stream, source: SourceConfig) -> RawTable:
    text = io.BufferedReader(Utf8(raw, source.encoding), CHUNK)
    return _TEXT_READERS[format_of(text.peek(CHUNK), source)](text, source)


def format_of(first: bytes, source: SourceConfig) -> str:
    """Which of the text formats text has that starts with these bytes."""
    if source.format != "auto":
        return source.format
    if is_one_document(first):
        return "json"
    return "ndjson" if first.lstrip().startswith(b"{") else "csv"
