"""The real server over a lake, as `python -m api` starts it: for tests of what only a server shows."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx

START_SECONDS = 180  # it takes five on a machine that has nothing else to do


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def live_server(folder, lake=None, authority=None, **settings):
    """A running server; yields its URL. settings: of the API, by their names; authority: who signed its certificate, when it has one."""
    port = free_port()
    own = {f"MTA_API_{name.upper()}": str(value) for name, value in ({"pepper": "p" * 32, "port": port} | settings).items()}
    paths = {
        "MTA_LAKE": str(lake or folder / "lake"),
        "MTA_STATE_URL": f"sqlite:///{folder}/state.db",
        "MTA_UPLOADS": str(folder / "uploads"),
        "MTA_CONFIG": str(folder / "mta.yaml"),
    }
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "api"], env=os.environ | own | paths, stdout=log, stderr=log)
    url = f"http{'s' if authority else ''}://127.0.0.1:{port}"
    try:
        wait_until_it_answers(process, url, folder / "server.log", authority)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def wait_until_it_answers(process, url, log, authority=None):
    trusted = ssl.create_default_context(cafile=authority)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/health/live", verify=trusted).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text()}")
