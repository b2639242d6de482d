"""What every answer carries: its request id, security headers, CORS for the allowed origins. No body."""

from flask import Response

from api.exchange import Exchange
from api.passage import Passage
from mta_assets.settings import ApiSettings

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Of answers that do not say their own: those that are no page, and that nobody is to keep.
_UNLESS_SAID = (("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("Cache-Control", "no-store"))
_HSTS = "max-age=31536000; includeSubDomains"
_EXPOSED = (
    "ETag, Idempotency-Replayed, Location, X-Cache-Status, X-Request-ID, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "RateLimit, RateLimit-Policy, Retry-After, Link"
)
_ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-API-Key, X-Request-ID"


def dress(passage: Passage, settings: ApiSettings) -> None:
    """Give every answer its headers."""
    origins = frozenset(origin.strip() for origin in settings.cors_origins.split(",") if origin.strip())
    security = list((_SECURITY | ({"Strict-Transport-Security": _HSTS} if settings.mode == "production" else {})).items())

    @passage.finish
    def add_headers(exchange: Exchange, response: Response) -> None:
        headers = response.headers
        # Looked through once: to ask them for a name that they do not have takes longer than all else here.
        said = {name.lower() for name, _ in headers}
        unsaid = [(name, value) for name, value in _UNLESS_SAID if name.lower() not in said]
        headers.extend([*security, ("X-Request-ID", exchange.request_id), *unsaid])
        if origins:
            response.vary.add("Origin")
            origin = exchange.header("Origin")
            if origin and origin in origins:
                headers.update(_cors(origin, preflight=exchange.method == "OPTIONS"))


def _cors(origin: str, *, preflight: bool) -> dict[str, str]:
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}
    methods = {
        "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
        "Access-Control-Allow-Headers": _ALLOWED,
        "Access-Control-Max-Age": "600",
    }
    return allowed | methods if preflight else allowed
