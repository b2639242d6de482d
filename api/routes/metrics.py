"""`/metrics`: what Prometheus scrapes."""

from flask import Response

from api.gauges import Gauges
from api.metrics import metrics
from api.pipeline_metrics import PipelineMetrics
from api.routing import Routes
from api.services import services
from mta_assets.state.access import Scope

routes = Routes("metrics", "", tag="health")


@routes.view("get", "/metrics", scope=Scope.HEALTH_READ, machine=True, answers={200: "text/plain"})
def scrape() -> Response:
    """Counts of all server processes, what the pipeline did, and gauges of what is behind both, in the text format of Prometheus."""
    text, media = metrics().text(Gauges(services()), PipelineMetrics(services()))
    return Response(text, content_type=media)
