"""What every reader hands on: batches of cells as they were read, and the rows that have no cells to speak of."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints

MAX_VALUE, MAX_RECORD = 200, 4096  # characters of a rejected value and row that quarantine keeps
MOST_COLUMNS = 5_000  # a frame of more is no table of events, and takes time and memory by rows x columns
BATCH_BYTES = 16 << 20  # read at once: a batch of text takes about ten times as much while it is conformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """One row that cannot be taken apart into cells, or whose cell holds no text. value and record: as far as they can be shown."""

    row: int
    reason: str
    remedy: str
    column: str | None = None
    value: str | None = None
    record: str | None = None


@dataclass(frozen=True, kw_only=True)
class RawBatch:
    """Consecutive rows of a file.

    cells: one column per column of the file, under its name there; text from text formats, native types from Parquet; null where empty.
    row: (rows,) int64, the number of each row of `cells` as a spreadsheet counts.
    malformed: rows that are not in `cells`.
    """

    cells: pl.DataFrame
    row: Ints
    malformed: tuple[Malformed, ...] = ()

    @classmethod
    def empty(cls, names: Iterable[str] = ()) -> "RawBatch":
        """No row of these columns."""
        return cls(cells=pl.DataFrame(schema=dict.fromkeys(names, pl.String)), row=np.arange(0))


Batches = Generator[RawBatch, None, None]


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """A file taken apart. fixed_columns: whether every batch has the same columns, as a header or a schema says; else they are what rows happen to name."""

    batches: Batches
    fixed_columns: bool
    hint: str = ""  # what a missing column may come from, in this format


def unique_names(header: Iterable[str | None]) -> tuple[str, ...]:
    """The header's names, trimmed; an unnamed column gets its position, a repeated name a number, so that each is addressable."""
    names: dict[str, None] = {}
    for position, raw in enumerate(header, start=1):
        name = base = (raw or "").strip() or f"column {position}"
        repeat = 2
        while name in names:
            name, repeat = f"{base} ({repeat})", repeat + 1
        names[name] = None
    return tuple(names)
