"""`python bare.py PORT FILE`: the bound. A bare Flask view that returns the bytes of a file, under the same server with the same workers and threads."""

import sys
from pathlib import Path

from flask import Flask, Response

from api.server import Server
from mta_assets.settings import ApiSettings


class Bare(Server):
    """The server, with nothing of ours above it."""

    def __init__(self, settings: ApiSettings, body: bytes) -> None:
        self._body = body
        super().__init__(settings)

    def load(self) -> Flask:
        """One view."""
        app, body = Flask("bare"), self._body

        @app.get("/")
        def bare() -> Response:
            return Response(body, content_type="application/json")

        return app


if __name__ == "__main__":
    Bare(ApiSettings(port=int(sys.argv[1])), Path(sys.argv[2]).read_bytes()).run()
