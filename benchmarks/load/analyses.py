"""Files and journeys that clients send, timed: 1,000 journeys in JSON, and 100 MB of CSV from the first byte to all models, beside `mta attribute`."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import data
import httpx
import numpy as np
from drive import Load, Seen, drive
from servers import Running, Servers

JOURNEYS, CHANNELS = 1_000, ("paid search", "display", "email", "direct", "paid social", "referral")
PATIENCE_SECONDS = 600


def calculate(server: Running, folder: Path, key: Mapping[str, str], seconds: int) -> Seen:
    """1,000 journeys of one to eight touches, one client after the other."""
    body = folder / "journeys.json"
    body.write_text(json.dumps({"journeys": list(_journeys())}))
    headers = {**key, "Content-Type": "application/json"}
    answer = httpx.post(f"{server.url}/v1/attribution/calculate", content=body.read_bytes(), headers=headers, timeout=60)
    answer.raise_for_status()
    return drive(server.url, Load(paths=["/v1/attribution/calculate"], headers=headers, connections=1, seconds=seconds, body=body))


def file(servers: Servers, key: Mapping[str, str]) -> dict[str, float]:
    """Wall seconds of the command, of the API at once and of the API as a job, and the API's memory above idle while the job's file came in."""
    files = [data.csv() / "touchpoints.csv", data.csv() / "conversions.csv"]
    # What is usually a job is sent at once as well, which takes longer than one request may usually take.
    large = {"MTA_API_MAX_UPLOAD_MB": "200", "MTA_API_INLINE_MB": "500", "MTA_API_ANALYSIS_SECONDS": "600"}
    found = {"megabytes": sum(path.stat().st_size for path in files) / 1e6, "command_s": _command(servers, files)}
    with servers.ours(settings=large) as ours:
        found["inline_s"] = _sent(ours, files, key, "inline")[0]
    with ExitStack() as running:
        ours = running.enter_context(servers.ours(settings=large))
        running.enter_context(servers.daemon())
        _wait_for_daemon(ours)
        _wait(
            ours, _sent(ours, [_small(servers.folder), files[1]], key, "job")[1]["id"], key
        )  # the first run after the daemon's start is not the one that is timed
        idle = ours.memory_mb()
        with _highest(ours) as highest:
            begun = time.monotonic()
            found["upload_s"], job = _sent(ours, files, key, "job")
        found["upload_mb_above_idle"] = highest[0] - idle
        _wait(ours, job["id"], key)
        found["job_s"] = time.monotonic() - begun
    return found


def _journeys() -> Iterator[dict[str, object]]:
    draw = np.random.default_rng(7)
    for number in range(JOURNEYS):
        touches = [
            {"channel": CHANNELS[draw.integers(len(CHANNELS))], "ts": f"2026-01-{day:02}T{draw.integers(24):02}:00:00Z"}
            for day in sorted(draw.integers(1, 28, draw.integers(1, 9)).tolist())
        ]
        converted = {"ts": "2026-01-28T23:30:00Z", "value": f"{draw.integers(10, 200)}.00", "currency": "USD"}
        yield {"touchpoints": touches, "conversion": converted if number % 3 else None}


def _command(servers: Servers, files: list[Path]) -> float:
    """`mta attribute` as a person waits for it, its start included."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "mta_assets.cli", "attribute", *map(str, files), "--out", str(servers.folder / "credit.parquet")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=servers.folder)
    return time.monotonic() - begun


def _sent(server: Running, files: list[Path], key: Mapping[str, str], mode: str) -> tuple[float, dict[str, str]]:
    """Seconds until the answer is there, and the answer."""
    with ExitStack() as opened:
        parts = {
            name: (path.name, opened.enter_context(path.open("rb"))) for name, path in zip(("file", "conversions"), files, strict=True)
        }
        begun = time.monotonic()
        answer = httpx.post(
            f"{server.url}/v1/attribution/analyze", files=parts, data={"mode": mode}, headers=dict(key), timeout=PATIENCE_SECONDS
        )
    answer.raise_for_status()
    return time.monotonic() - begun, answer.json()


def _small(folder: Path) -> Path:
    """The first rows of the touchpoints."""
    with (data.csv() / "touchpoints.csv").open("rb") as whole:
        (folder / "few.csv").write_bytes(b"".join(islice(whole, 1_000)))
    return folder / "few.csv"


def _wait_for_daemon(server: Running) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while httpx.get(f"{server.url}/health/ready").json()["components"]["daemon"]["status"] != "up":
        if time.monotonic() > deadline:
            raise RuntimeError("the daemon did not start in time")
        time.sleep(0.5)


def _wait(server: Running, job_id: str, key: Mapping[str, str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        job = httpx.get(f"{server.url}/v1/jobs/{job_id}", headers=dict(key)).json()
        if job["state"] == "succeeded":
            return
        if job["state"] in {"failed", "cancelled"}:
            raise RuntimeError(f"the job ended as {job['state']}: {job['reason']}")
        time.sleep(0.25)
    raise RuntimeError("the job did not end in time")


@contextmanager
def _highest(server: Running) -> Iterator[list[float]]:
    """The highest memory of the server meanwhile, in MB, in a list of one."""
    highest, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            highest[0] = max(highest[0], server.memory_mb())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield highest
    finally:
        done.set()
        watcher.join()
