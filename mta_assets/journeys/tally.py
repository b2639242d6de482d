"""Counting and summing by key: dense tables where the keys lie close together, sorting where they do not. The result is the same either way.

Sums run in row order within each key, so that a key's sum does not depend on which other keys are in the same call.
"""

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.journeys.order import KEY_BITS, ascending_order, row_bits

DENSE_SPAN = 1 << 16  # a table of so many keys is always worth it; a larger one when it is no longer than DENSE_PER_ROW rows
DENSE_PER_ROW = 4
MOSTLY_ZERO = 4  # so many times fewer other amounts than zeros are worth picking out
MAX_CODE = 1 << 62


def distinct(key: Ints) -> tuple[Ints, Ints]:
    """(the distinct keys, ascending; (n,) the index of each key among them)."""
    if len(key) == 0:
        return key.astype(np.int64), key.astype(np.int64)
    offset, low, span = _table(key)
    if offset is None:
        order, keys, rank = _runs(key)
        index = np.empty_like(rank)
        index[order] = rank
        return keys, index
    present = np.zeros(span, dtype=bool)
    present[offset] = True
    found = np.flatnonzero(present)
    place = np.zeros(span, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found + low, place.take(offset)


def tally(key: Ints, *amounts: Floats | None) -> tuple[Ints, list[Floats]]:
    """(the distinct keys, ascending; per amount its sum by key). An amount of None counts the rows."""
    offset, low, span = _table(key)
    if offset is None:
        order, keys, rank = _runs(key)
        return keys, [_by_key(rank, None if amount is None else amount.take(order), len(keys)) for amount in amounts]
    found = np.flatnonzero(np.bincount(offset, minlength=span))
    return found + low, [_by_key(offset, amount, span).take(found) for amount in amounts]


def pack(high: Ints, low: Ints, low_span: int, each: Ints | None = None) -> tuple[Ints, Ints | None]:
    """(one code per pair that orders by high, then low; what the low part indexes). The second is None while the code is high * low_span + low.

    Where that would not fit 64 bits, the low part is its rank among the distinct ones, which are returned.
    each: of how many consecutive low parts each high part is; None: of one.
    """
    top = int(high.max()) + 1 if len(high) else 1
    if top == 1:
        return low, None
    keys = None
    if top * low_span > MAX_CODE:
        keys, low = distinct(low)
        low_span = len(keys)
    code = high.astype(np.int64) * low_span
    code = code if each is None else np.repeat(code, each)
    code += low
    return code, keys


def unpack(code: Ints, low_span: int, keys: Ints | None) -> tuple[Ints, Ints]:
    """(high, low) of each code that `pack` made."""
    if keys is None:
        high, low = np.divmod(code, low_span)
        return high, low
    high, rank = np.divmod(code, max(len(keys), 1))
    return high, keys[rank]


def _table(key: Ints) -> tuple[Ints | None, int, int]:
    """(each key's place in a table of all numbers from the lowest key on, the lowest, the table's length); no places where it would be mostly empty."""
    if not len(key):
        return key.astype(np.intp), 0, 1
    low, high = int(key.min()), int(key.max())
    dense = max(DENSE_SPAN, DENSE_PER_ROW * len(key))
    if high - low >= dense:
        return None, low, high - low + 1
    low = min(low, 0) if high < dense else low  # keys that need not be moved
    return (np.subtract(key, low, dtype=np.intp) if low else key.astype(np.intp, copy=False)), low, high - low + 1


def _runs(key: Ints) -> tuple[Ints, Ints, Ints]:
    """(a stable permutation that sorts the keys; the distinct ones, ascending; for each sorted key its index among them)."""
    order = _order(key)
    ascending = key.take(order)
    first = np.ones(len(key), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    rank = np.cumsum(first)
    rank -= 1
    return order, ascending.take(np.flatnonzero(first)).astype(np.int64, copy=False), rank


def _order(key: Ints) -> Ints:
    low = int(key.min())
    spare = KEY_BITS - (int(key.max()) - low).bit_length()
    if spare < row_bits(len(key)):
        return np.argsort(key, kind="stable")
    return ascending_order((key - low).astype(np.uint64) << np.uint64(spare % KEY_BITS))


def _by_key(index: Ints, amount: Floats | None, keys: int) -> Floats:
    if amount is None:
        return np.bincount(index, minlength=keys).astype(np.float64)
    some = np.flatnonzero(amount)
    if len(some) * MOSTLY_ZERO < len(amount):  # few journeys convert, and adding zeros changes nothing
        index, amount = index.take(some), amount.take(some)
    return np.asarray(np.bincount(index, weights=amount, minlength=keys), dtype=np.float64)
