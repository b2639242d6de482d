"""Four times a minute the server says how it does, into the state store, where alerts are judged from it. No request waits for that, or is counted for it."""

import logging
import socket
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import psutil

from api.metrics import Metrics
from api.services import Clock
from mta_assets.errors import StateError
from mta_assets.state.store import StateStore
from mta_assets.state.vitals import Report, Vitals

log = logging.getLogger(__name__)
EVERY: Final = timedelta(seconds=15)


@dataclass(slots=True, kw_only=True)
class Reporter:
    """Reports of one server. Each of its processes has one; of those that speak of the same quarter of a minute, one is heard.

    server: host:port; began_at: when the server began, the same in all its processes.
    """

    server: str
    began_at: datetime
    metrics: Metrics
    store: StateStore
    now: Clock
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Report from now on, in a thread of its own."""
        threading.Thread(target=self._run, name="vitals", daemon=True).start()

    def stop(self) -> None:
        """Report no more."""
        self._stopping.set()

    def report(self) -> bool:
        """Say it once; whether it was heard. While the state store is away nothing is said: that it is, is seen elsewhere."""
        try:
            return Vitals(self.store).report(self._report())
        except StateError as error:
            log.info("vitals are not reported: %s", error)
            return False

    def _run(self) -> None:
        psutil.cpu_percent(interval=None)  # the first answer is about nothing
        while not self._stopping.wait(EVERY.total_seconds()):
            self.report()

    def _report(self) -> Report:
        counts = _counts(self.metrics)
        seconds = self.now().timestamp() // EVERY.total_seconds() * EVERY.total_seconds()
        return Report(
            server=self.server,
            began_at=self.began_at,
            at=datetime.fromtimestamp(seconds, self.now().tzinfo),
            cpu_percent=psutil.cpu_percent(interval=None),
            memory_percent=psutil.virtual_memory().percent,
            **counts,
        )


def server_name(host: str, port: int) -> str:
    """Where a server is, as others are told."""
    return f"{socket.gethostname()}:{port}" if host in {"127.0.0.1", "0.0.0.0", "::", ""} else f"{host}:{port}"  # noqa: S104  compared with


def _counts(metrics: Metrics) -> dict[str, int]:
    """Requests, those that failed by our fault, and refusals of limits, of all processes of the server."""
    counts = {"requests": 0, "errors": 0, "rate_limited": 0}
    for sample in metrics.samples():
        if sample.name == "mta_http_requests_total":
            counts["requests"] += int(sample.value)
            counts["errors"] += int(sample.value) if sample.labels["status"] >= "500" else 0
        elif sample.name == "mta_limit_rejections_total":
            counts["rate_limited"] += int(sample.value)
    return counts
