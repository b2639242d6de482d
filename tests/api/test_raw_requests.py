"""The real server, asked by bytes that no client library would send: it answers in the one shape or closes, and goes on serving."""

import json
import re
import socket
import time
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from api.patience import HEAD_SECONDS
from tests.api.live import live_server
from tests.api.raw_requests import ALL, SMUGGLED
from tests.api.test_hostile_requests import INSIDE, LIMITS

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("api"), workers=1, threads=8, **LIMITS) as url:
        yield url


def connection_to(url):
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port), timeout=20)


def answer_to(url, sent):
    """All that the server says to these bytes and then the end of what is sent."""
    received = b""
    with connection_to(url) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                received += part
        except OSError:  # it had heard enough
            pass
    return received


def wrong_with(received):
    """What is wrong with an answer; None when nothing is. No answer at all is an answer to what is not HTTP."""
    status = STATUS.match(received)
    if received and status is None:
        return f"not HTTP: {received[:200]!r}"
    top, _, rest = received.partition(b"\r\n\r\n")
    length = re.search(rb"^Content-Length: (\d+)", top, re.MULTILINE)
    body = rest[: int(length[1])] if length else rest
    if status and int(status[1]) >= 400 and body and set(json.loads(body)) < {"error", "message", "details", "request_id", "timestamp"}:
        return f"another shape: {body!r}"
    if status and int(status[1]) >= 500:
        return f"a fault of ours: {received[:500]!r}"
    if found := INSIDE.search(received.decode("latin-1")):
        return f"tells {found[0]!r}"
    return f"a header was injected: {top!r}" if re.search(rb"^(X-Injected|Set-Cookie)", top, re.IGNORECASE | re.MULTILINE) else None


def test_hundreds_of_requests_by_bytes_bring_no_fault_and_the_server_goes_on(server):
    assert len(ALL) >= 500
    faults = [f"{sent[:300]!r}: {wrong}" for sent in ALL if (wrong := wrong_with(answer_to(server, sent)))]
    assert faults == []
    assert httpx.get(f"{server}/health/live").json() == {"status": "alive"}


@pytest.mark.parametrize("sent", SMUGGLED, ids=range(len(SMUGGLED)))
def test_a_request_that_hides_in_another_is_never_answered_as_one(server, sent):
    statuses = STATUS.findall(answer_to(server, sent))  # none where it closed the connection on what was still being sent
    assert set(statuses[:1]) <= {b"400", b"405"}
    assert set(statuses[1:]) <= {b"400"}  # never 404, with which the hidden one would be answered


def test_connections_that_say_nothing_take_nobodys_place(server):
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connection_to(server))
        started = time.monotonic()
        assert httpx.get(f"{server}/v1/nothing", timeout=20).status_code == 404
        assert time.monotonic() - started < 4  # a thread that waited for one of them would wait five seconds


def test_a_head_that_never_ends_is_given_up_and_told(server):
    with ExitStack() as stack:
        slow = [stack.enter_context(connection_to(server)) for _ in range(8)]
        for each in slow:
            each.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost: ")
        assert httpx.get(f"{server}/v1/nothing", timeout=20).status_code == 404  # once a thread is free again
        for each in slow:
            received = each.recv(65_536)
            assert received.startswith(b"HTTP/1.1 408 ")
            assert json.loads(received.partition(b"\r\n\r\n")[2])["error"] == "request_timeout"


def test_a_head_that_comes_byte_by_byte_is_given_up_too(server):
    with connection_to(server) as slow:
        slow.sendall(b"GET /v1/nothing HTTP/1.1\r\nX: ")
        started, received = time.monotonic(), b""
        slow.settimeout(0.2)
        while not received:
            slow.sendall(b"a")
            with suppress(TimeoutError):
                received = slow.recv(65_536)
            assert time.monotonic() - started < HEAD_SECONDS + 15
        assert received.startswith(b"HTTP/1.1 408 ")


def test_a_request_in_two_pieces_is_answered(server):
    with connection_to(server) as patient:
        patient.sendall(b"GET /health/live HTTP/1.1\r\n")
        time.sleep(1.5)
        patient.sendall(b"Host: x\r\nConnection: close\r\n\r\n")
        assert patient.recv(65_536).startswith(b"HTTP/1.1 200 ")
