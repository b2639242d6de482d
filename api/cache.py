"""Finished answers, as bytes: in the process's memory, and behind it in Redis where there is one. What is an answer and when it is stale is `serving`'s."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import redis
from flask import Flask, current_app
from flask_caching import Cache
from flask_caching.backends.base import BaseCache

from api.redis_link import RedisLink

MEMORY_BYTES = 64 * 1024 * 1024
PREFIX = "mta:cache:"
# How long another process is waited for that computes the same answer; then it is computed here as well.
WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class Memory:
    """The newest used answers, within a bound of bytes. Thread-safe."""

    limit_bytes: int = MEMORY_BYTES
    evictions: int = 0
    held_bytes: int = 0
    _kept: OrderedDict[str, tuple[float, bytes]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> bytes | None:
        """What was kept under the key and is not over its time."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if found[0] < time.monotonic():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return found[1]

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep it; the longest unused go when there is too much."""
        with self._lock:
            if key in self._kept:
                self._drop(key)
            if len(value) > self.limit_bytes:
                return
            self._kept[key] = (time.monotonic() + seconds, value)
            self.held_bytes += len(value)
            while self.held_bytes > self.limit_bytes:
                self._drop(next(iter(self._kept)))
                self.evictions += 1

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.held_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def _drop(self, key: str) -> None:
        self.held_bytes -= len(self._kept.pop(key)[1])


class LayeredCache(BaseCache):
    """A flask-caching backend: memory in front, Redis behind. Without Redis, or while it is away, memory alone."""

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "LayeredCache":
        """As flask-caching makes it."""
        return cls(config["CACHE_REDIS_LINK"])

    def __init__(self, link: RedisLink | None) -> None:
        super().__init__(default_timeout=300)
        self.link = link
        self.memory = Memory()
        self._under_way: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The answer, from the nearest place that has it."""
        found = self.memory.get(key)
        if found is not None or self.link is None:
            return found
        nothing: tuple[bytes | None, int] = (None, 0)
        value, left_ms = self.link.call(lambda client: _with_time_left(client, PREFIX + key), nothing)
        if value is not None and left_ms > 0:
            self.memory.set(key, value, left_ms / 1000)
            return value
        return None

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        """Keep it for this many seconds; 0 keeps nothing."""
        seconds = int(self._normalize_timeout(timeout) or 0)
        if seconds <= 0:
            return False
        self.memory.set(key, value, seconds)
        if self.link is not None:
            self.link.call(lambda client: client.set(PREFIX + key, value, px=seconds * 1000), None)
        return True

    def delete(self, key: str) -> bool:
        """Forget it."""
        self.memory.set(key, b"", 0)
        if self.link is not None:
            self.link.call(lambda client: client.delete(PREFIX + key), 0)
        return True

    def clear(self) -> bool:
        """Forget what this process has in memory; what Redis has goes by its time."""
        self.memory.clear()
        return True

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep the others that are about to compute the same answer waiting: threads of this process, and other processes by Redis."""
        with self._lock:
            mine = self._under_way.setdefault(key, threading.Lock())
        with mine:
            taken = self._taken(key)
            try:
                yield
            finally:
                if taken and self.link is not None:
                    self.link.call(lambda client: client.delete(f"{PREFIX}lock:{key}"), 0)
                with self._lock:
                    self._under_way.pop(key, None)

    def _taken(self, key: str) -> bool:
        """Whether this process is the one to compute; False once another has, or has taken too long."""
        if self.link is None:
            return False
        lock, deadline = f"{PREFIX}lock:{key}", time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if self.link.call(lambda client: client.set(lock, b"1", nx=True, px=int(WAIT_SECONDS * 1000)), True):
                return True
            time.sleep(_LOOK_SECONDS)
            if self.get(key) is not None:
                return False
        return False


def install_cache(app: Flask, link: RedisLink | None) -> LayeredCache:
    """Give the application its cache."""
    Cache(app, config={"CACHE_TYPE": "api.cache.LayeredCache", "CACHE_REDIS_LINK": link})
    return _cache_of(app)


def cache() -> LayeredCache:
    """The cache of the application that handles this request."""
    return _cache_of(current_app)


def _cache_of(app: Flask) -> LayeredCache:
    return cast("LayeredCache", next(iter(app.extensions["cache"].values())))


def _with_time_left(client: redis.Redis, key: str) -> tuple[bytes | None, int]:
    """(value, milliseconds that it is kept yet), in one round trip."""
    pipeline = client.pipeline(transaction=False)
    pipeline.get(key)
    pipeline.pttl(key)
    value, left_ms = pipeline.execute()
    return value, left_ms
