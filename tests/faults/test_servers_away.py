"""Redis and Postgres go and come back: what can be answered is, what cannot is said, and nothing has to be started again."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import servers

from mta_assets.errors import StateAwayError
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from tests.api.lakes import filled_lake
from tests.faults.serving import QUESTIONS, Api

TIMES = 5
PATIENCE_SECONDS = 30


class Postgres:
    """A PostgreSQL that a test may kill and start again on the same data."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mta-faults-"))
        self.folder.chmod(0o755)
        root = os.geteuid() == servers.ROOT
        self._binaries = servers._postgres_binaries(self.folder)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if root:
            shutil.chown(data, servers.UNPRIVILEGED)
            shutil.chown(self.folder, servers.UNPRIVILEGED)
        group = pwd.getpwnam(servers.UNPRIVILEGED).pw_gid
        self._as = {"user": servers.UNPRIVILEGED, "group": group, "extra_groups": []} if root else {}
        made = [self._binaries / "initdb", "-D", data, "-U", "mta", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **self._as)
        self._process = None
        self.start()
        servers._as_administrator(str(self.folder), "CREATE DATABASE mta_state")
        self.url = f"postgresql://mta:unchecked@/mta_state?host={self.folder}"

    def start(self) -> None:
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        command = [self._binaries / "postgres", "-D", self.folder / "data", *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._as)
        servers._wait_for_postgres(self.folder, self._process)

    def crash(self) -> None:
        """As a crash: no session is ended in good order, and what was written is recovered at the next start."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(PATIENCE_SECONDS)

    def remove(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE_SECONDS)
        shutil.rmtree(self.folder)


@pytest.fixture
def postgres():
    made = Postgres()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A lake with results of all models; not to be written to."""
    return filled_lake(tmp_path_factory.mktemp("filled-for-servers"))


def until(holds, what: str) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends, what
        time.sleep(0.2)


def test_redis_goes_and_comes_back_and_every_answer_is_right(redis_server, filled, tmp_path, found):
    api = Api(tmp_path, filled, redis_url=redis_server.url)
    good = api.answers()
    for _ in range(TIMES):
        redis_server.stop()
        assert api.told(good) <= {"HIT", "MISS"}
        status, parts = api.health()
        assert (status, parts["redis"]) == (200, "down")
        redis_server.start()
        until(lambda: api.health()[1]["redis"] == "up", "Redis is back and not seen")
        assert api.told(good) <= {"HIT", "MISS"}
    redis_server.pause()
    began = time.monotonic()
    assert api.told(good) <= {"HIT", "MISS"}
    assert time.monotonic() - began < PATIENCE_SECONDS
    redis_server.resume()
    api.close()
    found(
        "Redis gone and back",
        "killed, started empty, and hung",
        TIMES + 1,
        "every answer right and none refused; health is `degraded` and names it",
    )


def test_postgres_goes_and_comes_back_and_nothing_has_to_be_started_again(postgres, filled, tmp_path, found):
    api = Api(tmp_path, filled, state_url=postgres.url)
    good = api.answers()
    told = set()
    for _ in range(TIMES):
        postgres.crash()
        told |= api.told(good)
        status, parts = api.health()
        assert (status, parts["state"]) == (503, "down")
        postgres.start()
        until(lambda: api.health()[0] == 200, "Postgres is back and not seen")
        until(lambda: api.told(good) <= {"HIT", "MISS"}, "Postgres is back and questions are refused")
    assert api.ask(QUESTIONS[0]).status_code == 200
    api.close()
    kinds = ", ".join(sorted(told))
    found(
        "Postgres gone and back",
        "the state store's server crashed and started again under the API",
        TIMES,
        f"{kinds} while it was away, all right; readiness 503 names it",
    )


def test_what_the_store_was_told_before_postgres_crashed_is_there_after_it(postgres, found):
    store = StateStore(postgres.url)
    store.migrate()
    beats = Heartbeats(store)
    for n in range(TIMES):
        moment = datetime(2026, 3, 1 + n, tzinfo=UTC)
        beats.beat("faults", moment)
        postgres.crash()
        with pytest.raises(StateAwayError, match="does not answer"):
            beats.beat("faults", moment)
        postgres.start()
        assert beats.last("faults") == moment
    store.close()
    found(
        "Postgres gone and back",
        "the server crashed after a write",
        TIMES,
        "the write is there; while it is away the error says so and counts as passing",
    )
