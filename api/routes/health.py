"""`/health`: whether the process lives, whether it can serve, and how it does. Liveness touches nothing."""

from dataclasses import asdict

import orjson
from flask import Response

from api.components import NEEDED, Component
from api.observability import cache_metrics, counted, data_health, overall, requests, system, versions
from api.problems import Problem
from api.representations import JSON
from api.routing import Routes
from api.schemas.health import Alive, Detailed, Health, HealthMetrics, Ready
from api.services import services
from mta_assets.state.access import Scope

routes = Routes("health", "/health", tag="health")


@routes.view("get", "", scope=None, free=True, answers={200: Health})
def show_health() -> Response:
    """Whether all is well, in a word."""
    return _said(status=overall(_serving()), version=versions()["mta-assets"])


@routes.view("get", "/live", scope=None, free=True, answers={200: Alive})
def live() -> dict[str, str]:
    """Whether the process answers. It touches neither lake nor stores."""
    return {"status": "alive"}


@routes.view("get", "/ready", scope=None, free=True, answers={200: Ready})
def ready() -> Response:
    """Whether it can serve: lake and state store answer. Redis and the Dagster daemon may be away; that is a warning."""
    found = _serving()
    warnings = [f"{name}: {component.message}" for name, component in found.items() if component.status == "down"]
    return _said(status=overall(found), components=found, warnings=warnings)


@routes.view("get", "/detailed", scope=Scope.HEALTH_READ, answers={200: Detailed})
def show_details() -> Response:
    """Every component with its response time, the machine, the requests so far, the versions."""
    made = services()
    found = made.components.all()
    heartbeat = made.components.heartbeat() if found["state"].status == "up" else None
    return _said(
        status=overall(found),
        components=found,
        data=data_health(made.freshness.ages(made.now())) if found["lake"].status == "up" else None,
        daemon_heartbeat=heartbeat,
        system=system(made.settings),
        requests=requests(),
        versions=versions(),
        at=made.now(),
    )


@routes.view("get", "/metrics", scope=Scope.HEALTH_READ, answers={200: HealthMetrics})
def show_metrics() -> Response:
    """Requests, cache, limits and failures of all server processes, counted since the server began."""
    return _said(
        requests=requests(),
        by_status=counted("mta_http_requests_total", "status"),
        by_route=counted("mta_http_requests_total", "route"),
        cache=cache_metrics(services().components.all()["redis"].status),
        limit_rejections=counted("mta_limit_rejections_total", "limit"),
        problems=counted("mta_problems_total", "code"),
    )


def _serving() -> dict[str, Component]:
    """Every component. Raises Problem when one that is needed is down."""
    found = dict(services().components.all())
    down = [name for name in NEEDED if found[name].status == "down"]
    if down:
        names = {"lake": "the lake", "state": "the state store"}
        message = f"Not ready: {' and '.join(names[name] for name in down)} cannot be reached."
        details = {"components": {name: asdict(component) for name, component in found.items()}}
        raise Problem(code="unavailable", message=message, details=details, retry_after=5)
    return found


def _said(**body: object) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), content_type=JSON)
