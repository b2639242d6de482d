"""The application: which parts it is made of and in which order a request meets them. No view, no logic of any part."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask
from flask_openapi.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from api.auditing import audit_every_request
from api.auth import KnownKeys, guard
from api.bodies import watch_bodies
from api.buckets import Buckets
from api.cache import install_cache
from api.forgetting import forget_the_erased
from api.headers import dress
from api.json_bodies import StrictRequest
from api.limits import Limits, tell_limits
from api.logs import carry_request_id, log_requests
from api.metrics import measure
from api.passage import Passage
from api.problems import answer_every_failure, of_validation
from api.routes.attribution import routes as attribution
from api.routes.audit import routes as audit
from api.routes.calculate import routes as calculate
from api.routes.channels import routes as channels
from api.routes.documentation import routes as documentation
from api.routes.erasures import routes as erasures
from api.routes.files import routes as files
from api.routes.health import routes as health
from api.routes.jobs import routes as jobs
from api.routes.journeys import routes as journeys
from api.routes.keys import routes as keys
from api.routes.metrics import routes as metrics
from api.routes.monitoring import routes as monitoring
from api.routes.webhooks import routes as webhooks
from api.routing import Access, ModelName, Routes
from api.schemas.problem import Problem
from api.services import EXTENSION, Services, make_services
from api.specification import INFO, OPENAPI_VERSION, SECURITY, specification
from api.tokens import TokenVerifier
from api.tracing import trace_requests
from mta_assets.settings import ApiSettings, LogSettings, Settings

# Every resource. One more is one more module and one more line.
RESOURCES: Sequence[Routes] = (
    attribution,
    audit,
    calculate,
    channels,
    documentation,
    erasures,
    files,
    health,
    jobs,
    journeys,
    keys,
    metrics,
    monitoring,
    webhooks,
)


class Application(OpenAPI):
    """Flask with what flask-openapi adds, for views that are no coroutines: looking whether they are took a tenth of a short request."""

    request_class = StrictRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def create_app(services: Services | None = None) -> OpenAPI:
    """The application over the environment's lake and state store, or over the services given. Raises MtaError when it cannot serve."""
    made = services or make_services(Settings(), ApiSettings())
    app, access = _with_routes(made.api)
    app.extensions[EXTENSION] = made
    app.config["MAX_CONTENT_LENGTH"] = made.api.max_upload_mb * 1_000_000
    answer_every_failure(app)
    watch_bodies(app, access)
    _lead(Passage(), app, access, made)
    if hops := made.api.proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _lead(passage: Passage, app: Flask, access: Mapping[str, Access], made: Services) -> None:
    """Give the passage its steps. A part that is named earlier meets a request earlier and its answer later."""
    carry_request_id()
    metrics = measure(passage, app)
    log_requests(passage, LogSettings())
    dress(passage, made.api)
    trace_requests(passage)
    tell_limits(passage)
    audit_every_request(passage, made.trail, made.now)
    guard(
        passage,
        app,
        access,
        KnownKeys(made.keys, made.now),
        TokenVerifier(made.api),
        Limits(made.api, Buckets(made.redis), metrics),
        open_on_loopback=made.api.metrics_on_loopback,
    )
    forget_the_erased(passage, made.erasures, install_cache(app, made.redis))
    passage.lead(app)


def description() -> dict[str, Any]:
    """The OpenAPI document, without a server: for whatever is made from it."""
    return specification(_with_routes(ApiSettings())[0])


def _with_routes(settings: ApiSettings) -> tuple[Application, Mapping[str, Access]]:
    """An application that has its routes and nothing behind them, and who may call each."""
    app = Application(
        "api",
        info=INFO,
        security_schemes=SECURITY,
        validation_error_callback=of_validation,
        validation_error_model=Problem,
        doc_ui=False,
        static_folder=None,
    )
    app.openapi_version = OPENAPI_VERSION
    app.url_map.converters["model_name"] = ModelName
    access: dict[str, Access] = {}
    for resource in RESOURCES if settings.docs else [each for each in RESOURCES if each is not documentation]:
        app.register_api(resource)
        access |= resource.access
    return app, access
