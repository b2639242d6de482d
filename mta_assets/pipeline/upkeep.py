"""The upkeep of the whole lake: every table checked for damage, compacted and swept, and what that removed. When, Dagster says."""

from collections.abc import Iterable
from dataclasses import dataclass

from mta_assets.contracts.columns import Table
from mta_assets.errors import LakeError, passes
from mta_assets.lake.lake import Lake, remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Tidied:
    """What the upkeep of one table did. merged: files that were put together; removed, bytes_freed: files that went.

    failed: why it could not be done; passing: whether the cause may go by itself; damaged: files that the disk does not give back as they were written.
    """

    table: str
    merged: int = 0
    removed: int = 0
    bytes_freed: int | None = 0
    failed: str = ""
    passing: bool = False
    damaged: tuple[str, ...] = ()


def tidy(lake: Lake, tables: Iterable[Table], keep_hours: int) -> list[Tidied]:
    """Check, compact and sweep each table. One that cannot be is reported and stops no other."""
    return [_tidied(lake, table, keep_hours) for table in tables]


def _tidied(lake: Lake, table: Table, keep_hours: int) -> Tidied:
    try:
        if wrong := lake.damaged(table):  # what is put together with others could not be told from them any more
            said = f"{table.name} has damaged files: {', '.join(wrong)}. The disk gives back other bytes than were written. {remedy(table)}"
            return Tidied(table=table.name, failed=said, damaged=tuple(wrong))
        merged = lake.compact(table)
        swept = lake.sweep(table, keep_hours)
    except LakeError as error:
        return Tidied(table=table.name, failed=str(error), passing=passes(error))
    return Tidied(table=table.name, merged=merged, removed=swept.files, bytes_freed=swept.bytes_freed)
