"""The whole flow on a real Postgres and a real Redis: what landed is seen by the sensors, run through Dagster, served.

The flow without Dagster and without servers says what is right.
"""

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from polars.testing import assert_frame_equal

from api import create_app
from api.services import make_services
from mta_assets.contracts.tables import CHANNEL_DAILY, FILES, RESTATEMENTS
from mta_assets.defs.specs import key_of
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake, run, tables
from mta_assets.settings import ApiSettings, Settings
from tests.defs.dagster_shop import CONFIG, land

YAML = "lookback_days: 3\nfit_window_days: 4\n"  # as the shop's
TWO = {name: MODELS[name] for name in ("linear", "markov_1")}
LIMIT = 12
QUESTIONS = (
    "/v1/attribution/linear?group_by=day,channel&limit=10000",
    "/v1/attribution/markov_1?group_by=channel",
    "/v1/attribution/compare?models=linear&models=markov_1",
    "/v1/channels/performance?models=linear",
)


def test_what_lands_is_run_and_served_on_postgres_and_redis_with_the_numbers_of_the_embedded_defaults(
    dagster_on_postgres, shop_of, tmp_path, postgres_url, redis_url
):
    shop = shop_of(TWO)
    shop.tell(postgres_url, tmp_path / "uploads")
    land(tmp_path)
    plain = open_lake(str(tmp_path / "plain" / "lake"), TWO)
    run(plain, CONFIG, TWO, shop.landing, datetime.now(UTC))

    assert _run_what_is_asked_for(shop)[:3] == ["ingest", "core", "attribute"]

    storages = (shop.instance.run_storage, shop.instance.event_log_storage, shop.instance.schedule_storage)
    assert all(type(storage).__name__.startswith("Postgres") for storage in storages)
    assert {run.status for run in shop.instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
    _holds_the_same(shop, plain)
    with _api(plain.root, f"sqlite:///{tmp_path}/state.db") as embedded:
        expected = embedded.answers()
    with _api(tmp_path / "lake", postgres_url, redis_url) as first, _api(tmp_path / "lake", postgres_url, redis_url) as second:
        assert first.answers() == expected
        shared = [second.ask(question, first.key) for question in QUESTIONS]
        assert [answer.data for answer in shared] == expected
        assert {answer.headers["X-Cache-Status"] for answer in shared} == {"HIT"}  # of what the other has put into Redis
        assert len(first.ask("/v1/checks").get_json()["data"]) > 10  # what the runs told the state store
        assert {second.ask("/v1/checks", first.key).status_code for _ in range(LIMIT)} == {200, 429}
        assert first.ask("/v1/checks").status_code == 429  # the limit is that of both


def _run_what_is_asked_for(shop) -> list[str]:
    """Run what ticks of the sensors ask for until they ask for nothing; the jobs."""
    long_ago = time.time() - 60
    for path in shop.landing.rglob("*.*"):
        os.utime(path, (long_ago, long_ago))  # so that it has stopped growing
    tick = shop.look("landing_sensor")
    (asked,) = tick.run_requests
    jobs = ["ingest"]
    assert shop.run("ingest", **asked.tags, **{"dagster/run_key": asked.run_key}).success
    assert isinstance(shop.look("landing_sensor", tick.cursor), dg.SkipReason)
    while isinstance(asked := shop.look("restatement_sensor"), dg.RunRequest):
        jobs.append(asked.job_name)
        assert shop.run(asked.job_name, **asked.tags, **{"dagster/run_key": asked.run_key}).success
    return jobs


def _holds_the_same(shop, plain) -> None:
    """The lakes, row by row; and Dagster knows of each mart the days that it has."""
    for table in tables(TWO):
        if table.name not in (RESTATEMENTS.name, FILES.name):  # these hold when and in which run
            ours, theirs = (lake.read(table).sort(table.key) for lake in (shop.resource.lake, plain))
            assert_frame_equal(ours, theirs, check_exact=True)
    days = {str(day) for day in plain.days(CHANNEL_DAILY)}
    assert days
    assert days <= shop.instance.get_materialized_partitions(key_of(CHANNEL_DAILY))


class _Api:
    """An application with a key of its own."""

    def __init__(self, services) -> None:
        self._client = create_app(services).test_client()
        self.key = services.keys.create(owner="bi", name="reader", role="viewer", now=datetime.now(UTC))[1]

    def ask(self, question: str, key: str = ""):
        return self._client.get(question, headers={"X-API-Key": key or self.key})

    def answers(self, key: str = "") -> list[bytes]:
        """What each question is answered with."""
        found = [self.ask(question, key) for question in QUESTIONS]
        assert {answer.status_code for answer in found} == {200}, [answer.data for answer in found]
        return [answer.data for answer in found]


@contextmanager
def _api(lake: Path | str, state_url: str, redis_url: str = ""):
    """A server process over this lake, as far as what it shares with others goes."""
    folder = Path(lake).parent
    (folder / "mta.yaml").write_text(YAML)
    where = Settings(lake=str(lake), state_url=state_url, config=folder / "mta.yaml", uploads=folder / "uploads")
    services = make_services(where, ApiSettings(pepper="p" * 32, redis_url=redis_url, limit_per_hour=LIMIT))
    try:
        yield _Api(services)
    finally:
        services.close()
