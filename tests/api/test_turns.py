"""Requests of a server process begin one after the other; one that takes long keeps no other from beginning."""

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.turns import MOMENT_SECONDS
from tests.api import small_server
from tests.api.live import free_port, wait_until_it_answers


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port, log = free_port(), tmp_path_factory.mktemp("small") / "log"
    with log.open("wb") as lines:
        process = subprocess.Popen([sys.executable, small_server.__file__, str(port)], cwd=Path.cwd(), stdout=lines, stderr=lines)
    wait_until_it_answers(process, f"http://127.0.0.1:{port}", log)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


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
    assert max(seconds for _, seconds in answers) < 2 * small_server.SLOW_SECONDS


def test_short_requests_do_not_wait_for_long_ones(server):
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(httpx.get, f"{server}/slow", timeout=30)
        time.sleep(4 * MOMENT_SECONDS)
        begun = time.monotonic()
        assert [httpx.get(f"{server}/quick").status_code for _ in range(10)] == [200] * 10
        assert time.monotonic() - begun < small_server.SLOW_SECONDS / 2
        assert not slow.done()


def test_more_long_requests_than_threads_are_all_answered(server):
    assert [text for text, _ in together(server, ["/slow"] * 10)] == ["done"] * 10
