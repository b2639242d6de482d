"""What only a real server shows of bodies: limits while they come, without an announced length, broken off, too slow."""

import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from api.bodies import WINDOW_SECONDS
from tests.api.live import live_server
from tests.api.sending import EVENTS, VALIDATE

KEY = {"X-API-Key": "dev-api-key"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("uploads"), workers=1, threads=4, max_upload_mb=2) as url:
        yield url


def raw(url, *sent, half_close=False):
    """The answer to these bytes, sent one after the other."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        for part in sent:
            connection.sendall(part)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < length_of(received):
            part = connection.recv(65536)
            if not part:
                break
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def length_of(received):
    head = received.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length:")[2].split()[0])


def head(*fields):
    return (
        f"POST {VALIDATE} HTTP/1.1\r\nHost: x\r\nX-API-Key: dev-api-key\r\n".encode()
        + b"".join(each + b"\r\n" for each in fields)
        + b"\r\n"
    )


def blocks(megabytes):
    for _ in range(megabytes):
        yield b"user,channel\n" * 80_000


def test_a_body_that_announces_too_much_is_refused_in_our_shape(server):
    response = httpx.post(f"{server}{VALIDATE}", content=b"".join(blocks(8)), headers=KEY, timeout=60)
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")
    assert "bytes, which is what this route takes" in response.json()["message"]


def test_a_body_without_an_announced_length_is_held_to_the_limit_while_it_comes(server):
    response = httpx.post(f"{server}{VALIDATE}", content=blocks(8), headers=KEY, timeout=60)
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")
    within = httpx.post(f"{server}{VALIDATE}", content=iter([EVENTS[:50].encode(), EVENTS[50:].encode()]), headers=KEY, timeout=120)
    assert within.json()["rows"]["read"] == 4


@pytest.mark.parametrize(
    "sent",
    [
        head(b"Content-Length: 1000") + b"user_id,ts",
        head(b"Transfer-Encoding: chunked") + b"5\r\nuser_\r\n",
        head(b"Transfer-Encoding: chunked") + b"nonsense\r\n",
        head(b"Content-Length: 1000", b"Content-Type: multipart/form-data; boundary=x") + b"--x\r\nContent-Disp",
    ],
    ids=["length", "chunked", "no chunk", "form"],
)
def test_a_body_that_breaks_off_is_told_to(server, sent):
    status, problem = raw(server, sent, half_close=True)
    assert (status, problem["error"]) == (400, "bad_request")


def test_a_body_that_comes_too_slowly_is_ended(server):
    begun = time.monotonic()
    status, problem = raw(server, head(b"Content-Length: 1000") + b"user_id,ts")
    assert (status, problem["error"]) == (408, "request_timeout")
    assert WINDOW_SECONDS - 1 < time.monotonic() - begun < WINDOW_SECONDS + 20


def test_a_json_body_over_its_routes_limit_is_refused(server):
    body = b'{"owner": "' + b"x" * 1_500_000 + b'"}'
    response = httpx.post(f"{server}/v1/keys", content=body, headers=KEY | {"Content-Type": "application/json"}, timeout=60)
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")


def test_after_all_that_the_server_reads_files(server):
    response = httpx.post(f"{server}{VALIDATE}", content=EVENTS, headers=KEY, timeout=120)
    assert response.json()["verdict"] == "usable_with_rejected_rows"
