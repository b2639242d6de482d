"""`/metrics`: what Prometheus scrapes."""

from flask import Response

from api.gauges import Gauges
from api.metrics import media_type, metrics, text_of
from api.pipeline_metrics import PipelineMetrics
from api.routing import Routes
from api.services import services
from mta_assets.state.access import Scope

routes = Routes("metrics", "", tag="health")


@routes.view("get", "/metrics", scope=Scope.HEALTH_READ, machine=True, answers={200: "text/plain"})
def scrape() -> Response:
    """Counts of all server processes, what the pipeline did, and gauges of what is behind both, in the text format of Prometheus."""
    made = services()
    pipeline = PipelineMetrics(made)
    parts = (metrics().text(), text_of(Gauges(made)), made.measured.text(pipeline.name, lambda: text_of(pipeline)))
    return Response(b"".join(parts), content_type=media_type())
