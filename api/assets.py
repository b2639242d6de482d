"""The files that the documentation pages are made of, from their packages and from `api/pages`: every one is served by us. No route."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_SWAGGER, _REDOC, _OWN = "flask_openapi_swagger.templates", "flask_openapi_redoc.templates", "api"
# ReDoc would fetch its maker's logo from its maker.
_FOREIGN: Final = (b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"docs/assets/redoc.svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file. package, path: where it lies; media: its type."""

    package: str
    path: str
    media: str


_SCRIPT, _STYLE, _PICTURE, _PAGE = "text/javascript", "text/css", "image/svg+xml", "text/html; charset=utf-8"
ASSETS: Final[Mapping[str, Asset]] = {
    "swagger-ui-bundle.js": Asset(package=_SWAGGER, path="swagger/js/swagger-ui-bundle.js", media=_SCRIPT),
    "swagger-ui.css": Asset(package=_SWAGGER, path="swagger/css/swagger-ui.css", media=_STYLE),
    "swagger.svg": Asset(package=_SWAGGER, path="swagger/images/swagger.svg", media=_PICTURE),
    "swagger.js": Asset(package=_OWN, path="pages/swagger.js", media=_SCRIPT),
    "redoc.standalone.js": Asset(package=_REDOC, path="redoc/js/redoc.standalone.js", media=_SCRIPT),
    "redoc.svg": Asset(package=_REDOC, path="redoc/images/redoc.svg", media=_PICTURE),
    "redoc.js": Asset(package=_OWN, path="pages/redoc.js", media=_SCRIPT),
    "pages.css": Asset(package=_OWN, path="pages/pages.css", media=_STYLE),
}
PAGES: Final[Mapping[str, Asset]] = {
    "swagger": Asset(package=_OWN, path="pages/swagger.html", media=_PAGE),
    "redoc": Asset(package=_OWN, path="pages/redoc.html", media=_PAGE),
}


@cache
def content(asset: Asset) -> bytes:
    """The bytes of the file, without the one address in them that is not ours."""
    return files(asset.package).joinpath(asset.path).read_bytes().replace(*_FOREIGN)
