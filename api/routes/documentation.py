"""`/openapi.json`, `/docs` and `/redoc`: the description of the API, and two pages that show it. They fetch nothing from elsewhere."""

from functools import cache
from typing import cast

import orjson
from flask import Response, current_app, request
from flask_openapi.openapi import OpenAPI

from api.assets import ASSETS, PAGES, Asset, content
from api.problems import refuse
from api.representations import compressed
from api.routing import Routes
from api.schemas.documentation import AssetPath
from api.specification import specification

# The two styles that ReDoc writes into its page: an empty one, which it fills by script, and that of its scroll bars. A test in a browser holds them.
_OF_REDOC = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' {styles}; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

routes = Routes("documentation", "", tag="documentation")


@routes.view("get", "/openapi.json", scope=None, answers={200: "application/json"})
def openapi_json() -> Response:
    """The description of the API: OpenAPI 3.1."""
    app = cast("OpenAPI", current_app)
    kept = app.extensions.get("specification")
    if kept is None:
        kept = app.extensions["specification"] = orjson.dumps(specification(app))
    return _sent(kept, "application/json", seconds=0)


@routes.view("get", "/docs", scope=None, answers={200: "text/html"}, doc_ui=False)
def swagger_page() -> Response:
    """The API in Swagger UI, where requests can be tried."""
    return _page(PAGES["swagger"])


@routes.view("get", "/redoc", scope=None, answers={200: "text/html"}, doc_ui=False)
def redoc_page() -> Response:
    """The API in ReDoc, to be read."""
    return _page(PAGES["redoc"], _OF_REDOC)


@routes.view("get", "/docs/assets/<name>", scope=None, answers={200: "application/octet-stream"}, doc_ui=False)
def page_asset(path: AssetPath) -> Response:
    """A script, style or picture of these pages."""
    asset = ASSETS.get(path.name) or refuse("not_found", "The pages have no such file.")
    return _sent(content(asset), asset.media, seconds=86_400)


def _page(page: Asset, styles: str = "") -> Response:
    response = _sent(content(page), page.media, seconds=0)
    response.headers["Content-Security-Policy"] = _POLICY.format(styles=styles)
    return response


def _sent(body: bytes, media: str, seconds: int) -> Response:
    """The bytes, compressed where the client takes it, with an ETag: 304 when the client has them."""
    packed = "gzip" if request.accept_encodings["gzip"] > 0 else "identity"
    response = Response(_packed(body, packed), content_type=media)
    if packed != "identity":
        response.content_encoding = packed
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = f"public, max-age={seconds}" if seconds else "no-cache"
    response.add_etag()
    return cast("Response", response.make_conditional(request))


@cache
def _packed(body: bytes, encoding: str) -> bytes:
    return compressed(body, encoding)
