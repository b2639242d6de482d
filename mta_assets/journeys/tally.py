"""Counting and summing by key: dense tables where the keys lie close together, sorting where they do not. The result is the same either way.

Sums run in row order within each key, so that a key's sum does not depend on which other keys are in the same call.
"""

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.journeys.order import ascending_order

DENSE_SPAN = 1 << 16  # a table of so many keys is always worth it; a larger one when it is no longer than DENSE_PER_ROW rows
DENSE_PER_ROW = 4
MOSTLY_ZERO = 4  # so many times fewer other amounts than zeros are worth picking out
MOST_BITS = 48  # of keys that are sorted by counting; longer ones are compared
MAX_CODE = 1 << 62


def distinct(key: Ints) -> tuple[Ints, Ints]:
    """(the distinct keys, ascending; (n,) the index of each key among them)."""
    if len(key) == 0:
        return key.astype(np.int64), key.astype(np.int64)
    low, span = _span(key)
    if not _dense(span, len(key)):
        return _sorted_distinct(key)
    offset = key - low
    present = np.zeros(span, dtype=bool)
    present[offset] = True
    found = np.flatnonzero(present)
    rank = np.zeros(span, dtype=np.int64)
    rank[found] = np.arange(len(found))
    return found + low, rank[offset]


def tally(key: Ints, *amounts: Floats | None) -> tuple[Ints, list[Floats]]:
    """(the distinct keys, ascending; per amount its sum by key). An amount of None counts the rows."""
    low, span = _span(key)
    if _dense(span, len(key)):
        offset = (key - low).astype(np.intp)
        counts = np.bincount(offset, minlength=span)
        found = np.flatnonzero(counts)
        return found + low, [_by_key(offset, amount, counts, span)[found] for amount in amounts]
    keys, index = _sorted_distinct(key)
    counts = np.bincount(index, minlength=len(keys))
    return keys, [_by_key(index, amount, counts, len(keys)) for amount in amounts]


def pack(high: Ints, low: Ints, low_span: int) -> tuple[Ints, Ints | None]:
    """(one code per pair that orders by high, then low; what the low part indexes). The second is None while the code is high * low_span + low.

    Where that would not fit 64 bits, the low part is its rank among the distinct ones, which are returned.
    """
    top = int(high.max()) + 1 if len(high) else 1
    if top * low_span <= MAX_CODE:
        return (low if top == 1 else high * low_span + low), None
    keys, rank = distinct(low)
    return high * len(keys) + rank, keys


def unpack(code: Ints, low_span: int, keys: Ints | None) -> tuple[Ints, Ints]:
    """(high, low) of each code that `pack` made."""
    if keys is None:
        high, low = np.divmod(code, low_span)
        return high, low
    high, rank = np.divmod(code, max(len(keys), 1))
    return high, keys[rank]


def _span(key: Ints) -> tuple[int, int]:
    if not len(key):
        return 0, 1
    low = int(key.min())
    return low, int(key.max()) - low + 1


def _dense(span: int, rows: int) -> bool:
    return span <= max(DENSE_SPAN, DENSE_PER_ROW * rows)


def _sorted_distinct(key: Ints) -> tuple[Ints, Ints]:
    order = _order(key)
    ascending = key[order]
    first = np.ones(len(key), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    index = np.empty(len(key), dtype=np.int64)
    index[order] = np.cumsum(first) - 1
    return ascending[first].astype(np.int64), index


def _order(key: Ints) -> Ints:
    low, span = _span(key)
    bits = (span - 1).bit_length()
    return ascending_order(key - low, bits) if bits <= MOST_BITS else np.argsort(key)


def _by_key(index: Ints, amount: Floats | None, counts: Ints, keys: int) -> Floats:
    if amount is None:
        return counts.astype(np.float64)
    some = np.flatnonzero(amount)
    if len(some) * MOSTLY_ZERO < len(amount):  # few journeys convert, and adding zeros changes nothing
        index, amount = index[some], amount[some]
    return np.asarray(np.bincount(index, weights=amount, minlength=keys), dtype=np.float64)
