"""What every answer carries: its request id, security headers, CORS for the allowed origins. No body."""

import re
import secrets
from itertools import count

from flask import Flask, Response, g, request

from mta_assets.settings import ApiSettings

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Of answers that are no page; a page says its own.
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
_HSTS = "max-age=31536000; includeSubDomains"
_EXPOSED = (
    "ETag, Idempotency-Replayed, Location, X-Cache-Status, X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "RateLimit, RateLimit-Policy, Retry-After, Link"
)
_ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-API-Key, X-Request-ID"


def dress(app: Flask, settings: ApiSettings) -> None:
    """Give every request an id and every answer its headers."""
    origins = frozenset(origin.strip() for origin in settings.cors_origins.split(",") if origin.strip())
    security = list((_SECURITY | ({"Strict-Transport-Security": _HSTS} if settings.mode == "production" else {})).items())

    # A name of this process and a number: as unique as a random name, without asking the system for randomness each time.
    process, numbers = secrets.token_hex(10), count()

    @app.before_request
    def name_request() -> None:
        given = request.environ.get("HTTP_X_REQUEST_ID", "")
        g.request_id = given if given and _ID.fullmatch(given) else f"{process}{next(numbers):012x}"

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers.extend([*security, ("X-Request-ID", g.request_id)])
        headers.setdefault("Content-Security-Policy", _NO_PAGE)
        headers.setdefault("Cache-Control", "no-store")
        if origins:
            response.vary.add("Origin")
            if request.headers.get("Origin") in origins:
                response.headers.update(_cors(request.headers["Origin"], preflight=request.method == "OPTIONS"))
        return response


def _cors(origin: str, *, preflight: bool) -> dict[str, str]:
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}
    methods = {
        "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
        "Access-Control-Allow-Headers": _ALLOWED,
        "Access-Control-Max-Age": "600",
    }
    return allowed | methods if preflight else allowed
