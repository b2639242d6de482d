"""How much is left of a limit: counted in windows, in Redis for all processes, else in this one's memory. Which limits there are is not known here.

A process takes several requests at a time from the shared count (a lease) and spends them without asking again, so that most requests cost no round trip.
A lease shrinks as the limit comes near. So a limit is never exceeded, and may end early by what other processes hold: 2 % at most for each.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from api.redis_link import RedisLink

# The kind of count is part of the name: another kind under the same name would meet values that it cannot read.
PREFIX = "mta:limit:window:"
MOST_LEASED, LEAST_PARTS = 50, 50
MOST_WINDOWS = 50_000
# used: by anyone in this window, leases included. Answers (leased, left, milliseconds to the end of the window).
_LEASE = """
local amount, most, parts = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left = amount - tonumber(redis.call('GET', KEYS[1]) or '0')
local leased = 0
if left > 0 then
  leased = math.max(1, math.min(most, math.floor(left / parts)))
  left = amount - redis.call('INCRBY', KEYS[1], leased)
  if left == 0 and ARGV[5] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
end
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return {leased, math.max(0, left), redis.call('PTTL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in a window that the first of them opens. block_seconds: how long nothing is left once all are used; 0: to the window's end."""

    name: str
    amount: int
    seconds: int
    block_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit, and whether the request that asked is within it."""

    limit: Limit
    granted: bool
    remaining: int
    reset_seconds: int


@dataclass(slots=True)
class _Window:
    """As this process knows it. held: leased and not spent; left: in the shared count; ends: monotonic. shared: whether Redis said so."""

    held: int
    left: int
    ends: float
    shared: bool


class Buckets:
    """The counts of all limits. Thread-safe."""

    def __init__(self, link: RedisLink | None) -> None:
        self._link = link
        self._script = link.client.register_script(_LEASE) if link else None
        self._windows: OrderedDict[tuple[str, str], _Window] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, limit: Limit, whose: str) -> Quota:
        """Spend one request of the limit, where one is left."""
        now, name = time.monotonic(), (limit.name, whose)
        with self._lock:
            window = self._windows.get(name)
            if window is not None and now < window.ends:
                if window.held > 0:
                    return self._spent(limit, window, now)
                if window.shared and window.left == 0:
                    return Quota(limit, False, 0, _seconds(window.ends - now))
        answer = self._leased(limit, whose)
        with self._lock:
            window = self._window(name, limit, now)
            if answer:
                leased, window.left, left_ms = answer
                window.held, window.ends, window.shared = window.held + leased, now + left_ms / 1000, True
            elif window.held == 0:
                self._lease_here(window)
            if window.held == 0:
                return Quota(limit, False, 0, _seconds(window.ends - now))
            return self._spent(limit, window, now)

    def _spent(self, limit: Limit, window: _Window, now: float) -> Quota:
        window.held -= 1
        remaining = window.held + window.left
        if remaining == 0 and limit.block_seconds and not window.shared:
            window.ends = now + limit.block_seconds
        return Quota(limit, True, remaining, _seconds(window.ends - now))

    def _leased(self, limit: Limit, whose: str) -> list[int]:
        """What Redis leases, what it has left, and for how many milliseconds; nothing without Redis."""
        nothing: list[int] = []
        if self._link is None or self._script is None:
            return nothing
        script, key = self._script, f"{PREFIX}{limit.name}:{whose}"
        values = (limit.amount, MOST_LEASED, LEAST_PARTS, limit.seconds * 1000, limit.block_seconds * 1000)
        return self._link.call(lambda _: script(keys=[key], args=values), nothing)

    def _lease_here(self, window: _Window) -> None:
        """Lease from what this process knows to be left: all of it without Redis; a part while it is away, so that it is asked again soon."""
        leased = window.left if self._link is None else min(MOST_LEASED, window.left)
        window.held, window.left, window.shared = window.held + leased, window.left - leased, False

    def _window(self, name: tuple[str, str], limit: Limit, now: float) -> _Window:
        """The window under way, or one that opens now."""
        window = self._windows.get(name)
        if window is None or window.ends <= now:
            window = self._windows[name] = _Window(held=0, left=limit.amount, ends=now + limit.seconds, shared=False)
            if len(self._windows) > MOST_WINDOWS:
                self._windows.popitem(last=False)  # the oldest; where there is Redis it keeps the count
        return window


def _seconds(left: float) -> int:
    """Whole seconds to wait, one at least; what floats lose below a millisecond does not make one more."""
    return max(1, ceil(round(left, 3)))
