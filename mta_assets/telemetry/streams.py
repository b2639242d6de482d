"""The four streams of the log, and what a line of them is: one JSON object with when, how grave, what, and the context that is bound. Where lines go: `sinks`.

Until a process has said where its lines go (`setup`), they go to Python's own logging: nothing of a library writes to a terminal unasked.
"""

import logging
import os
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, cast

import orjson
from structlog import DropEvent, make_filtering_bound_logger, wrap_logger
from structlog.typing import FilteringBoundLogger

from mta_assets.telemetry.context import current
from mta_assets.telemetry.scrub import scrubbed, without_secret_fields
from mta_assets.telemetry.sinks import Sink

LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "exception": logging.ERROR,
}
_ORJSON: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class Stream(StrEnum):
    """What a line is for, and so who reads it."""

    APPLICATION = "application"
    SECURITY = "security"
    PERFORMANCE = "performance"
    BUSINESS = "business"


@dataclass(slots=True)
class Outlet:
    """One stream's way out. sink: None leaves its lines to Python's logging; process: what kind of process this is; lost: lines that could not be written."""

    stream: Stream
    sink: Sink | None = None
    level: int = logging.INFO
    process: str = ""
    lost: int = 0

    def line(self, text: bytes) -> None:
        """Write a line. A disk that is full or a pipe that is closed ends no request and no run: what was lost is told by the next line that gets through."""
        if self.sink is None:
            return
        try:
            if self.lost:
                said = {"level": "warning", "stream": self.stream, "event": "lines of this log were lost", "lines": self.lost}
                self.sink.write(orjson.dumps({"time": _now()} | said) + b"\n")
                self.lost = 0
            self.sink.write(text)
        except OSError:
            self.lost += 1

    debug = info = warning = error = critical = exception = line


OUTLETS: Final[Mapping[Stream, Outlet]] = {stream: Outlet(stream) for stream in Stream}


def rendered(outlet: Outlet, method: str, event: MutableMapping[str, Any]) -> bytes:
    """The line of an event, without secrets. A structlog processor: raises DropEvent for what is below the stream's level or goes to Python's logging."""
    level = LEVELS[method]
    exc_info = event.pop("exc_info", None)
    if outlet.sink is None:
        _leave_to_python(outlet.stream, level, event, exc_info)
        raise DropEvent
    if level < outlet.level:
        raise DropEvent
    said = {
        "time": _now(),
        "level": "error" if method == "exception" else method,
        "stream": outlet.stream,
        "event": event.pop("event", ""),
        "process": outlet.process,
        "pid": os.getpid(),
    }
    fields = without_secret_fields({**current(), **event})
    if exc_info:
        fields["exception"] = _traceback(exc_info)
    line = orjson.dumps(said | fields, default=str, option=_ORJSON)
    return scrubbed(line.decode()).encode() + b"\n"


def _leave_to_python(stream: Stream, level: int, event: Mapping[str, Any], exc_info: object) -> None:
    fields = without_secret_fields({**current(), **event})
    text = " ".join([str(fields.pop("event", "")), *(f"{name}={value}" for name, value in fields.items())])
    logging.getLogger(f"mta.{stream}").log(level, "%s", scrubbed(text), exc_info=cast("Any", exc_info))


def _traceback(exc_info: object) -> str:
    if isinstance(exc_info, BaseException):
        error: BaseException | None = exc_info
    else:
        error = exc_info[1] if isinstance(exc_info, tuple) else sys.exception()
    return "".join(traceback.format_exception(error)) if error is not None else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _logger(stream: Stream) -> FilteringBoundLogger:
    wrapper = make_filtering_bound_logger(logging.NOTSET)
    made = wrap_logger(OUTLETS[stream], processors=[rendered], wrapper_class=wrapper, context_class=dict)
    return cast("FilteringBoundLogger", made.bind())


# What parts do and what is wrong with them: for whoever runs the system.
application: Final = _logger(Stream.APPLICATION)
# Who was not let in, and who changed who may: for whoever guards it.
security: Final = _logger(Stream.SECURITY)
# How long things took.
performance: Final = _logger(Stream.PERFORMANCE)
# What happened to the data: files, rows, days, credit, analyses.
business: Final = _logger(Stream.BUSINESS)
