"""Which rows of a raw file are of some users, found as ingest finds what a row says: the same reader, mapping and trimming. Nothing is written here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from mta_assets.config import SourceConfig
from mta_assets.contracts.arrays import Bools
from mta_assets.ingest.fields import FIELDS
from mta_assets.ingest.identity import hash_texts, mix
from mta_assets.ingest.mapping import default_of, match_columns
from mta_assets.ingest.readers.base import RawBatch
from mta_assets.ingest.readers.detect import raw_table
from mta_assets.ingest.texts import read_texts

IsTheirs = Callable[[pl.Series], pl.Series]
Mentions = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file holds of the users. rows: the numbers of their rows, as the reader counts; of the others: how many, and a hash of all that they say."""

    rows: frozenset[int]
    others: int
    said_by_others: int


def their_rows(path: Path, source: SourceConfig, is_theirs: IsTheirs, mentions: Mentions) -> Found:
    """The rows of users for whose ids `is_theirs` holds, and those that are in no cells and of whose text `mentions` holds.

    Raises DataError, as every reading does, when the file cannot be read as a whole.
    """
    rows: set[int] = set()
    others = said = 0
    for batch in _batches(path, source):
        theirs = _theirs(batch, source, is_theirs)
        unread = {bad.row for bad in batch.malformed if mentions(f"{bad.value or ''} {bad.record or ''}")}
        rows.update(batch.row[theirs].tolist(), unread)
        others += int((~theirs).sum()) + len(batch.malformed) - len(unread)
        said = (said + _said(batch.cells.filter(pl.Series(~theirs)))) % (1 << 64)
    return Found(rows=frozenset(rows), others=others, said_by_others=said)


def _batches(path: Path, source: SourceConfig) -> Iterator[RawBatch]:
    with raw_table(path, source) as table:
        yield from table.batches


def _theirs(batch: RawBatch, source: SourceConfig, is_theirs: IsTheirs) -> Bools:
    field = next(field for field in FIELDS[source.kind] if field.name == "user_id")
    theirs = match_columns(batch.cells.columns, source).theirs.get("user_id")
    if theirs is None or batch.cells.is_empty():
        return np.zeros(batch.cells.height, dtype=np.bool_)
    ids = read_texts(batch.cells[theirs], default_of(field, source))
    return ids.map(is_theirs).rows.fill_null(value=False).to_numpy()


def _said(cells: pl.DataFrame) -> int:
    """A number that changes when any cell does; the order of rows and columns changes nothing, nor does an empty cell."""
    total = np.uint64(0)
    with np.errstate(over="ignore"):
        for name in cells.columns:
            texts = cells[name].cast(pl.String).drop_nulls()
            total += np.sum(mix(hash_texts(texts) ^ hash_texts(pl.Series([name]))), dtype=np.uint64)
    return int(total)
