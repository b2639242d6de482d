"""What the server counts, over all its processes."""

import os
import signal
import time

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.live import live_server

DEVELOPMENT = {"X-API-Key": "dev-api-key"}


def counts(text):
    """(name, labels) -> value of every sample."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(samples, **labels):
    """How many requests with these labels were counted."""
    return sum(v for (name, *own), v in samples.items() if name == "mta_http_requests_total" and labels.items() <= dict(own).items())


@pytest.fixture
def scraped(client, key_of):
    key = key_of("viewer")
    return lambda: counts(client.get("/metrics", headers={"X-API-Key": key}).text)


def test_requests_are_counted_by_the_rule_of_their_route_and_never_by_their_path(client, key_of, scraped):
    key = {"X-API-Key": key_of("viewer")}
    for path in ("/v1/attribution/linear", "/v1/attribution/liner", "/v1/nothing/1", "/v1/nothing/2"):
        client.get(path, headers=key)
    client.open("/v1/nothing/3", method="INVENTED")
    samples = scraped()
    assert asked(samples, route="/v1/attribution/<model_name:model>", method="GET", status="200") == 1
    assert asked(samples, route="/v1/attribution/<model_name:model>", method="GET", status="404") == 1
    assert asked(samples, route="(none)", method="GET", status="404") == 2
    assert asked(samples, route="(none)", method="other") == 1
    assert "nothing" not in str(samples)
    assert "INVENTED" not in str(samples)


def test_the_time_of_requests_the_state_of_the_cache_and_failures_are_counted(client, key_of, scraped):
    key = {"X-API-Key": key_of("viewer")}
    for _ in range(3):
        client.get("/v1/attribution/linear", headers=key)
    client.get("/v1/attribution/linear")
    samples = scraped()
    route = (("method", "GET"), ("route", "/v1/attribution/<model_name:model>"))
    assert samples[("mta_http_request_seconds_count", *route)] == 4
    assert 0 < samples[("mta_http_request_seconds_sum", *route)] < 10
    assert samples[("mta_cache_answers_total", ("status", "miss"))] == 1
    assert samples[("mta_cache_answers_total", ("status", "hit"))] == 2
    assert samples[("mta_problems_total", ("code", "unauthenticated"))] == 1


def test_only_the_request_that_asks_is_in_flight(client, scraped):
    client.get("/health/live")
    client.get("/v1/nothing")
    assert scraped()[("mta_http_requests_in_flight",)] == 1


def test_callers_of_this_machine_need_no_key_where_a_setting_says_so(make_app):
    client = make_app(metrics_on_loopback=True).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    assert client.get("/v1/attribution/methods").status_code == 401


def test_without_that_setting_they_need_one(client):
    assert client.get("/metrics").status_code == 401


def test_the_counts_of_all_workers_add_up_and_outlive_one_that_dies(tmp_path):
    with live_server(tmp_path, workers=2) as url:
        for _ in range(40):  # each on a connection of its own, so that both workers get some
            httpx.get(f"{url}/v1/attribution/methods", headers=DEVELOPMENT).raise_for_status()
        before = counts(httpx.get(f"{url}/metrics", headers=DEVELOPMENT).text)
        assert asked(before, route="/v1/attribution/methods") == 40
        port = int(url.rsplit(":", 1)[1])
        master = next(p for p in psutil.process_iter() if p.ppid() == os.getpid() and listens(p, port))
        killed = master.children()[0]
        killed.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while (len(master.children()) < 2 or killed in master.children()) and time.monotonic() < deadline:
            time.sleep(0.1)
        after = counts(httpx.get(f"{url}/metrics", headers=DEVELOPMENT).text)
        assert asked(after, route="/v1/attribution/methods") == 40
        assert after[("mta_http_requests_in_flight",)] == 1


def listens(process, port):
    return any(c.laddr.port == port for c in process.net_connections("tcp"))
