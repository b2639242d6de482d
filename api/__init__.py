"""The HTTP API: a small Flask application over the lake, the state store and the analysis engine. `create_app` is all there is to import."""

from api.application import create_app

__all__ = ["create_app"]
