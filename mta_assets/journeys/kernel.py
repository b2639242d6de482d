"""Which touches make up which journey, by arithmetic on sorted arrays: no loop over users, no strings, no I/O.

Definitions are those of docs/architecture.md ("Journeys"); `reference.sql` says the same as one readable query and tests hold the two equal.
"""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Ints


@dataclass(frozen=True, kw_only=True)
class Events:
    """Touches and conversions of some users. Times are microseconds since the epoch.

    touch_user, touch_ts: (touches,) int64, sorted by (user, ts, event_id).
    conversion_user, conversion_ts: (conversions,) int64, sorted by (user, ts, conversion_id).
    """

    touch_user: Ints
    touch_ts: Ints
    conversion_user: Ints
    conversion_ts: Ints


@dataclass(frozen=True, kw_only=True)
class Slices:
    """Journeys as slices of the touches: journey j owns touches start[j] : stop[j].

    conversion: (journeys,) index of its conversion, -1 when it expired. Converted journeys come first, in the order of the conversions,
    then the expired ones in the order of their touches.
    closing_ts: (journeys,) when it converted, or when it became certain that it had expired.
    """

    start: Ints
    stop: Ints
    conversion: Ints
    closing_ts: Ints

    def take(self, keep: Bools) -> "Slices":
        """Only the journeys where `keep` holds."""
        return Slices(start=self.start[keep], stop=self.stop[keep], conversion=self.conversion[keep], closing_ts=self.closing_ts[keep])


def journeys(events: Events, lookback_us: int, *, restart_after_conversion: bool) -> Slices:
    """Every journey of the events: one per conversion, one per run of touches that no conversion follows within the lookback.

    An expired journey closes when its last touch is a lookback old. Where a touch that does lead to a conversion came before that, the
    journey's end is certain only once that conversion has happened, and it closes then: a closing never depends on what comes after it.
    """
    start, stop = _converted(events, lookback_us, restart_after_conversion=restart_after_conversion)
    first, last, continued = _expired(events, lookback_us, start, stop)
    closing = _expiry(events, lookback_us, last, continued)
    return Slices(
        start=np.concatenate([start, first]),
        stop=np.concatenate([stop, last + 1]),
        conversion=np.concatenate([np.arange(len(start)), np.full(len(first), -1)]),
        closing_ts=np.concatenate([events.conversion_ts, closing]),
    )


def last_at_or_before(moments: Ints, slices: Slices, touch_ts: Ints) -> Ints:
    """(journeys,) index within the journey of the last touch at or before each moment; -1 where there is none."""
    return _first_after(touch_ts, slices.start, slices.stop, moments) - slices.start - 1


def first_within(owner: Ints, ts: Ints, user: Ints, after: Ints, until: Ints) -> tuple[Ints, Bools]:
    """For each i, the first moment of user[i] in (after[i], until[i]], and whether there is one. `owner` and `ts` are sorted together."""
    begin = np.searchsorted(owner, user, side="left")
    end = np.searchsorted(owner, user, side="right")
    index = _first_after(ts, begin, end, after)
    moment = ts[np.minimum(index, len(ts) - 1)] if len(ts) else np.zeros_like(after)
    return moment, (index < end) & (moment <= until)


def _converted(events: Events, lookback_us: int, *, restart_after_conversion: bool) -> tuple[Ints, Ints]:
    """(start, stop) of each conversion's touches: conversion_ts - lookback < ts <= conversion_ts."""
    user, ts = events.conversion_user, events.conversion_ts
    begin = np.searchsorted(events.touch_user, user, side="left")
    end = np.searchsorted(events.touch_user, user, side="right")
    start = _first_after(events.touch_ts, begin, end, ts - lookback_us)
    stop = _first_after(events.touch_ts, begin, end, ts)
    if restart_after_conversion and len(user):
        same_user = user[1:] == user[:-1]
        start[1:] = np.where(same_user, np.maximum(start[1:], stop[:-1]), start[1:])
    return start, stop


def _expired(events: Events, lookback_us: int, start: Ints, stop: Ints) -> tuple[Ints, Ints, Bools]:
    """(first touch, last touch, whether the user was touched again within the lookback) of each run of touches without a conversion.

    A run is split where the gap exceeds the lookback.

    A run never goes on behind touches that led to a conversion: the last of the run is a lookback older than that conversion.
    """
    touches = len(events.touch_ts)
    covered = np.zeros(touches + 1, dtype=np.int32)
    np.add.at(covered, start, 1)
    np.subtract.at(covered, stop, 1)
    left = np.cumsum(covered[:-1], dtype=np.int32) == 0
    parted = np.ones(
        touches + 1, dtype=bool
    )  # whether a touch and the one before it, or the end, are of different users or a lookback apart
    inner = parted[1:-1]
    np.not_equal(events.touch_user[1:], events.touch_user[:-1], out=inner)
    inner |= np.diff(events.touch_ts) > lookback_us
    first, last = left & parted[:-1], left & parted[1:]
    first[1:] |= left[1:] > left[:-1]
    last[:-1] |= left[:-1] > left[1:]
    ends = np.flatnonzero(last)
    return np.flatnonzero(first), ends, ~parted.take(ends + 1)


def _expiry(events: Events, lookback_us: int, last: Ints, continued: Bools) -> Ints:
    """When it was certain that the journey that ends with each of these touches had expired. continued: as `_expired` says."""
    expiry = events.touch_ts.take(last) + lookback_us
    after = last[continued] + 1
    user, moment = events.touch_user[after], events.touch_ts[after]
    begin = np.searchsorted(events.conversion_user, user, side="left")
    end = np.searchsorted(events.conversion_user, user, side="right")
    expiry[continued] = events.conversion_ts[_first_after(events.conversion_ts, begin, end, moment - 1)]
    return expiry


def _first_after(values: Ints, begin: Ints, end: Ints, moments: Ints) -> Ints:
    """For each i, the first index in begin[i] : end[i] whose value is > moments[i], or end[i]. `values` ascend within each range."""
    low, high = begin.copy(), end.copy()
    while len(values) and (searching := low < high).any():
        middle = (low + high) // 2
        above = values[np.minimum(middle, len(values) - 1)] > moments
        high = np.where(searching & above, middle, high)
        low = np.where(searching & ~above, middle + 1, low)
    return low
