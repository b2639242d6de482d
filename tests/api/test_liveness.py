"""A server process says that it lives while all its threads are busy, in the application's own words; what is not a plain probe goes the usual way."""

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.live import live_server

PROBE = b"GET /health/live HTTP/1.1\r\nHost: x\r\nUser-Agent: kube-probe/1.31\r\nAccept: */*\r\nConnection: close\r\n\r\n"
BUSY_SECONDS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One process with one thread."""
    with live_server(tmp_path_factory.mktemp("live"), workers=1, threads=1) as url:
        yield url


@pytest.fixture
def connect(server):
    """Connections that are closed after the test."""
    where = urlsplit(server)
    with ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection((where.hostname, where.port), timeout=BUSY_SECONDS))


def received(connection):
    data = b""
    while part := connection.recv(65_536):
        data += part
    return data


def test_a_probe_is_answered_while_the_only_thread_waits_for_a_slow_request(server, connect):
    slow = connect()
    slow.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n")  # the rest does not come
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server}/v1/nothing", timeout=0.7)
    probe = connect()
    probe.sendall(PROBE)
    answer = received(probe)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b'{"status":"alive"}\n')
    slow.sendall(b"Connection: close\r\n\r\n")
    assert received(slow).startswith(b"HTTP/1.1 404 ")


def test_the_answer_has_the_headers_that_the_application_gives(server):
    quick, usual = httpx.get(f"{server}/health/live"), httpx.get(f"{server}/health/live", headers={"X-Request-ID": "mine"})
    assert usual.headers["X-Request-ID"] == "mine"
    assert quick.headers["X-Request-ID"] not in ("", "mine")
    varying = {"x-request-id", "date", "connection", "server"}
    assert {k: v for k, v in quick.headers.items() if k not in varying} == {k: v for k, v in usual.headers.items() if k not in varying}
    assert quick.content == usual.content


def test_probes_and_other_requests_follow_each_other_on_one_connection(server):
    with httpx.Client(base_url=server) as client:
        statuses = [client.get(path).status_code for path in ("/health/live", "/v1/nothing", "/health/live", "/health/live", "/v1/nothing")]
    assert statuses == [200, 404, 200, 200, 404]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (PROBE.replace(b"GET", b"DELETE"), b"405"),
        (PROBE.replace(b"/health/live", b"/health/live?x=1"), b"200"),
        (PROBE.replace(b"/health/live", b"/health/lives"), b"404"),
        (PROBE.replace(b"Accept: */*", b"Bad Header: x"), b"400"),
        (PROBE.replace(b"Accept: */*", b"Content-Length: 0"), b"200"),
    ],
)
def test_what_is_not_a_plain_probe_goes_the_usual_way(connect, sent, status):
    connection = connect()
    connection.sendall(sent)
    assert received(connection).split(b" ", 2)[1] == status


def test_a_probe_in_two_parts_is_answered(connect):
    connection = connect()
    connection.sendall(PROBE[:20])
    connection.sendall(PROBE[20:])
    assert b'{"status":"alive"}' in received(connection)


def test_connections_that_send_nothing_take_no_thread(server, connect):
    idle = [connect() for _ in range(20)]
    assert httpx.get(f"{server}/v1/nothing", timeout=BUSY_SECONDS).status_code == 404
    idle[7].sendall(PROBE)
    assert b"alive" in received(idle[7])
    idle[8].close()
    assert httpx.get(f"{server}/health/live", timeout=BUSY_SECONDS).status_code == 200


def test_a_server_that_is_to_end_waits_for_no_silent_connection(tmp_path):
    with ExitStack() as opened:
        with live_server(tmp_path, workers=1, threads=1) as url:
            where = urlsplit(url)
            for _ in range(3):
                opened.enter_context(socket.create_connection((where.hostname, where.port)))
            httpx.get(f"{url}/v1/nothing")
            ends = time.monotonic()
        assert time.monotonic() - ends < 10  # kept-alive connections are given 2 seconds, requests under way 30
