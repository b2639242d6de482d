"""Probes as a load balancer sends them, at a steady pace on one connection; and beside them a process that answers nothing else: what this machine allows."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from drive import Seen
from servers import free_port

EVERY_SECONDS = 0.02
_PROBE = b"GET /health/live HTTP/1.1\r\nHost: probe\r\n\r\n"


def probe(url: str, seconds: float) -> Seen:
    """What the prober saw. A probe that comes late is not made up for."""
    where = urlsplit(url)
    took: list[float] = []
    failures = 0
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(EVERY_SECONDS)
            begun = time.perf_counter()
            connection.sendall(_PROBE)
            failures += b" 200 " not in connection.recv(65_536)[:20]
            took.append((time.perf_counter() - begun) * 1000)
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    return Seen(rate=len(took) / seconds, p50_ms=p50, p95_ms=p95, p99_ms=p99, failures=failures)


@contextmanager
def idle() -> Iterator[str]:
    """A process that answers probes and does nothing else; its URL."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "idle.py"), str(port)])
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the idle process did not start")
