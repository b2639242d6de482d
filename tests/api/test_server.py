"""What only a real server shows: its own errors, a graceful end, a wrong setting."""

import json
import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.live import live_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with live_server(tmp_path_factory.mktemp("api"), workers=1, threads=4) as url:
        yield url


def raw(url, sent):
    """What the server answers to these bytes."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode(), body


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: b\r\n\r\n", 400, "bad_request"),
    ],
)
def test_what_the_server_itself_refuses_has_the_one_shape(server, sent, status, code):
    head, body = raw(server, sent)
    assert head.startswith(f"HTTP/1.1 {status} ")
    problem = json.loads(body)
    assert problem["error"] == code
    assert problem["request_id"] in head


def test_a_key_of_development_reads_results(server):
    response = httpx.get(f"{server}/v1/attribution/methods", headers={"X-API-Key": "dev-api-key"})
    assert response.status_code == 200
    assert {method["name"] for method in response.json()["data"]} > {"linear", "markov_1", "shapley"}


def test_production_refuses_the_key_of_development(tmp_path):
    with live_server(tmp_path, mode="production", workers=1) as url:
        response = httpx.get(f"{url}/v1/attribution/methods", headers={"X-API-Key": "dev-api-key"})
    assert response.status_code == 401
    assert response.json()["error"] == "unauthenticated"


def test_production_does_not_start_without_a_pepper(tmp_path):
    env = os.environ | {"MTA_API_MODE": "production", "MTA_STATE_URL": f"sqlite:///{tmp_path}/state.db", "MTA_LAKE": str(tmp_path / "lake")}
    done = subprocess.run([sys.executable, "-m", "api"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "MTA_API_PEPPER is not set" in done.stderr
    assert "Traceback" not in done.stderr
