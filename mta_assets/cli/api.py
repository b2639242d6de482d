"""`mta api`: the HTTP API alone, as a process of its own, which takes this one's place."""

import os
import sys

import click

from mta_assets.cli.output import say
from mta_assets.settings import ApiSettings


@click.command(name="api")
@click.option("--host", help="The address to listen on. [default: MTA_API_HOST or 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on. [default: MTA_API_PORT or 8000]")
def command(host: str | None, port: int | None) -> None:
    """Serve the results over HTTP until Ctrl-C.

    In development mode the key `dev-api-key` works: curl -H "X-API-Key: dev-api-key" http://localhost:8000/v1/attribution/linear
    """
    given = {"MTA_API_HOST": host, "MTA_API_PORT": port and str(port)}
    os.environ.update({name: value for name, value in given.items() if value})
    settings = ApiSettings()
    say(f"The API is at http://{settings.host}:{settings.port} (Ctrl-C stops it).")
    sys.stdout.flush()
    os.execv(sys.executable, (sys.executable, "-m", "api"))  # noqa: S606  our own interpreter and module
