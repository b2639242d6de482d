"""Every user's events as sorted numbers, and what can be asked of them: how many within a time, and the history at a moment. No model."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mta_assets.contracts.arrays import Floats, Histories, Ints

Singles = NDArray[np.float32]

SECONDS_PER_DAY = 86_400
_MICROSECONDS = 1_000_000
_ROOM = 1 << 32  # seconds between the moments of one user and those of the next: more than any window has
COUNTED_DAYS = (1, 4, 14)  # the times before a moment in which events are counted, beside all of the window
NEVER = (*(0.0 for _ in COUNTED_DAYS), -1.0)  # the figures of `recent` of a channel that never touched


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Points in users' lives. user: (moments,) code of the user; at: (moments,) seconds since the window began; sorted by both."""

    user: Ints
    at: Ints

    def __len__(self) -> int:
        return len(self.at)

    def shifted(self, seconds: int) -> "Moments":
        """The same so much later, or earlier down to the window's beginning."""
        return Moments(user=self.user, at=np.maximum(self.at + seconds, 0))


class Timeline:
    """The events of a window, by user and second.

    users: (users,) the hashes of all who have an event, ascending; codes index it. end: seconds that the window has.
    touches: per channel, ascending, user x _ROOM + second of each touch; conversions: the same of conversions.
    """

    def __init__(self, histories: Histories) -> None:
        self.users = np.unique(np.concatenate([histories.user, histories.conversion_user]))
        self._start = histories.start
        self.end = (histories.end - histories.start) // _MICROSECONDS
        self.first_day = histories.start // (SECONDS_PER_DAY * _MICROSECONDS)
        self.conversions = np.sort(self._keys(histories.conversion_user, histories.conversion_ts))
        keys = self._keys(histories.user, histories.ts)
        self.touches = [np.sort(keys[histories.channel == code]) for code in range(len(histories.channels))]

    @cached_property
    def conversion_days(self) -> int:
        """On how many days anything converted."""
        return len(np.unique(self.conversions % _ROOM // SECONDS_PER_DAY))

    def moments(self, keys: Ints) -> Moments:
        """The moments of these events, in their order."""
        return Moments(user=keys // _ROOM, at=keys % _ROOM)

    def moments_of(self, user: Ints, ts: Ints) -> Moments:
        """The moments of events of this timeline, in their order: of users by their hash, at microseconds since the epoch."""
        return self.moments(self._keys(user, ts))

    def random_moments(self, count: int, rng: np.random.Generator) -> Moments:
        """Moments of users drawn by lot, at any time of the window."""
        drawn = rng.integers(0, len(self.users), count) * _ROOM + rng.integers(0, self.end, count)
        return self.moments(np.sort(drawn))

    def between(self, events: Ints, moments: Moments, since: int, until: int | Ints) -> Floats:
        """(moments,) how many of the events lie in [moment + since, moment + until), within the window. events: ascending keys; until: of all or of each."""
        base = moments.user * _ROOM
        first = np.searchsorted(events, base + np.maximum(moments.at + since, 0))
        last = np.searchsorted(events, base + np.clip(moments.at + until, 0, _ROOM - 1))
        return np.asarray(last - first, dtype=np.float64)

    def history(self, moments: Moments) -> Singles:
        """(moments, figures): of each channel and of conversions, how many came before and days since the last; day and weekday."""
        before = [column for events in (*self.touches, self.conversions) for column in self._before(events, moments, 0)]
        return _stacked([*before, moments.at / SECONDS_PER_DAY, self._weekday(moments)])

    def recent(self, moments: Moments) -> Singles:
        """(moments, figures): the same without what depends on when the window began: counts of all of it, and the day.

        Touches in the second of a moment belong to it, for time is known no finer; conversions do not.
        """
        kinds = [*(self._before(events, moments, 1) for events in self.touches), self._before(self.conversions, moments, 0)]
        return _stacked([column for *within, _, since in kinds for column in (*within, since)] + [self._weekday(moments)])

    def figures_of(self, channel: int) -> slice:
        """Which of the figures of `recent` are of this channel."""
        return slice(channel * len(NEVER), (channel + 1) * len(NEVER))

    def _before(self, events: Ints, moments: Moments, until: int) -> list[Floats]:
        """(moments,) columns about the events up to so many seconds after each moment; -1 days since the last where there is none."""
        base = moments.user * _ROOM
        now, start = np.searchsorted(events, base + moments.at + until), np.searchsorted(events, base)
        since = [np.searchsorted(events, base + np.maximum(moments.at - days * SECONDS_PER_DAY, 0)) for days in COUNTED_DAYS]
        some = now > start
        last = np.zeros(len(moments), dtype=np.int64)
        last[some] = events[now[some] - 1] - base[some]
        recency = np.where(some, (moments.at - last) / SECONDS_PER_DAY, -1.0)
        return [*((now - first).astype(np.float64) for first in since), (now - start).astype(np.float64), recency]

    def _weekday(self, moments: Moments) -> Floats:
        return np.asarray((self.first_day + moments.at // SECONDS_PER_DAY) % 7, dtype=np.float64)

    def _keys(self, user: Ints, ts: Ints) -> Ints:
        return np.searchsorted(self.users, user) * _ROOM + (ts - self._start) // _MICROSECONDS


def _stacked(columns: list[Floats]) -> Singles:
    return np.stack([column.astype(np.float32) for column in columns], axis=1)


def some(keys: Ints, count: int, rng: np.random.Generator) -> Ints:
    """At most so many of the keys, drawn by lot, in their order."""
    return keys if len(keys) <= count else keys[np.sort(rng.choice(len(keys), count, replace=False))]
