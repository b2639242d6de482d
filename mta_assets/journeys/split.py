"""Touches split by user into pieces that fit the processor's cache, batch by batch as they are read. Each piece is then worked on alone.

A piece is a run of buckets (user hash modulo 64), so that all of a user's touches, and conversions, are in one. Why pieces: benchmarks/README.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mta_assets.contracts.arrays import Bools, Ints
from mta_assets.contracts.tables import BUCKETS

# Measured at 10 M touches: 100,000 to 500,000 cost the same, 3 million a quarter more (arrays leave the cache), 15,000 a half more (calls per piece).
PIECE_TOUCHES = 300_000
BATCH_ROWS = 1 << 16  # rows to split at once: fewer wait for more


@dataclass(frozen=True, kw_only=True)
class Part:
    """The rows of the users of some buckets, in the order in which they were added. columns: (rows,) each, the user first."""

    first_bucket: int
    past_bucket: int
    columns: tuple[Ints, ...]

    def holds(self, user: Ints) -> Bools:
        """(users,) whether each user belongs to this part."""
        bucket = user & (BUCKETS - 1)
        return np.asarray((bucket >= self.first_bucket) & (bucket < self.past_bucket))


class UserSplit:
    """Collects rows and gives them back by parts. Holds what was added, and nothing else. batch_rows: how many are split at once."""

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._batch_rows = batch_rows
        self._batches: list[tuple[tuple[Ints, ...], Ints]] = []
        self._waiting: list[tuple[Ints, ...]] = []

    def add(self, user: Ints, *columns: Ints) -> None:
        """Add some rows: (rows,) int64 user hashes and further columns of the same length."""
        self._waiting.append((user, *columns))
        if sum(len(waiting[0]) for waiting in self._waiting) >= self._batch_rows:
            self._split()

    def __len__(self) -> int:
        self._split()
        return sum(int(bounds[-1]) for _, bounds in self._batches)

    def _split(self) -> None:
        """Sort what waits by bucket."""
        if not self._waiting:
            return
        columns = (
            self._waiting[0] if len(self._waiting) == 1 else tuple(np.concatenate(column) for column in zip(*self._waiting, strict=True))
        )
        self._waiting.clear()
        bucket = (columns[0] & (BUCKETS - 1)).astype(np.uint8)
        if not (bucket[1:] >= bucket[:-1]).all():
            order = np.argsort(bucket, kind="stable")  # a radix sort, for single bytes
            columns = tuple(column.take(order) for column in columns)
        self._batches.append((columns, np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=BUCKETS))])))

    def parts(self, touches: int = PIECE_TOUCHES) -> Iterator[Part]:
        """The rows by runs of buckets of about so many touches; together they cover all buckets, with rows or without."""
        self._split()
        for first, past in self._runs(touches):
            rows = [tuple(column[bounds[first] : bounds[past]] for column in columns) for columns, bounds in self._batches]
            joined = tuple(np.concatenate(column) for column in zip(*rows, strict=True))
            yield Part(first_bucket=first, past_bucket=past, columns=joined)

    def _runs(self, touches: int) -> list[tuple[int, int]]:
        if not self._batches:
            return []
        size = sum(np.diff(bounds) for _, bounds in self._batches)
        pieces = (np.cumsum(size) - size) // touches
        starts = [0, *(np.flatnonzero(pieces[1:] != pieces[:-1]) + 1), BUCKETS]
        return [(int(first), int(past)) for first, past in pairwise(starts)]
