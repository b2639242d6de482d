"""Requests of a server process begin one after the other; one that takes long keeps no other from beginning."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.turns import MOMENT_SECONDS
from tests.api.small_server import SLOW_SECONDS, small_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with small_server(tmp_path_factory.mktemp("small"), "api.turns.OrderlyWorker") as url:
        yield url


def together(url, paths):
    """The answers to requests that are sent at the same time, each on a connection of its own, with the seconds that each took."""

    def ask(path):
        begun = time.monotonic()
        return httpx.get(url + path, timeout=30).text, time.monotonic() - begun

    with ThreadPoolExecutor(len(paths)) as senders:
        return list(senders.map(ask, paths))


def test_short_requests_are_done_one_after_the_other(server):
    counts = [int(text) for text, _ in together(server, ["/quick"] * 24)]
    assert statistics.median(counts) == 1  # all eight threads, if they began together; on a busy machine a moment may pass


def test_long_requests_do_not_keep_each_other_from_beginning(server):
    answers = together(server, ["/slow"] * 6)
    assert max(seconds for _, seconds in answers) < 2 * SLOW_SECONDS


def test_short_requests_do_not_wait_for_long_ones(server):
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(httpx.get, f"{server}/slow", timeout=30)
        time.sleep(4 * MOMENT_SECONDS)
        begun = time.monotonic()
        assert [httpx.get(f"{server}/quick").status_code for _ in range(10)] == [200] * 10
        assert time.monotonic() - begun < SLOW_SECONDS / 2
        assert not slow.done()


def test_more_long_requests_than_threads_are_all_answered(server):
    assert [text for text, _ in together(server, ["/slow"] * 10)] == ["done"] * 10
