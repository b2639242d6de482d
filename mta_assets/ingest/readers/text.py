"""Cells between Arrow, Polars and what a person reads: only sound UTF-8 gets into a frame, and a row can be shown as JSON."""

import json
from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from mta_assets.contracts.arrays import Ints
from mta_assets.ingest.readers.base import MAX_RECORD, MAX_VALUE, Malformed

# Stands in sound text for a byte that was none. A noncharacter of Unicode: it has no meaning in any text that is interchanged.
MARK = "\ufdd0"


def text_cells(batch: pa.RecordBatch, row: Ints, *, marked: bool = False) -> tuple[pl.DataFrame, Ints, tuple[Malformed, ...]]:
    """The batch as a frame with the rows' numbers, and the rows of which a cell is no valid UTF-8 or `marked` so, which the frame leaves out."""
    find = _marked if marked else _unsound
    unsound: dict[int, tuple[str, bytes]] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if _is_text(column):
            unsound = {index: (name, value) for index, value in find(column)} | unsound
    garbled: tuple[Malformed, ...] = ()
    if unsound:
        at = sorted(unsound)
        records = _readable(batch.take(pa.array(at)))
        garbled = tuple(_garbled(int(row[index]), *unsound[index], record) for index, record in zip(at, records, strict=True))
        sound = np.delete(np.arange(batch.num_rows), at)
        batch, row = batch.take(pa.array(sound)), row[sound]
    return pl.DataFrame(pl.from_arrow(batch)), row, garbled


def cells_as_json(cells: pl.DataFrame) -> pl.Series:
    """Each row as one JSON object, shortened; cells that are empty say null."""
    shortened = cells.with_columns(pl.col(pl.String).str.head(MAX_RECORD))
    encoded = shortened.select(pl.struct(pl.all()).struct.json_encode()) if cells.width else pl.DataFrame({"row": ["{}"] * cells.height})
    return encoded.to_series().str.head(MAX_RECORD)


def _unsound(column: pa.Array) -> Iterator[tuple[int, bytes]]:
    """(index, bytes) of the cells that are no valid UTF-8. Arrow says whether there is any; the cells are looked at one by one only then."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        for index, value in enumerate(_as_bytes(column).to_pylist()):
            if value is not None and not value.isascii() and not _is_utf8(value):
                yield index, value


def _marked(column: pa.Array) -> Iterator[tuple[int, bytes]]:
    """(index, bytes) of the cells in which something stands marked."""
    for index in np.flatnonzero(pc.match_substring(column, MARK).fill_null(False)):
        yield int(index), column[index].as_py().encode()


def shown(text: str) -> str:
    """Marked text for a person: with the usual sign in place of what is none."""
    return text.replace(MARK, "\ufffd")


def _readable(batch: pa.RecordBatch) -> Iterator[str]:
    """Each row as JSON, as a person can read it."""
    columns = [_as_bytes(column).to_pylist() if _is_text(column) else column.to_pylist() for column in batch.columns]
    for cells in zip(*columns, strict=True):
        texts = [shown(cell[:MAX_RECORD].decode("utf-8", "replace")) if isinstance(cell, bytes) else cell for cell in cells]
        yield json.dumps(dict(zip(batch.schema.names, texts, strict=True)), ensure_ascii=False, default=str)[:MAX_RECORD]


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _as_bytes(column: pa.Array) -> pa.Array:
    return column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _garbled(row: int, column: str, value: bytes, record: str) -> Malformed:
    return Malformed(
        row=row,
        column=column,
        value=shown(value[:MAX_VALUE].decode("utf-8", "replace")),
        reason="contains bytes that are no valid text in the file's encoding",
        remedy="declare the source's encoding in mta.yaml (cp1252, utf-16, ...), or correct the cell",
        record=record,
    )
