"""Marts in memory, as they are at their newest version: a year of days is a file a day, too slow to be read for every question. No question itself."""

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.lake.lake import Lake
from mta_assets.results.cube import Cube

# How long a version counts as the newest before the lake is asked again.
CHECK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """A whole table at one version, sorted by its key. Equal to itself alone."""

    table: Table
    frame: pl.DataFrame
    version: int

    @cached_property
    def cube(self) -> Cube:
        """The same, laid out for adding up: the columns of the key are axes, the real numbers measures."""
        return Cube.of(self.frame, self.table.key, [name for name, dtype in self.table.schema.items() if dtype == pl.Float64])


@dataclass(slots=True)
class Snapshots:
    """Whole small tables, each read once per version and process. Thread-safe; those that ask at the same time wait for one reading."""

    lake: Lake
    check_seconds: float = CHECK_SECONDS
    _held: dict[str, tuple[Snapshot, float]] = field(default_factory=dict)  # and the monotonic time at which it was the newest
    _numbers: dict[str, tuple[int, float]] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, table: Table) -> Snapshot:
        """The table as it is now, or was at most `check_seconds` ago. Raises LakeError when it cannot be read."""
        return self._recent(table) or self._checked(table)

    def version_of(self, *tables: Table) -> str:
        """The versions of the tables, as one text: what answers that are made of them are kept under."""
        return ".".join(str(self.of(table).version) for table in tables)

    def version_unread(self, *tables: Table) -> str:
        """The same of tables that are too large to be held: none of their rows is read."""
        return ".".join(str(self._number(table)) for table in tables)

    def _number(self, table: Table) -> int:
        known, now = self._numbers.get(table.name), time.monotonic()
        if known is None or now - known[1] >= self.check_seconds:
            known = self._numbers[table.name] = (self.lake.version(table), now)
        return known[0]

    def _recent(self, table: Table) -> Snapshot | None:
        held, checked = self._held.get(table.name, (None, 0.0))
        return held if time.monotonic() - checked < self.check_seconds else None

    def _checked(self, table: Table) -> Snapshot:
        with self._own_lock(table):
            if (recent := self._recent(table)) is not None:  # somebody else has just asked the lake
                return recent
            now = time.monotonic()
            fresh = self._fresh(table)
            self._held[table.name] = (fresh, now)
            return fresh

    def _own_lock(self, table: Table) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(table.name, threading.Lock())

    def _fresh(self, table: Table) -> Snapshot:
        version = self.lake.version(table)
        held, _ = self._held.get(table.name, (None, 0.0))
        if held is not None and held.version == version:
            return held
        while True:
            frame = self.lake.read_to_serve(table).sort(table.key)  # so that sums are the same to the last bit, whatever the order of files
            after = self.lake.version(table)
            if after == version:  # nothing was committed while it was read
                return Snapshot(table=table, frame=frame, version=version)
            version = after
