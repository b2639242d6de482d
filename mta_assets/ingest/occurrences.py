"""Which of several equal rows a row is: the number that keeps rows apart whose content is the same. Counts over all batches of a file."""

import numpy as np

from mta_assets.contracts.arrays import Ints
from mta_assets.ingest.identity import Words


class Occurrences:
    """How often each hash has come so far in one file. It holds twelve bytes per distinct row, a tenth or less of the row itself."""

    def __init__(self) -> None:
        self._seen = np.empty(0, dtype=np.uint64)  # ascending
        self._times = np.empty(0, dtype=np.int32)

    def number(self, hashes: Words) -> Ints:
        """(rows,) 1 for the first row of its hash in the file, 2 for the second, in the order of the rows."""
        distinct, within, group, size = _counted(hashes)
        place = np.searchsorted(self._seen, distinct)
        known = np.zeros(len(distinct), dtype=bool)
        inside = place < len(self._seen)
        known[inside] = self._seen[place[inside]] == distinct[inside]
        before = np.zeros(len(distinct), dtype=np.int64)
        before[known] = self._times[place[known]]
        self._times[place[known]] += size[known]
        self._seen = np.insert(self._seen, place[~known], distinct[~known])
        self._times = np.insert(self._times, place[~known], size[~known])
        return within + 1 if not known.any() else within + before[group] + 1


def _counted(hashes: Words) -> tuple[Words, Ints, Ints, Ints]:
    """(distinct hashes ascending, each row's number within its hash from 0, each row's place among the distinct, rows per distinct hash)."""
    order = np.argsort(hashes, kind="stable")
    ascending = hashes[order]
    is_new = np.ones(len(hashes), dtype=bool)
    is_new[1:] = ascending[1:] != ascending[:-1]
    start = np.flatnonzero(is_new)
    size = np.diff(start, append=len(hashes)).astype(np.int32)
    group = np.empty(len(hashes), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(start)), size)
    within = np.empty(len(hashes), dtype=np.int64)
    within[order] = np.arange(len(hashes)) - np.repeat(start, size)
    return ascending[is_new], within, group, size
