"""Rows of a statistics table as arrays, and what those of a window come to: all of them, or all but the users of one group. No statistic's own form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS

UNIX_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What rows come to, kind by kind. rows: (kinds,) how many there are; sums: by name, (kinds,)."""

    rows: Ints
    sums: Mapping[str, Floats]

    def less(self, part: "Tally") -> "Tally":
        """What is left when these rows are taken out. Counts are exact; of a value, rounding may leave what is far below a minor unit."""
        left = self.rows - part.rows
        rest = {name: np.maximum(total - part.sums[name], 0.0) for name, total in self.sums.items()}
        return Tally(rows=left, sums={name: np.where(left > 0, total, 0.0) for name, total in rest.items()})

    def present(self) -> tuple[Ints, dict[str, Floats]]:
        """(the kinds that occur, ascending; their sums)."""
        present = np.flatnonzero(self.rows)
        return present, {name: total[present] for name, total in self.sums.items()}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows in (day, bucket) order.

    day: (rows,) days since the epoch; bucket: (rows,); kind: (rows,) which of `kinds` things the row counts; amounts: by name, (rows,).
    """

    day: Ints
    bucket: Ints
    kind: Ints
    kinds: int
    amounts: Mapping[str, Floats]

    @staticmethod
    def of(frame: pl.DataFrame, kind: Ints, kinds: int, amounts: tuple[str, ...]) -> "Rows":
        """The rows of a frame, whose kinds are known."""
        day = frame["day"].to_physical().to_numpy().astype(np.int64)
        bucket = frame["bucket"].to_numpy()
        order = np.argsort(day * BUCKETS + bucket, kind="stable")
        rest = {name: frame[name].to_numpy()[order] for name in amounts}
        return Rows(day=day[order], bucket=bucket[order], kind=kind[order], kinds=kinds, amounts=rest)

    def within(self, days: DayRange | None) -> "Rows":
        """The rows of these closing days; None takes all."""
        if days is None:
            return self
        start = int(np.searchsorted(self.day, (days.first - UNIX_EPOCH).days, side="left"))
        stop = int(np.searchsorted(self.day, (days.last - UNIX_EPOCH).days, side="right"))
        return self._taken(slice(start, stop))

    def by_group(self, groups: int) -> list["Rows"]:
        """The rows of each group of users, in order: group g has the buckets that leave g when divided by the number of groups."""
        group = self.bucket % groups
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=groups))
        return [self._taken(part) for part in np.split(order, ends[:-1])]

    def tally(self) -> Tally:
        """What they come to, each sum in row order."""
        sums = {name: np.bincount(self.kind, weights=amount, minlength=self.kinds) for name, amount in self.amounts.items()}
        floats = {name: np.asarray(total, dtype=np.float64) for name, total in sums.items()}
        return Tally(rows=np.bincount(self.kind, minlength=self.kinds), sums=floats)

    def _taken(self, rows: Ints | slice) -> "Rows":
        amounts = {name: amount[rows] for name, amount in self.amounts.items()}
        return Rows(day=self.day[rows], bucket=self.bucket[rows], kind=self.kind[rows], kinds=self.kinds, amounts=amounts)
