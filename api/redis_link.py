"""The one way to Redis: short time-outs, and a breaker that spares every request the wait while it is away. What is stored is the callers' business."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
Result = TypeVar("Result")

TIMEOUT_SECONDS = 0.1
# After a failure nothing is asked for this long; then one call tries, and its success closes the breaker.
OPEN_SECONDS = 2.0


@dataclass(slots=True)
class RedisLink:
    """Calls to a Redis that may go away and come back. lost_at: monotonic time of the failure that it has not recovered from."""

    client: redis.Redis
    lost_at: float | None = None
    failures: int = 0
    _retry_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def to(cls, url: str) -> "RedisLink":
        """The link to the server at this URL. Nothing is connected before the first call."""
        options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS, "retry": Retry(NoBackoff(), 0)}
        return cls(client=redis.Redis.from_url(url, **options))

    @property
    def up(self) -> bool:
        """Whether the last call that reached out succeeded."""
        return self.lost_at is None

    def call(self, command: Callable[[redis.Redis], object], otherwise: Result) -> Result:
        """What the command returns; `otherwise` while Redis does not answer."""
        if self.lost_at is not None and not self._may_try():
            return otherwise
        try:
            result = cast("Result", command(self.client))
        except redis.RedisError as error:
            self._lost(error)
            return otherwise
        if self.lost_at is not None:
            self._found()
        return result

    def _may_try(self) -> bool:
        """One caller at a time probes a Redis that was lost."""
        with self._lock:
            now = time.monotonic()
            if now < self._retry_at:
                return False
            self._retry_at = now + OPEN_SECONDS
            return True

    def _lost(self, error: redis.RedisError) -> None:
        with self._lock:
            now = time.monotonic()
            self.failures += 1
            self._retry_at = now + OPEN_SECONDS
            if self.lost_at is None:
                self.lost_at = now
                log.warning("Redis was lost: %s. Limits and cache go on in each process's memory.", error)

    def _found(self) -> None:
        with self._lock:
            if self.lost_at is not None:
                log.warning("Redis is back after %.1f s.", time.monotonic() - self.lost_at)
                self.lost_at = None
