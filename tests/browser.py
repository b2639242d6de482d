"""A real browser for what a person sees: headless Chromium over its own debugging protocol. Tests that use it are skipped where none is on the machine."""

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS, ANSWER_SECONDS = 30, 30
# Without these it calls its maker at every start.
QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]


def require_chromium():
    """The path of the browser; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


@dataclass
class Page:
    """One tab. requested: every address it asked for; said: errors and warnings of its console, its scripts and its policy."""

    socket: ClientConnection
    requested: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _calls: int = 0

    def call(self, method, **parameters):
        """What a method of the protocol returns; events that come before it are noted."""
        self._calls += 1
        self.socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv(timeout=ANSWER_SECONDS))
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def value(self, expression):
        """What a JavaScript expression is worth in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, url, until, within_seconds=30):
        """Load the page and wait until the JavaScript expression is true, and a moment longer for what comes late."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        self.wait(until, within_seconds)
        time.sleep(1)
        self.value("1")

    def wait(self, until, within_seconds=30):
        """Wait until the JavaScript expression is true."""
        deadline = time.monotonic() + within_seconds
        while not self.value(until):
            assert time.monotonic() < deadline, (self.said, self.value("document.body.innerText"))
            time.sleep(0.1)

    def screenshot(self, path):
        """Write a picture of what is seen."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _note(self, message):
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])
            case "Log.entryAdded" if parameters["entry"]["level"] in {"error", "warning"}:
                self.said.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            case "Runtime.exceptionThrown":
                self.said.append(str(parameters["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if parameters["type"] in {"error", "warning", "assert"}:
                self.said.append(str(parameters["args"]))


@contextmanager
def browser_page(folder: Path, size=(1280, 1600)):
    """A tab of a browser that has never been used."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to run as root with it
    command = [require_chromium(), "--headless", "--disable-gpu", *root, *QUIET, f"--window-size={size[0]},{size[1]}"]
    profile = folder / "profile"
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"], stdout=log, stderr=log
        )
    try:
        port = _port(process, profile / "DevToolsActivePort", folder / "chromium.log")
        tab = next(each for each in httpx.get(f"http://127.0.0.1:{port}/json").json() if each["type"] == "page")
        with connect(tab["webSocketDebuggerUrl"], max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _port(process, file, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if file.exists() and (text := file.read_text()).count("\n"):
            return int(text.splitlines()[0])
        time.sleep(0.05)
    raise AssertionError(f"the browser did not start: {log.read_text()[-2000:]}")
