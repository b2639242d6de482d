"""The processes of a server have about as many connections each, whichever asks first; one that hangs keeps nobody from being answered."""

import os
import signal
from collections import Counter
from contextlib import ExitStack

import httpx
import pytest

from tests.api.small_server import small_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with small_server(tmp_path_factory.mktemp("small"), "api.sharing.SharingWorker", workers=2) as url:
        yield url


def owners(server, number):
    """The process behind each of so many connections that are open together."""
    with ExitStack() as opened:
        clients = [opened.enter_context(httpx.Client(base_url=server, timeout=20)) for _ in range(number)]
        return Counter(int(client.get("/who").text) for client in clients)


def test_connections_are_shared_evenly(server):
    shares = owners(server, 16)
    assert len(shares) == 2
    assert min(shares.values()) >= 6  # eight, unless a process waited long for a core


def test_a_process_that_hangs_is_not_waited_for(server):
    first, second = owners(server, 16)
    os.kill(first, signal.SIGSTOP)
    try:
        assert owners(server, 6) == {second: 6}
    finally:
        os.kill(first, signal.SIGCONT)
