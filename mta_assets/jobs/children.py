"""Processes that read what clients send, kept warm: started when they are needed, ended when a task breaks its limits. What they do is in `tasks`."""

import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Final, cast

import orjson

from mta_assets import errors
from mta_assets.errors import MtaError, OverloadedError, TooLargeError
from mta_assets.telemetry.context import current

log = logging.getLogger(__name__)

START_SECONDS: Final = 60
WAIT_SECONDS: Final = 30
END_SECONDS: Final = 5
# A child that once took so much memory, or has done so many tasks, is replaced: what it took it does not give back.
_REPLACED_AT_MB, _REPLACED_AFTER = 600, 500
# All that a child gets of the environment: of our settings those of the log, hence no secret.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TZDIR", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
_OF_THE_LOG: Final = "MTA_LOG_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """What one task may take. most: children at a time; data_mb: memory beyond that of an idle child."""

    most: int = 2
    data_mb: int = 3_000
    seconds: int = 60


class Children:
    """The children of one process. Safe to share among threads."""

    def __init__(self, limits: ChildLimits) -> None:
        self._limits = limits
        self._places = threading.BoundedSemaphore(limits.most)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def run(self, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the task comes to, in a child. given: as JSON takes it.

        Raises the MtaError that the task ended in, TooLargeError when it broke its limits, and OverloadedError when no child was free in time.
        """
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise OverloadedError("Every process that reads files is busy. Send it again in a while, or with mode=job.")
        try:
            child = self._free()
            answer = child.answer({"task": task, "given": given, "context": _said(current())}, self._limits.seconds)
            self._put_back(child, answer)
        finally:
            self._places.release()
        if "refused" in answer:
            raise _error(**answer["refused"])
        return cast("dict[str, Any]", answer["done"])

    def warm(self) -> None:
        """Have a child ready, in the background."""
        threading.Thread(target=self._warm, name="warm a child", daemon=True).start()

    def close(self) -> None:
        """End those that have nothing to do."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _warm(self) -> None:
        child = self._free()
        with self._lock:
            self._idle.append(child)

    def _free(self) -> "_Child":
        with self._lock:
            child = self._idle.pop() if self._idle else None
        if child is not None and child.lives:
            return child
        if child is not None:
            child.end()
        return _Child(self._limits)

    def _put_back(self, child: "_Child", answer: Mapping[str, Any]) -> None:
        if answer["peak_mb"] > _REPLACED_AT_MB or child.tasks >= _REPLACED_AFTER or "spent" in answer:
            child.end()
            return
        with self._lock:
            self._idle.append(child)


class _Child:
    """One child process, used by one thread at a time."""

    def __init__(self, limits: ChildLimits) -> None:
        given = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith(_OF_THE_LOG)}
        environment = given | {"POLARS_MAX_THREADS": "2"}
        self.tasks = 0
        self._process = subprocess.Popen(
            (sys.executable, "-m", "mta_assets.jobs.child"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._ask({"data_mb": limits.data_mb, "seconds": limits.seconds}, START_SECONDS)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def answer(self, asked: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        self.tasks += 1
        return self._ask(asked, seconds)

    def end(self) -> None:
        """It has nothing to lose."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, asked: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        try:
            self._stdin.write(orjson.dumps(asked) + b"\n")
            self._stdin.flush()
            line = self._line(time.monotonic() + seconds)
        except BrokenPipeError:
            line = b""
        except TimeoutError:
            self.end()
            raise TooLargeError(
                f"Reading it takes longer than {seconds} s, which is what one request may take. A job may: mode=job of POST /v1/attribution/analyze."
            ) from None
        if line:
            return cast("dict[str, Any]", orjson.loads(line))
        with suppress(subprocess.TimeoutExpired):  # it has let go of its answers, and may have its last line to write
            self._process.wait(END_SECONDS)
        self.end()
        log.warning("a child that read an upload ended with %s", self._process.returncode)
        if self._process.returncode and self._process.returncode > 0:  # an exception that is not the file's fault; the child has logged it
            raise RuntimeError("a child that read an upload failed")
        raise TooLargeError("Reading it takes more memory than one request may have.")

    def _line(self, deadline: float) -> bytes:
        """The next line that the child writes; none when it ends. Raises TimeoutError."""
        parts: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while not (parts and parts[-1].endswith(b"\n")):
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    raise TimeoutError
                part = os.read(self._stdout.fileno(), 1 << 16)
                if not part:
                    return b""
                parts.append(part)
        return b"".join(parts)

    @property
    def _stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    @property
    def _stdout(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)


def _said(context: Mapping[str, object]) -> dict[str, str]:
    """What the lines of a child carry of the request or run that it works for."""
    return {name: str(value) for name, value in context.items()}


def _error(type: str, message: str, field: str | None) -> MtaError:  # noqa: A002  the child's word
    kind = getattr(errors, type)
    return kind(message, field) if field is not None else kind(message)  # type: ignore[no-any-return]
