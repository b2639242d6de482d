"""`python -m mta_assets.jobs.child`: a process that reads what clients send, one task after the other, within a limit of memory. `children` keeps it.

A line of JSON in, a line of JSON out. It knows no secret and no database; a file that makes it run out of memory ends it and nothing else.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from mta_assets.errors import MtaError, TooLargeError
from mta_assets.jobs.tasks import TASKS
from mta_assets.jobs.wording import for_clients
from mta_assets.settings import LogSettings
from mta_assets.telemetry.context import bound
from mta_assets.telemetry.setup import write_logs
from mta_assets.telemetry.streams import application

FAILED = 1  # exit code

# A task that its keeper no longer waits for ends by itself this much later.
_LATER_SECONDS = 10


def main() -> None:
    """Work off tasks until there are no more. The first line says the limits: data_mb beyond what is taken before any task, seconds."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # our lines, and whatever a library prints, go where the keeper's errors go
    write_logs(LogSettings(), "child")
    limits = orjson.loads(sys.stdin.buffer.readline())
    _confine(limits["data_mb"])
    _answer(answers, {"ready": True})
    for line in sys.stdin.buffer:
        signal.alarm(limits["seconds"] + _LATER_SECONDS)
        asked = orjson.loads(line)
        with bound(**asked["context"]):
            _answer(answers, _done(asked["task"], asked["given"]) | {"peak_mb": _peak_mb()})
        signal.alarm(0)


def _done(task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"done": TASKS[task](given)}
    except (MtaError, MemoryError) as error:
        if any(isinstance(cause, MemoryError) for cause in _causes(error)):
            return {"spent": True, "refused": _refused(TooLargeError("Reading it takes more memory than one request may have."))}
        return {"refused": _refused(error)}
    except Exception as error:  # noqa: BLE001  a fault of ours ends the process; its words may be the file's, so that its place alone is told
        application.error("a task of a child failed", task=task, error=type(error).__name__, at=_places(error))
        raise SystemExit(FAILED) from None


def _places(error: BaseException) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def _refused(error: BaseException) -> dict[str, Any]:
    return {"type": type(error).__name__, "message": for_clients(str(error)), "field": getattr(error, "field", None)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _confine(data_mb: int) -> None:
    """Let this process have so much more memory of its own, and write no core file. Where the system counts no data (macOS) only the time is limited."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        limit = _own_bytes(b"VmData:") + data_mb * 1_000_000
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _own_bytes(what: bytes) -> int:
    """A line of what Linux says of this process. Its peak by `getrusage` may be that of the process it was forked from."""
    with Path("/proc/self/status").open("rb") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))


def _peak_mb() -> int:
    peak = _own_bytes(b"VmHWM:") if sys.platform == "linux" else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20)


def _answer(answers: IO[bytes], answer: Mapping[str, Any]) -> None:
    answers.write(orjson.dumps(answer) + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
