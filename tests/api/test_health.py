"""What is said of the service while its parts go away and come back: in bounded time, and without an address or a path."""

import time

import psycopg2
import pytest
from sqlalchemy import make_url

from api import create_app
from api.components import Component, Probe
from api.services import make_services
from mta_assets.errors import LakeError
from mta_assets.jobs.daemon import DAEMON
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.jobs import Jobs
from tests.api.test_metrics import counts
from tests.api.test_problems import assert_problem


def at_once(app):
    """The application, which asks its parts anew each time."""
    app.extensions["mta"].components.kept_seconds = 0.0
    return app


@pytest.fixture
def client(app):
    return at_once(app).test_client()


@pytest.fixture
def beating(app, clock):
    """The daemon is alive."""
    Heartbeats(app.extensions["mta"].store).beat(DAEMON, clock.now)


def test_all_is_well_when_every_part_answers(client, beating):
    assert client.get("/health").get_json()["status"] == "ok"
    body = client.get("/health/ready").get_json()
    assert (body["status"], body["warnings"]) == ("ok", [])
    assert {name: part["status"] for name, part in body["components"].items()} == {
        "lake": "up",
        "tables": "up",
        "state": "up",
        "redis": "absent",
        "daemon": "up",
    }


def test_a_daemon_that_is_silent_is_a_warning(client, beating, clock):
    clock.forward(minutes=2)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.get_json()["status"] == "degraded"
    assert "daemon" in response.get_json()["warnings"][0]


def test_a_table_that_cannot_be_read_is_named_and_does_not_take_the_server_out_of_service(client, beating, tmp_path):
    log = tmp_path / "lake" / "marts" / "channel_daily" / "_delta_log" / "00000000000000000001.json"
    log.write_text("torn")
    response = client.get("/health/ready")
    assert (response.status_code, response.get_json()["status"]) == (200, "degraded")
    assert "tables: marts/channel_daily cannot be read" in response.get_json()["warnings"][0]
    log.unlink()
    assert client.get("/health/ready").get_json()["warnings"] == []


def test_without_its_lake_it_is_not_ready_and_with_it_again_it_is(client, app, tmp_path):
    folder = tmp_path / "lake"
    folder.rename(tmp_path / "elsewhere")
    for path in ("/health/ready", "/health"):
        response = client.get(path)
        body = assert_problem(response, "unavailable", 503)
        assert body["details"]["components"]["lake"]["status"] == "down"
        assert body["details"]["components"]["state"]["status"] == "up"
        assert response.headers["Retry-After"] == "5"
        assert str(tmp_path) not in response.text
    assert client.get("/health/live").status_code == 200
    (tmp_path / "elsewhere").rename(folder)
    assert client.get("/health/ready").status_code == 200


def test_without_its_state_store_it_is_not_ready_and_with_it_again_it_is(postgres_url, postgres_server, tmp_path):
    settings = Settings(lake=str(tmp_path / "lake"), state_url=postgres_url, config=tmp_path / "mta.yaml", uploads=tmp_path / "uploads")
    services = make_services(settings, ApiSettings(pepper="p" * 32))
    client = at_once(create_app(services)).test_client()
    try:
        assert client.get("/health/ready").status_code == 200
        _allow(postgres_server, postgres_url, connections=False)
        response = client.get("/health/ready")
        assert assert_problem(response, "unavailable", 503)["details"]["components"]["state"]["status"] == "down"
        assert "unchecked-secret" not in response.text
        _allow(postgres_server, postgres_url, connections=True)
        assert client.get("/health/ready").status_code == 200
    finally:
        services.close()


def _allow(server, url, *, connections):
    name = make_url(url).database
    administrator = psycopg2.connect(host=server, user="mta", dbname="postgres")
    administrator.autocommit = True
    with administrator.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(connections).lower()}")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    administrator.close()


def test_without_its_redis_it_is_ready_and_says_so(make_app, redis_server, clock):
    app = at_once(make_app(redis_url=redis_server.url))
    app.extensions["mta"].components.redis.client.ping()
    client = app.test_client()

    def status():
        body = client.get("/health/ready").get_json()
        return body["components"]["redis"]["status"], body["status"]

    Heartbeats(app.extensions["mta"].store).beat(DAEMON, clock.now)
    assert status() == ("up", "ok")
    redis_server.pause()
    began = time.monotonic()
    assert status() == ("down", "degraded")
    assert time.monotonic() - began < 2
    redis_server.resume()
    time.sleep(2.1)  # the link tries again after two seconds
    assert status() == ("up", "ok")
    redis_server.stop()
    assert status() == ("down", "degraded")


def test_a_part_that_hangs_costs_the_time_out_and_no_second_thread():
    asked = []

    def hangs():
        asked.append(time.monotonic())
        time.sleep(1)

    probe = Probe(name="lake", ask=hangs, timeout_seconds=0.05)
    for _ in range(3):
        began = time.monotonic()
        result = probe.result()
        assert (result.status, time.monotonic() - began < 0.5) == ("down", True)
    assert "0.05 s" in result.message
    assert len(asked) == 1


def test_what_a_part_says_of_itself_is_not_told_to_everybody():
    def broken():
        raise LakeError("the lake at /secret is gone")

    result = Probe(name="lake", ask=broken).result()
    assert isinstance(result, Component)
    assert (result.status, "secret" in result.message) == ("down", False)


def test_parts_are_asked_once_a_second_however_many_ask(app):
    components = app.extensions["mta"].components
    assert components.all() is components.all()


def test_the_details_have_components_machine_requests_and_versions(client, key_of, beating, clock):
    key = {"X-API-Key": key_of("viewer")}
    client.get("/v1/nothing")
    body = client.get("/health/detailed", headers=key).get_json()
    assert body["status"] == "ok"
    assert all(part["response_ms"] >= 0 for part in body["components"].values())
    assert body["system"]["memory"]["process"] > 10_000_000
    assert 0 < body["system"]["disk"]["free"] <= body["system"]["disk"]["total"]
    assert 0 <= body["system"]["cpu_percent"] <= 100
    assert (body["requests"]["total"], body["requests"]["errors"], body["requests"]["error_rate"]) == (1, 0, 0.0)
    assert {"mta-assets", "python", "polars"} <= set(body["versions"])
    assert body["daemon_heartbeat"].startswith(clock.now.isoformat()[:19])


def test_the_details_are_told_though_a_part_is_away(client, key_of, tmp_path):
    key = {"X-API-Key": key_of("viewer")}
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    response = client.get("/health/detailed", headers=key)
    assert (response.status_code, response.get_json()["status"]) == (200, "unavailable")


def test_the_error_rate_is_the_share_of_requests_that_failed_by_our_fault(app, client, key_of):
    key = {"X-API-Key": key_of("viewer")}

    def broken():
        raise RuntimeError

    app.view_functions["health.live"] = broken
    client.get("/health/live")
    client.get("/v1/nothing")
    assert client.get("/health/detailed", headers=key).get_json()["requests"]["error_rate"] == 0.5


def test_the_json_metrics_have_the_cache_and_the_counts(client, key_of):
    key = {"X-API-Key": key_of("viewer")}
    for _ in range(4):
        client.get("/v1/attribution/linear", headers=key)
    client.get("/v1/attribution/linear")
    body = client.get("/health/metrics", headers=key).get_json()
    assert (body["cache"]["hits"], body["cache"]["misses"], body["cache"]["hit_rate"]) == (3, 1, 0.75)
    assert body["cache"]["memory_entries"] > 0
    assert body["cache"]["redis"] == "absent"
    assert body["by_route"]["/v1/attribution/<model_name:model>"] == 5
    assert body["by_status"] == {"200": 4, "401": 1}
    assert body["problems"] == {"unauthenticated": 1}


def test_requests_that_a_limit_refuses_are_counted_by_its_name(make_app):
    app = make_app(limit_address_per_minute=2)
    services = app.extensions["mta"]
    key = services.keys.create(owner="x", name="x", role="viewer", now=services.now())[1]
    client = app.test_client()
    refused = [client.get("/v1/attribution/linear").status_code for _ in range(4)].count(429)
    assert refused
    assert sum(client.get("/health/metrics", headers={"X-API-Key": key}).get_json()["limit_rejections"].values()) == refused


def test_prometheus_is_told_of_parts_jobs_checks_and_the_age_of_data(make_app, filled, clock):
    app = at_once(make_app(lake=filled))
    services = app.extensions["mta"]
    key = services.keys.create(owner="x", name="x", role="viewer", now=clock.now)[1]
    Jobs(services.store).create(owner="o", key_id="k", request_id="r", options={}, files=[], now=clock.now)
    Heartbeats(services.store).beat(DAEMON, clock.now)
    clock.forward(seconds=30)
    samples = counts(app.test_client().get("/metrics", headers={"X-API-Key": key}).text)
    assert samples[("mta_component_up", ("component", "lake"))] == 1
    assert samples[("mta_jobs", ("state", "queued"))] == 1
    assert samples[("mta_jobs", ("state", "running"))] == 0
    assert samples[("mta_daemon_silent_seconds",)] == pytest.approx(30)
    assert samples[("mta_data_age_hours", ("kind", "table"), ("name", "marts/channel_daily"))] > 100
    assert samples[("mta_data_late", ("kind", "source"), ("name", "touchpoints"))] == 1


def test_prometheus_is_told_that_a_part_is_away_rather_than_nothing(client, key_of, tmp_path):
    key = {"X-API-Key": key_of("viewer")}
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    samples = counts(client.get("/metrics", headers=key).text)
    assert samples[("mta_component_up", ("component", "lake"))] == 0
    assert ("mta_jobs", ("state", "queued")) in samples
