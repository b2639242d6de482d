"""The application: which parts it is made of and in which order a request meets them. No view, no logic of any part."""

from collections.abc import Sequence
from typing import Any

from flask_openapi.models.info import Info
from flask_openapi.models.security_scheme import SecurityScheme
from flask_openapi.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from api.auth import KnownKeys, guard
from api.cache import install_cache
from api.headers import dress
from api.metrics import measure
from api.problems import answer_every_failure, of_validation
from api.routes.attribution import routes as attribution
from api.routes.channels import routes as channels
from api.routes.health import routes as health
from api.routes.journeys import routes as journeys
from api.routes.metrics import routes as metrics
from api.routing import Access, Routes
from api.services import EXTENSION, Services, make_services
from api.tokens import TokenVerifier
from mta_assets.settings import ApiSettings, Settings

# Every resource. One more is one more module and one more line.
RESOURCES: Sequence[Routes] = (attribution, channels, health, journeys, metrics)

SECURITY: dict[str, SecurityScheme | dict[str, Any]] = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


def create_app(services: Services | None = None) -> OpenAPI:
    """The application over the environment's lake and state store, or over the services given. Raises MtaError when it cannot serve."""
    made = services or make_services(Settings(), ApiSettings())
    app = OpenAPI(
        "api",
        info=Info(title="Multi-touch attribution", version="1"),
        security_schemes=SECURITY,
        validation_error_callback=of_validation,
        doc_ui=False,
        static_folder=None,
    )
    app.openapi_version = "3.1.0"
    app.extensions[EXTENSION] = made
    app.config["MAX_CONTENT_LENGTH"] = made.api.max_upload_mb * 1_000_000
    if made.api.proxy_hops:
        hops = made.api.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    access: dict[str, Access] = {}
    for resource in RESOURCES:
        app.register_api(resource)
        access |= resource.access
    measure(app)
    install_cache(app, made.redis)
    answer_every_failure(app)
    dress(app, made.api)
    guard(app, access, KnownKeys(made.keys), TokenVerifier(made.api), open_on_loopback=made.api.metrics_on_loopback)
    return app
