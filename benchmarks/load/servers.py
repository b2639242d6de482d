"""The servers that are driven: ours as `python -m api` starts it, ours without some layers, and the bare one. Each has a port of its own, and its end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
import psutil

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
START_SECONDS = 90
# Limits that the load does not reach: they are counted, and refuse nothing.
PLENTY = {f"MTA_API_LIMIT_{name}": "1000000000" for name in ("PER_HOUR", "TOTAL_PER_MINUTE", "UPLOADS_PER_HOUR", "ADDRESS_PER_MINUTE")}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers."""

    url: str
    pid: int

    def memory_mb(self) -> float:
        """The resident memory of the process and all that it started."""
        own = psutil.Process(self.pid)
        return sum(process.memory_info().rss for process in (own, *own.children(recursive=True))) / 1e6


@dataclass(frozen=True, kw_only=True)
class Servers:
    """How to start them: over which lake, with state and uploads in which folder."""

    folder: Path
    lake: Path

    @contextmanager
    def ours(self, without: tuple[str, ...] = (), settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Running]:
        """Our API, whole or without these layers."""
        port = free_port()
        command = [sys.executable, str(HERE / "stripped.py"), str(port), *without] if without else [sys.executable, "-m", "api"]
        environment = self.environment() | {"MTA_API_PORT": str(port), **settings}
        with _running(command, environment, port, "/health/live", self.folder) as server:
            yield server

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Dagster's daemon, which launches jobs."""
        home = self.folder / "dagster_home"
        home.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", home)
        command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "mta_assets.definitions"]
        with (self.folder / "daemon.log").open("wb") as lines:
            environment = os.environ | self.environment() | {"DAGSTER_HOME": str(home)}
            process = subprocess.Popen(command, env=environment, stdout=lines, stderr=lines)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)

    @contextmanager
    def bare(self, body: bytes) -> Iterator[Running]:
        """The bare server, with this answer."""
        port = free_port()
        file = self.folder / "body"
        file.write_bytes(body)
        with _running([sys.executable, str(HERE / "bare.py"), str(port), str(file)], {}, port, "/", self.folder) as server:
            yield server

    def environment(self) -> dict[str, str]:
        """What our processes are told."""
        where = {
            "LAKE": self.lake,
            "UPLOADS": self.folder / "uploads",
            "CONFIG": self.folder / "mta.yaml",
            "LANDING": self.folder / "landing",
        }
        return {f"MTA_{name}": str(path) for name, path in where.items()} | {"MTA_STATE_URL": f"sqlite:///{self.folder}/state.db", **PLENTY}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], port: int, path: str, folder: Path) -> Iterator[Running]:
    log = folder / f"server-{port}.log"
    with log.open("wb") as lines:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=lines, stderr=lines)
    server = Running(url=f"http://127.0.0.1:{port}", pid=process.pid)
    try:
        _wait(process, server.url + path, log)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text()}")
