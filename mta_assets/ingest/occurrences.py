"""Which of several equal rows a row is: the number that keeps rows apart whose content is the same. Counts over all batches of a file."""

import numpy as np

from mta_assets.contracts.arrays import Ints
from mta_assets.ingest.identity import Words

_PARTS = 64  # by the hashes' first bits: an insertion copies one part, not all that was seen


class Occurrences:
    """The hashes seen so far in one file: eight bytes per row, a tenth or less of the row itself."""

    def __init__(self) -> None:
        self._seen = [np.empty(0, dtype=np.uint64)] * _PARTS  # each ascending, repeats kept

    def number(self, hashes: Words) -> Ints:
        """(rows,) 1 for the first row of its hash in the file, 2 for the second, in the order of the rows."""
        order = np.argsort(hashes, kind="stable")
        ascending = hashes[order]
        limits = np.searchsorted(ascending, np.arange(_PARTS, dtype=np.uint64) << np.uint64(64 - 6))
        counted = np.empty(len(hashes), dtype=np.int64)
        for part, (start, end) in enumerate(zip(limits, (*limits[1:], len(hashes)), strict=True)):
            if start < end:
                counted[start:end] = self._count(part, ascending[start:end])
        numbers = np.empty(len(hashes), dtype=np.int64)
        numbers[order] = counted
        return numbers

    def _count(self, part: int, ascending: Words) -> Ints:
        seen = self._seen[part]
        after = np.searchsorted(seen, ascending, side="right")
        before = after - np.searchsorted(seen, ascending, side="left")
        self._seen[part] = np.insert(seen, after, ascending)
        is_first = np.ones(len(ascending), dtype=bool)
        is_first[1:] = ascending[1:] != ascending[:-1]
        first = np.flatnonzero(is_first)
        within = np.arange(len(ascending)) - np.repeat(first, np.diff(first, append=len(ascending)))
        return np.asarray(before + within + 1)
