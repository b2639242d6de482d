"""`python stripped.py PORT [LAYER...]`: our application without some of its layers, to see what each costs. For measuring only."""

import sys

from flask_openapi.openapi import OpenAPI

from api import application
from api.server import Server
from mta_assets.settings import ApiSettings


class Uncharged:
    """Limits that count nothing."""

    def __init__(self, *parts: object) -> None:
        pass

    def charge_caller(self, *charged: object) -> None:
        """Charge nobody."""

    def charge_address(self, *charged: object) -> None:
        """Charge nobody."""


LAYERS = {"audit": ("audit_every_request", lambda *_: None), "limits": ("Limits", Uncharged), "metrics": ("measure", lambda *_: None)}


class Stripped(Server):
    """The server over the application that is left."""

    def load(self) -> OpenAPI:
        """The application, put together of what is left."""
        for layer in sys.argv[2:]:
            name, nothing = LAYERS[layer]
            setattr(application, name, nothing)
        return application.create_app()


if __name__ == "__main__":
    Stripped(ApiSettings(port=int(sys.argv[1]))).run()
