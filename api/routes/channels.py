"""`/v1/channels`: what channels cost and return."""

from collections.abc import Mapping

from flask import Response

from api.routes.results import PERFORMANCE_TABLES, answered, version_of
from api.routing import Routes
from api.schemas.results import Performance, PerformanceQuery
from api.services import services
from mta_assets.results.performance import performance
from mta_assets.results.questions import Answer
from mta_assets.state.access import Scope

routes = Routes("channels", "/v1/channels", tag="channels")


@routes.view("get", "/performance", scope=Scope.RESULTS_READ, answers={200: Performance}, tabular=True)
def channel_performance(query: PerformanceQuery) -> Response:
    """Spend, credit, value, CPA and ROAS per model and channel.

    Without start and end: the trailing fit window of the newest closing day, as `mta attribute` computes it. With either: the days added up.
    """
    marts = services().marts
    chosen = marts.chosen(query.models)

    def ask() -> tuple[Answer, Mapping[str, object]]:
        answer, basis = performance(marts, chosen, query.selection())
        return answer, {"basis": basis}

    return answered(query, version_of(PERFORMANCE_TABLES), lambda column: column in {"value", "cost", "cpa"}, ask)
