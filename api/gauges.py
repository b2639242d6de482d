"""What Prometheus is told of what lies behind the server and costs little: measured when it asks. What the server counts of itself is in `metrics`."""

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mta_assets.errors import MtaError
from mta_assets.state.checks import Checks
from mta_assets.state.jobs import Jobs

if TYPE_CHECKING:
    from prometheus_client import Metric

    from api.services import Services

log = logging.getLogger(__name__)
MOST_CHECKS = 1_000


class Gauges:
    """A collector over the services of one application. Of a part that does not answer it tells only that."""

    def __init__(self, services: "Services") -> None:
        self._services = services

    def collect(self) -> "Iterator[Metric]":
        """Every gauge, as it is now."""
        found = self._services.components.all()
        up = [((name,), float(part.status == "up")) for name, part in found.items() if part.status != "absent"]
        yield gauge("mta_component_up", "Whether a part answers.", ["component"], up)
        try:
            if found["state"].status == "up":
                yield from self._of_state()
        except MtaError:
            log.exception("a part went away while it was measured")

    def _of_state(self) -> "Iterator[Metric]":
        made = self._services
        jobs = [((state.value,), float(count)) for state, count in Jobs(made.store).by_state().items()]
        yield gauge("mta_jobs", "Jobs by their state.", ["state"], jobs)
        checks = Checks(made.store).latest(limit=MOST_CHECKS).items
        passed = [((check.asset, check.name, check.severity), float(check.passed)) for check in checks]
        yield gauge("mta_check_passed", "Whether the latest result of a check is that it passed.", ["asset", "check", "severity"], passed)
        heartbeat = made.components.heartbeat()
        age = [] if heartbeat is None else [((), (made.now() - heartbeat).total_seconds())]
        yield gauge("mta_daemon_silent_seconds", "Time since the Dagster daemon was heard of.", [], age)


def gauge(name: str, about: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]) -> "Metric":
    """A gauge with a value per labels."""
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415  see `metrics`

    family = GaugeMetricFamily(name, about, labels=labels)
    for own, value in values:
        family.add_metric(list(own), value)
    return family
