"""What reading a column's cells as a type gives: values, and the faults of cells that are not of it."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which cells are wrong. bad: (rows,) bool."""

    bad: pl.Series
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """values: (rows,) of the type asked for, null where the cell is empty or at fault."""

    values: pl.Series
    faults: tuple[Fault, ...] = ()


def unread(cells: pl.Series, values: pl.Series, reason: str, remedy: str) -> tuple[Fault, ...]:
    """The fault of the cells that say something of which no value came; none when there is no such cell."""
    if values.null_count() == cells.null_count():
        return ()
    return (Fault(bad=values.is_null() & cells.is_not_null(), reason=reason, remedy=remedy),)
