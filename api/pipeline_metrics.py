"""What Prometheus is told of the pipeline, whose runs are other processes: their own figures from the state store, what the lake holds from the lake.

Every server process reads the same store and lake, so that any of them may be the one that is scraped. What lies behind the server besides is in `gauges`.
"""

import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from api.gauges import gauge
from mta_assets.errors import MtaError
from mta_assets.results.holdings import Values
from mta_assets.state.figures import FIGURES, Declared, Figures, Labels, buckets

if TYPE_CHECKING:
    from prometheus_client import Metric

    from api.services import Services

log = logging.getLogger(__name__)


class PipelineMetrics:
    """A collector over the services of one application. Of a part that does not answer it tells nothing: `mta_component_up` does."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        found = services.components.all()
        self._up = [part for part in ("state", "lake") if found[part].status == "up"]

    @property
    def name(self) -> str:
        """Of which parts it tells: what was said of a part before it went away is not said on."""
        return "-".join(["pipeline", *self._up])

    def collect(self) -> "Iterator[Metric]":
        """Every figure, as it is now."""
        try:
            if "state" in self._up:
                yield from _of_runs({(each.name, each.labels): each.value for each in Figures(self._services.store).all()})
            if "lake" in self._up:
                yield from self._of_lake()
                yield from self._of_ages()
        except MtaError:
            log.exception("a part went away while it was measured")
        yield from self._of_disk()

    def _of_lake(self) -> "Iterator[Metric]":
        held = self._services.holdings
        yield _counter("mta_rows", "Rows that were read from landed files, by what became of them.", ["source", "fate"], held.rows())
        yield _gauge("mta_files", "Versions of landed files by their status.", ["source", "status"], held.files())
        yield _gauge("mta_pending_days", "Days that wait to be closed, or to be fitted again.", ["scope"], held.pending_days())
        conversions, value = held.credit()
        window = "over the fit window that ends on the newest day"
        named: dict[Labels, float] = {(model, self._additive(model)): total for (model,), total in conversions.items()}
        about = f"Conversions that a model credits {window}; additive ones share out the same."
        yield _gauge("mta_credited_conversions", about, ["model", "additive"], named)
        yield _gauge("mta_credited_value", f"Value that a model credits {window}.", ["model", "currency"], value)
        size, files = held.sizes()
        yield _gauge("mta_lake_bytes", "Bytes of the tables as they are now, without older versions.", ["layer"], size)
        yield _gauge("mta_lake_files", "Files of the tables as they are now.", ["layer"], files)

    def _of_ages(self) -> "Iterator[Metric]":
        ages = self._services.freshness.ages(self._services.now())
        hours: dict[Labels, float] = {(age.kind, age.name): age.age_hours for age in ages if age.age_hours is not None}
        yield _gauge("mta_data_age_hours", "Time since the end of the newest day.", ["kind", "name"], hours)
        late: dict[Labels, float] = {(age.kind, age.name): float(age.status in {"late", "stale"}) for age in ages}
        yield _gauge("mta_data_late", "Whether the newest day is older than the policy allows.", ["kind", "name"], late)

    def _additive(self, model: str) -> str:
        known = self._services.models.get(model)
        return "yes" if known is not None and known.additive else "no"

    def _of_disk(self) -> "Iterator[Metric]":
        root = Path(self._services.lake.root)
        if "://" not in self._services.lake.root and root.exists():
            yield _gauge(
                "mta_lake_disk_free_bytes", "Free space where the lake is, if that is a folder.", [], {(): shutil.disk_usage(root).free}
            )


def _of_runs(figures: Mapping[tuple[str, Labels], float]) -> "Iterator[Metric]":
    for name, declared in FIGURES.items():
        if declared.kind == "histogram":
            yield _histogram(name, declared, figures)
        else:
            values = {labels: value for (own, labels), value in figures.items() if own == name}
            make = _counter if declared.kind == "counter" else _gauge
            yield make(name.removesuffix("_total"), declared.about, list(declared.labels), values)


def _histogram(name: str, declared: Declared, figures: Mapping[tuple[str, Labels], float]) -> "Metric":
    from prometheus_client.metrics_core import HistogramMetricFamily  # noqa: PLC0415  see `metrics`

    family = HistogramMetricFamily(name, declared.about, labels=list(declared.labels))
    for own, labels in sorted(figures):
        if own == f"{name}_count":
            family.add_metric(list(labels), buckets(figures, name, labels), figures[(f"{name}_sum", labels)])
    return family


def _counter(name: str, about: str, labels: list[str], values: Values) -> "Metric":
    from prometheus_client.metrics_core import CounterMetricFamily  # noqa: PLC0415  see `metrics`

    family = CounterMetricFamily(name, about, labels=labels)
    for own, value in sorted(values.items()):
        family.add_metric(list(own), value)
    return family


def _gauge(name: str, about: str, labels: list[str], values: Values) -> "Metric":
    return gauge(name, about, labels, sorted(values.items()))
