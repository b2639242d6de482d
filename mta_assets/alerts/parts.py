"""Whether the parts that everything stands on answer: each asked in a thread of its own and within a bounded time, twice before it counts as away."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mta_assets.contracts.tables import RESTATEMENTS
from mta_assets.errors import MtaError
from mta_assets.lake.lake import Lake
from mta_assets.state.store import StateStore

TIMEOUT_SECONDS: Final = 8.0  # longer than a database may take to be connected to
REDIS_SECONDS: Final = 2.0
BETWEEN_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that are set up: name -> a question that raises MtaError when the part does not answer."""

    questions: Mapping[str, Callable[[], object]]
    timeout_seconds: float = TIMEOUT_SECONDS

    @classmethod
    def of(cls, *, store: StateStore, lake: Lake, redis_url: str, dagster_url: str) -> "Parts":
        """Those that these addresses name; an empty one is of a part that is not set up."""
        questions: dict[str, Callable[[], object]] = {"state": store.ping, "lake": lambda: lake.version(RESTATEMENTS)}
        if redis_url:
            questions["redis"] = lambda: _ping_redis(redis_url)
        if dagster_url:
            questions["dagster_storage"] = lambda: _ping_database(dagster_url)
        return cls(questions=questions)

    def ask(self) -> Mapping[str, str | None]:
        """Each part -> None when it answers, else what is wrong. All are asked side by side."""
        said: dict[str, str | None] = {}
        threads = [threading.Thread(target=self._ask, args=(name, said), daemon=True) for name in self.questions]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + self.timeout_seconds
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        answered = dict(said)
        return {name: answered.get(name, f"It has not answered within {self.timeout_seconds:g} s.") for name in self.questions}

    def _ask(self, name: str, said: dict[str, str | None]) -> None:
        """A second question spares an alert for a connection that broke just once."""
        try:
            self.questions[name]()
        except MtaError:
            time.sleep(min(BETWEEN_SECONDS, self.timeout_seconds / 4))
            try:
                self.questions[name]()
            except MtaError as error:
                said[name] = str(error)
                return
        said[name] = None


def _ping_redis(url: str) -> None:
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS, "retry": Retry(NoBackoff(), 0)}
    try:
        with redis.Redis.from_url(url, **options) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:  # the latter for an address that is none
        raise MtaError(f"Redis does not answer ({type(error).__name__}). It is set by MTA_API_REDIS_URL.") from error


def _ping_database(url: str) -> None:
    store = StateStore(url)
    try:
        store.ping()
    except MtaError as error:
        raise MtaError(f"Dagster's database {store.name} does not answer. It is set by MTA_DAGSTER_POSTGRES_URL.") from error
    finally:
        store.close()
