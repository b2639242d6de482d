"""What the lake holds, in figures: rows by source and fate, days that wait, credit of each model, bytes. Each is worked out anew when its table changes."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, FILES, RESTATEMENTS
from mta_assets.pipeline.run import tables
from mta_assets.results.questions import Marts

FATES: Final = ("accepted", "quarantined", "duplicates")
Labels = tuple[str, ...]
Values = Mapping[Labels, float]
Found = TypeVar("Found")


@dataclass(slots=True)
class Holdings:
    """The figures of one lake. Thread-safe; a scrape of a lake that has not changed reads no row and lists no folder."""

    marts: Marts
    _known: dict[str, tuple[str, object]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self) -> Values:
        """(source, fate) -> rows of every version of its files that was ever read. It only grows, until files are erased from the ledger."""
        return self._of("rows", FILES, self._rows)

    def files(self) -> Values:
        """(source, status) -> versions of files: current, replaced or unreadable."""
        return self._of("files", FILES, self._files)

    def pending_days(self) -> Values:
        """(scope,) -> days that wait to be closed, or to be fitted again."""
        return self._of("pending", RESTATEMENTS, self._pending)

    def credit(self) -> tuple[Values, Values]:
        """((model,) -> conversions, (model, currency) -> value) over the fit window that ends on the newest day, the unattributed included."""
        return self._of("credit", CHANNEL_PERFORMANCE, self._credit)

    def sizes(self) -> tuple[Values, Values]:
        """((layer,) -> bytes, (layer,) -> files) of the tables as they are now. What older versions take until they are vacuumed is not in it."""
        total: dict[Labels, float] = {}
        count: dict[Labels, float] = {}
        for table in tables(self.marts.models):
            layer = (table.name.partition("/")[0],)
            held, number = self._of(f"size {table.name}", table, partial(self.marts.snapshots.lake.size, table))
            total[layer], count[layer] = total.get(layer, 0) + held, count.get(layer, 0) + number
        return total, count

    def _of(self, what: str, table: Table, find: Callable[[], Found]) -> Found:
        version = self.marts.snapshots.version_unread(table)
        with self._lock:
            known = self._known.get(what)
            if known is None or known[0] != version:
                known = self._known[what] = (version, find())
        return known[1]  # type: ignore[return-value]  # what `find` of the same name gave

    def _rows(self) -> Values:
        sums = self._read(FILES).group_by("source_name").agg(pl.col(FATES).sum())
        return {(row["source_name"], fate): float(row[fate]) for row in sums.iter_rows(named=True) for fate in FATES}

    def _files(self) -> Values:
        return {
            (name, status): float(count) for name, status, count in self._read(FILES).group_by("source_name", "status").len().iter_rows()
        }

    def _pending(self) -> Values:
        days = self._read(RESTATEMENTS).filter(pl.col("status") == "pending").group_by("scope").agg(pl.col("day").n_unique())
        found = dict(days.iter_rows())
        return {(scope,): float(found.get(scope, 0)) for scope in ("closing", "fit")}

    def _credit(self) -> tuple[Values, Values]:
        lake = self.marts.snapshots.lake
        newest = max(lake.days(CHANNEL_PERFORMANCE), default=None)
        if newest is None:
            return {}, {}
        rows = lake.read(CHANNEL_PERFORMANCE, DayRange(newest, newest))
        conversions = rows.group_by("model").agg(pl.col("conversions").sum())
        value = rows.group_by("model", "currency").agg(pl.col("value").sum())
        return {(model,): total for model, total in conversions.iter_rows()}, {
            (model, currency): float(total) for model, currency, total in value.iter_rows()
        }

    def _read(self, table: Table) -> pl.DataFrame:
        return self.marts.snapshots.lake.read(table)
