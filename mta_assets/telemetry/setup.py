"""Says, once per process, where its lines go: our streams and, through the application stream, whatever libraries say to Python's logging."""

import logging
from pathlib import Path
from typing import Final

from mta_assets.settings import LogSettings
from mta_assets.telemetry.sinks import RotatedFile, Sink, Standard
from mta_assets.telemetry.streams import LEVELS, OUTLETS, Stream, application

# Libraries below this are chatter; our own modules are heard from the level of the settings.
_LIBRARIES: Final = logging.WARNING
_OURS: Final = ("api", "mta_assets")


class Bridge(logging.Handler):
    """Takes what was said to Python's logging into the application stream."""

    def emit(self, record: logging.LogRecord) -> None:
        """One record as one line."""
        method = next(
            name for name in ("critical", "error", "warning", "info", "debug") if record.levelno >= LEVELS[name] or name == "debug"
        )
        try:
            getattr(application, method)(record.getMessage(), logger=record.name, exc_info=record.exc_info or None)
        except Exception:  # noqa: BLE001  as every handler of the standard library: a record that cannot be worded ends nothing
            self.handleError(record)


def write_logs(settings: LogSettings, process: str) -> None:
    """Have this process write its lines where the settings say. process: what it is, in every line.

    A process that is spoken to over its standard output (a command) writes none there: without a folder its lines are left to Python's logging.
    """
    for stream, outlet in OUTLETS.items():
        outlet.sink = _sink(settings, stream, process)
        outlet.level, outlet.process = LEVELS[settings.level], process
    _hear_libraries(settings, bridged=OUTLETS[Stream.APPLICATION].sink is not None)


def writes_logs() -> bool:
    """Whether this process has said where its lines go."""
    return bool(OUTLETS[Stream.APPLICATION].process)


def _sink(settings: LogSettings, stream: Stream, process: str) -> Sink | None:
    if settings.folder:
        path = Path(settings.folder).absolute() / f"{stream}.log"
        return RotatedFile(path, most_bytes=settings.file_mb * 1_000_000, keep=settings.files)
    return None if process == COMMAND else Standard()


def _hear_libraries(settings: LogSettings, *, bridged: bool) -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Bridge)]:
        root.removeHandler(handler)
    if bridged:
        root.addHandler(Bridge())
        root.setLevel(max(_LIBRARIES, LEVELS[settings.level]))
        for name in _OURS:
            logging.getLogger(name).setLevel(LEVELS[settings.level])


COMMAND: Final = "command"
