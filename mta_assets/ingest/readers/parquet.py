"""Parquet: batches of typed columns. Types that no column of ours has become text."""

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import Batches, RawBatch, RawTable, unique_names
from mta_assets.ingest.readers.text import text_cells
from mta_assets.ingest.streams import Stream

_BATCH_ROWS = 1 << 18
_NATIVE = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal128,
    pa.types.is_timestamp,
    pa.types.is_date,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_null,
)


def read_parquet(raw: Stream, _: SourceConfig) -> RawTable:
    """The rows of a Parquet file, numbered from 1. Raises DataError, at once or while it is read, when it is damaged."""
    return RawTable(batches=_batches(raw), fixed_columns=True)


def _batches(raw: Stream) -> Batches:
    try:
        file = pq.ParquetFile(raw)
        names = unique_names(file.schema_arrow.names)
        empty = [pa.array([], column.type) for column in file.schema_arrow]
        yield _batch(pa.RecordBatch.from_arrays(empty, names=list(names)), names, 1)
        following = 1
        for block in file.iter_batches(batch_size=_BATCH_ROWS):
            yield _batch(block, names, following)
            following += block.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"The Parquet file is cut short or damaged ({reason}). Send it again, complete and not compressed as a whole."
        ) from error


def _batch(block: pa.RecordBatch, names: tuple[str, ...], first: int) -> RawBatch:
    row = np.arange(first, first + block.num_rows)
    columns = [column if any(is_native(column.type) for is_native in _NATIVE) else _as_text(column) for column in block.columns]
    cells, row, malformed = text_cells(pa.RecordBatch.from_arrays(columns, names=list(names)), row)
    floats = pl.selectors.float()
    return RawBatch(cells=cells.with_columns(floats.fill_nan(None)), row=row, malformed=malformed)


def _as_text(column: pa.Array) -> pa.Array:
    """Dictionaries decoded, bytes read as text (to be checked), anything nested as JSON."""
    if pa.types.is_dictionary(column.type):
        decoded = column.dictionary_decode()
        return decoded if any(is_native(decoded.type) for is_native in _NATIVE) else _as_text(decoded)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return column.view(pa.string() if pa.types.is_binary(column.type) else pa.large_string())
    texts = [None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str) for value in column.to_pylist()]
    return pa.array(texts, pa.string())
