"""One load on one address by wrk, a load generator in C, and what its clients saw. Nothing is started here but wrk."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

SCRIPT = Path(__file__).parent / "drive.lua"
WORK = Path(__file__).parent.parent / ".work"
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is asked. paths: GET in turns, or what the body is POSTed to; body: a file."""

    paths: Sequence[str]
    headers: Mapping[str, str]
    connections: int
    seconds: int
    body: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the clients saw. rate: answers a second; *_ms: latencies; failures: connections refused or broken, time-outs, answers of 400 and above."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    failures: int


def drive(url: str, load: Load) -> Seen:
    """The load, to its end."""
    process = begin(url, load)
    return seen(process)


def begin(url: str, load: Load) -> subprocess.Popen[str]:
    """Start the load."""
    given = [part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")]
    shape = ["-t", str(min(2, load.connections)), "-c", str(load.connections), "-d", f"{load.seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
    asked = "\n".join(load.paths)
    paths = WORK / f"paths-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"  # too many for a command line
    paths.write_text(asked)
    arguments = [str(paths), *([str(load.body)] if load.body else [])]
    return subprocess.Popen(["wrk", *shape, *given, "-s", str(SCRIPT), url, "--", *arguments], stdout=subprocess.PIPE, text=True)


def seen(process: subprocess.Popen[str]) -> Seen:
    """What a load that was begun saw, once it has ended."""
    said, _ = process.communicate()
    return Seen(**json.loads(said.rpartition("SEEN ")[2]))


def available() -> bool:
    """Whether this machine has wrk."""
    return which("wrk") is not None
