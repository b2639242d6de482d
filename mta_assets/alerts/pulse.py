"""The pulse of the watch: a file of this machine that it touches at every look, for health checks, since the state store may be what is away."""

import logging
import tempfile
import time
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)
# A look may wait for each part, and for the answers of targets.
SILENT_SECONDS: Final = 180.0


def beat() -> None:
    """The watch of this machine looks. A disk that takes no file ends no watch."""
    try:
        _file().touch()
    except OSError as error:
        log.warning("the pulse of the watch cannot be noted: %s", error)


def fault() -> str | None:
    """What is wrong with the watch of this machine; None while it looks."""
    try:
        silent = time.time() - _file().stat().st_mtime
    except FileNotFoundError:
        return "No watch has looked on this machine."
    return None if silent <= SILENT_SECONDS else f"The watch last looked {silent:.0f} seconds ago."


def _file() -> Path:
    return Path(tempfile.gettempdir()) / "mta-alerts-watch"
