"""A server that is told to stop ends what it has begun: no answer is cut, whatever it takes, and then it is gone."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mta_assets.simulation.world import World
from mta_assets.simulation.write import write_table
from tests.api.live import live_server

KEY = {"X-API-Key": "dev-api-key"}
SENT = 3


def in_flight(url):
    found = re.search(r"^mta_http_requests_in_flight (\d+)", httpx.get(f"{url}/metrics", headers=KEY).text, re.MULTILINE)
    return int(float(found[1])) - 1 if found else 0  # this one is in flight as well


def test_requests_in_flight_end_when_the_server_is_told_to_stop(tmp_path):
    touchpoints, conversions, _ = write_table(World(touchpoints=100_000, days=40), tmp_path / "sent")
    sent = {"file": touchpoints.read_bytes(), "conversions": conversions.read_bytes()}

    def analyse(url):
        answer = httpx.post(
            f"{url}/v1/attribution/analyze",
            files=sent,
            data={"mode": "inline", "models": "linear,markov_1,shapley"},
            headers=KEY,
            timeout=120,
        )
        return answer, time.monotonic()

    with ThreadPoolExecutor(SENT) as pool:
        with live_server(tmp_path, workers=1, threads=8, inline_mb=100) as url:
            asked = [pool.submit(analyse, url) for _ in range(SENT)]
            deadline = time.monotonic() + 60
            while in_flight(url) < SENT:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            told = time.monotonic()  # leaving the block sends SIGTERM and waits for the end
        answers = [each.result() for each in asked]
    assert [answer.status_code for answer, _ in answers] == [200] * SENT
    assert len({answer.content for answer, _ in answers}) == 1
    assert all(each["holds"] is not False for each in answers[0][0].json()["about"]["sums"])
    assert all(ended > told for _, ended in answers)  # it was not over before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live")
