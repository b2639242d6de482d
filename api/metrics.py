"""What the server counts of itself, over all its workers: requests, cache, refusals. What is measured of other parts when it is asked for is in `gauges`.

prometheus-client decides at its import whether counts lie in memory or in files that workers share, and the process that forks the workers imports this
module before it has prepared the files: hence the imports within functions.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from flask import Flask, Response, current_app

from api.exchange import Exchange
from api.passage import Passage

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.registry import Collector
    from prometheus_client.samples import Sample

EXTENSION: Final = "mta.metrics"
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # the name that prometheus-client reads
NO_ROUTE: Final = "(none)"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# From a 304 out of memory to a large upload; the bars of the benchmark (10, 50, 100 ms, 1 s) are among them.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The counters of one application. In a server with several workers, each counts into files that all can add up.

    Routes are named by their rule, never by the path that was asked for: whoever asks decides on the paths.
    """

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415  see above

        self._own = CollectorRegistry()
        self.requests = Counter("mta_http_requests", "Requests answered.", ["route", "method", "status"], registry=self._own)
        self.seconds = Histogram(
            "mta_http_request_seconds", "Time from request to answer.", ["route", "method"], buckets=_SECONDS, registry=self._own
        )
        self.in_flight = Gauge("mta_http_requests_in_flight", "Requests being worked on.", multiprocess_mode="livesum", registry=self._own)
        self.answers = Counter("mta_cache_answers", "Answers by what the cache had: hit, miss or stale.", ["status"], registry=self._own)
        self.problems = Counter("mta_problems", "Failures answered, by their code.", ["code"], registry=self._own)
        self.limit_rejections = Counter("mta_limit_rejections", "Requests refused by a limit, by its name.", ["limit"], registry=self._own)

    def text(self) -> bytes:
        """The counts of all workers, in the text format of Prometheus."""
        from prometheus_client import generate_latest  # noqa: PLC0415

        return generate_latest(self._registry())

    def _registry(self) -> "CollectorRegistry":
        """The counts of all workers, to be collected once."""
        from prometheus_client import CollectorRegistry  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        if FOLDER not in os.environ:
            return self._own
        of_all = CollectorRegistry()
        MultiProcessCollector(of_all, path=os.environ[FOLDER])  # type: ignore[no-untyped-call]  # it has no types
        return of_all

    def samples(self) -> "Iterator[Sample]":
        """Every count of all workers."""
        return (sample for family in self._registry().collect() for sample in family.samples)


def text_of(collector: "Collector") -> bytes:
    """What a collector says now, in the text format of Prometheus."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    alone = CollectorRegistry()
    alone.register(collector)
    return generate_latest(alone)


def media_type() -> str:
    """The media type of that format."""
    from prometheus_client import CONTENT_TYPE_LATEST  # noqa: PLC0415

    return CONTENT_TYPE_LATEST


def measure(passage: Passage, app: Flask) -> Metrics:
    """Count every request of the application. To be called before other parts give their steps, so that all that they do is counted."""
    made = app.extensions[EXTENSION] = Metrics()

    @passage.begin
    def begin(_: Exchange) -> None:
        made.in_flight.inc()

    @cache  # there are as many as routes, methods and statuses: finding them by their labels each time took longer than counting
    def of(route: str, method: str, status: int) -> "tuple[Counter, Histogram]":
        return made.requests.labels(route, method, status), made.seconds.labels(route, method)

    @cache
    def of_cache(status: str) -> "Counter":
        return made.answers.labels(status.lower())

    @passage.finish
    def count(exchange: Exchange, response: Response) -> None:
        route, method = exchange.place.rule or NO_ROUTE, exchange.method
        requests, seconds = of(route, method if method in _METHODS else "other", response.status_code)
        requests.inc()
        seconds.observe(time.perf_counter() - exchange.began)
        if cached := response.headers.get("X-Cache-Status"):
            of_cache(cached).inc()
        if exchange.problem_code:
            made.problems.labels(exchange.problem_code).inc()

    @passage.end
    def end(_: Exchange) -> None:
        made.in_flight.dec()

    return made


def metrics() -> Metrics:
    """The counters of the application that handles this request."""
    return cast("Metrics", current_app.extensions[EXTENSION])


def share_among_workers() -> None:
    """Make the folder of the workers' counts. To be called by the process that starts them, before it does."""
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="mta-metrics-")


def forget_worker(pid: int) -> None:
    """A worker has ended: what it had in flight counts no more; what it has counted stays."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(pid)  # type: ignore[no-untyped-call]  # it has no types


def end_sharing() -> None:
    """Remove the folder, when the last worker has ended."""
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)
