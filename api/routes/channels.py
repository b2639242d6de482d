"""`/v1/channels`: what channels cost, return and add."""

from collections.abc import Mapping
from typing import Final

from flask import Response

from api.routes.results import INCREMENTALITY_TABLES, PERFORMANCE_TABLES, answered, version_of
from api.routing import Routes
from api.schemas.incrementality import Incrementality, IncrementalityQuery
from api.schemas.results import Performance, PerformanceQuery
from api.services import services
from mta_assets.marts.bands import COVERS
from mta_assets.marts.incrementality import COVERS as ADDED_COVERS
from mta_assets.results.incrementality import incrementality
from mta_assets.results.performance import performance
from mta_assets.results.questions import Answer
from mta_assets.state.access import Scope

MONEY: Final = frozenset({"cost", *(name for metric in ("value", "cpa") for name in (metric, f"{metric}_low", f"{metric}_high"))})

routes = Routes("channels", "/v1/channels", tag="channels")


@routes.view("get", "/performance", scope=Scope.RESULTS_READ, answers={200: Performance}, tabular=True)
def channel_performance(query: PerformanceQuery) -> Response:
    """Spend, credit, value, CPA and ROAS per model and channel.

    Without start and end: the trailing fit window of the newest closing day, as `mta attribute` computes it, with confidence bands. With either: the days
    added up, without.
    """
    marts = services().marts
    chosen = marts.chosen(query.models)

    def ask() -> tuple[Answer, Mapping[str, object]]:
        found = performance(marts, chosen, query.selection())
        about = {"basis": found.basis, "band_level": found.band_level, "bands": COVERS if found.band_level else None}
        return found.answer, about

    return answered(query, version_of(PERFORMANCE_TABLES), MONEY.__contains__, ask)


@routes.view("get", "/incrementality", scope=Scope.RESULTS_READ, answers={200: Incrementality}, tabular=True)
def channel_incrementality(query: IncrementalityQuery) -> Response:
    """What each channel added, as estimated and as calibrated with experiments, and iROAS beside ROAS.

    Over the trailing fit window of the newest closing day. `basis` says what stands behind a calibrated figure: an experiment of the channel (tested), those of
    others (pooled), or none.
    """
    marts = services().marts

    def ask() -> tuple[Answer, Mapping[str, object]]:
        found = incrementality(marts, tuple(query.channel))
        return found.answer, {"band_level": found.band_level, "bands": ADDED_COVERS}

    return answered(query, version_of(INCREMENTALITY_TABLES), frozenset({"cost"}).__contains__, ask)
