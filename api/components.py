"""Whether the parts behind the API answer, each asked within a bounded time and not more often than every second. What follows from it, views decide."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from api.redis_link import RedisLink
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import MARTS, RESTATEMENTS
from mta_assets.errors import LakeError, MtaError
from mta_assets.jobs.daemon import DAEMON, SILENT_AFTER
from mta_assets.lake.lake import Lake
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore

Status = Literal["up", "down", "absent"]
TIMEOUT_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0
# Without these nothing can be answered; without the others, less, or later.
NEEDED: Final = ("lake", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Whether a part answers. absent: it is not set up, and nothing needs it. message: in words, without an address or a path."""

    status: Status
    response_ms: float
    message: str


@dataclass(slots=True, kw_only=True)
class Probe:
    """One question, asked in a thread of its own, so that a part that hangs costs at most the time-out and one thread.

    ask: None when all is well, else what is wrong; raises MtaError when the part does not answer.
    """

    name: str
    ask: Callable[[], Component | str | None]
    timeout_seconds: float = TIMEOUT_SECONDS
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "probe"))
    _under_way: "Future[Component | str | None] | None" = None

    def result(self) -> Component:
        """What came of asking."""
        began = time.perf_counter()
        try:
            if self._under_way is None or self._under_way.done():
                self._under_way = self._pool.submit(self.ask)
            said = self._under_way.result(self.timeout_seconds)
        except TooLate:
            said = f"It has not answered within {self.timeout_seconds:g} s."
        except MtaError:
            said = "It does not answer. The server's log says why."
        if isinstance(said, Component):
            return said
        took = round((time.perf_counter() - began) * 1000, 3)
        return Component(status="down" if said else "up", response_ms=took, message=said or "It answers.")


@dataclass(slots=True, kw_only=True)
class Components:
    """The parts of one application. Thread-safe."""

    lake: Lake
    store: StateStore
    redis: RedisLink | None
    now: Callable[[], datetime]
    kept_seconds: float = KEPT_SECONDS
    _probes: tuple[Probe, ...] = field(init=False)
    _known: tuple[float, Mapping[str, Component]] = (0.0, MappingProxyType({}))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        asked = {"lake": self._lake, "tables": self._tables, "state": self._state, "redis": self._redis, "daemon": self._daemon}
        self._probes = tuple(Probe(name=name, ask=ask) for name, ask in asked.items())

    def all(self) -> Mapping[str, Component]:
        """Every part, as it is now or was at most a second ago."""
        with self._lock:
            if self._known[0] <= time.monotonic():
                self._known = (time.monotonic() + self.kept_seconds, {probe.name: probe.result() for probe in self._probes})
            return self._known[1]

    def heartbeat(self) -> datetime | None:
        """When the Dagster daemon was last heard of."""
        return Heartbeats(self.store).last(DAEMON)

    def _lake(self) -> None:
        self.lake.version(RESTATEMENTS)

    def _tables(self) -> str | None:
        """Whether what is served can be read: the versions now, the rows when they were last asked for."""
        wrong = {table.name for table in MARTS if not self._opens(table)} | self.lake.unreadable
        return f"{', '.join(sorted(wrong))} cannot be read: answers are the last good ones, where there are any." if wrong else None

    def _opens(self, table: Table) -> bool:
        try:
            self.lake.version(table)
        except LakeError:
            return False
        return True

    def _state(self) -> None:
        self.store.ping()

    def _redis(self) -> Component | str | None:
        link = self.redis
        if link is None:
            return Component(status="absent", response_ms=0.0, message="None is set up: each process keeps limits and cache in its memory.")
        gone = "It does not answer: each process keeps limits and cache in its memory."
        return None if link.call(lambda client: client.ping(), False) else gone

    def _daemon(self) -> str | None:
        last = self.heartbeat()
        if last is not None and abs(self.now() - last) <= SILENT_AFTER:  # a beat from the future is of a clock that was wrong
            return None
        return "The Dagster daemon has not been heard of for a minute: large analyses wait, and what lands is not read."
