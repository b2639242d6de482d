"""Redis and Postgres go and come back: what can be answered is, what cannot is said, and nothing has to be started again."""

import time
from datetime import UTC, datetime

import pytest

from mta_assets.errors import StateAwayError
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from tests.faults.serving import QUESTIONS, Api
from tests.servers import PostgresServer, as_administrator

TIMES = 5
PATIENCE_SECONDS = 30


@pytest.fixture
def postgres():
    """A server of the test's own, and the URL of a database of it."""
    server = PostgresServer(fsync="on")
    as_administrator(str(server.folder), "CREATE DATABASE mta_state")
    yield server, f"postgresql://mta:unchecked@/mta_state?host={server.folder}"
    server.remove()


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
    server, url = postgres
    api = Api(tmp_path, filled, state_url=url)
    good = api.answers()
    told = set()
    for _ in range(TIMES):
        server.crash()
        told |= api.told(good)
        status, parts = api.health()
        assert (status, parts["state"]) == (503, "down")
        server.start()
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
    server, url = postgres
    store = StateStore(url)
    store.migrate()
    beats = Heartbeats(store)
    for n in range(TIMES):
        moment = datetime(2026, 3, 1 + n, tzinfo=UTC)
        beats.beat("faults", moment)
        server.crash()
        with pytest.raises(StateAwayError, match="does not answer"):
            beats.beat("faults", moment)
        server.start()
        assert beats.last("faults") == moment
    store.close()
    found(
        "Postgres gone and back",
        "the server crashed after a write",
        TIMES,
        "the write is there; while it is away the error says so and counts as passing",
    )
