"""The way to the audit log: events are noted at once and written in batches by a thread of its own, so that no request waits. Nothing is lost in silence.

While the state store is away events wait, up to a bound; what is over the bound, or cannot be written when the process ends, goes to the server's log
as JSON. The times at which keys were used go the same way. Which events there are is `auditing`'s.
"""

import atexit
import logging
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import orjson

from mta_assets.errors import StateError
from mta_assets.state.audit import Audit, AuditEvent
from mta_assets.state.keys import Keys

log = logging.getLogger(__name__)
FLUSH_SECONDS = 1.0
BATCH = 500
MOST_WAITING = 20_000
CLOSING_SECONDS = 10.0


class Trail:
    """What is on its way to the audit log of one store. Thread-safe; the thread starts with the first event, so that a fork takes none along."""

    def __init__(self, audit: Audit, keys: Keys) -> None:
        self._audit = audit
        self._keys = keys
        self._waiting: deque[AuditEvent] = deque()
        self._uses: dict[str, datetime] = {}
        self._flushing, self._starting = threading.Lock(), threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = False
        self.spilled = 0

    @property
    def waiting(self) -> int:
        """How many events are not written yet."""
        return len(self._waiting)

    def note(self, event: AuditEvent) -> None:
        """Have the event written soon."""
        if len(self._waiting) >= MOST_WAITING:
            self._spill([event])
            return
        self._waiting.append(event)
        if self._thread is None:
            self._start()

    def used(self, key_id: str, at: datetime) -> None:
        """Have it reported that the key was used."""
        self._uses[key_id] = at

    def flush(self) -> bool:
        """Write all that waits; whether the store took it."""
        with self._flushing:
            try:
                while self._waiting:
                    self._write([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])
                self._report_uses()
            except StateError as error:
                self._lost(error)
                return False
            if self._away:
                self._away = False
                log.warning("The audit log is written again; %d events went to the server's log.", self.spilled)
            return True

    def close(self) -> None:
        """Write what waits, or spill it to the log, and end the thread."""
        self._stopping.set()
        atexit.unregister(self.close)
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
        if not self.flush():
            self._spill(self._waiting)
            self._waiting.clear()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit trail", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while not self._stopping.wait(FLUSH_SECONDS):
            self.flush()

    def _write(self, batch: list[AuditEvent]) -> None:
        try:
            self._audit.append(batch)
        except StateError:
            self._waiting.extendleft(reversed(batch))
            raise
        except Exception:  # a batch with a fault of ours in it must not keep all others from being written
            log.exception("a batch of audit events cannot be stored")
            self._spill(batch)

    def _report_uses(self) -> None:
        uses, self._uses = self._uses, {}
        try:
            self._keys.used(uses)
        except StateError:
            self._uses = uses | self._uses
            raise

    def _lost(self, error: StateError) -> None:
        if not self._away:
            self._away = True
            log.warning("The audit log cannot be written: %s Events wait, up to %d.", error, MOST_WAITING)

    def _spill(self, events: Iterable[AuditEvent]) -> None:
        for event in events:
            self.spilled += 1
            log.error("audit event not stored: %s", orjson.dumps(asdict(event)).decode())
