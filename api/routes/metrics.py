"""`/metrics`: what Prometheus scrapes."""

from flask import Response

from api.metrics import metrics
from api.routing import Routes
from mta_assets.state.access import Scope

routes = Routes("metrics", "", tag="health")


@routes.view("get", "/metrics", scope=Scope.HEALTH_READ, machine=True, answers={200: "text/plain"})
def scrape() -> Response:
    """Counts of all server processes and gauges of what is behind them, in the text format of Prometheus."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  see `api.metrics`

    return Response(generate_latest(metrics().registry()), content_type=CONTENT_TYPE_LATEST)
