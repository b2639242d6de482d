"""What is measured of other parts for Prometheus, kept for some seconds: by one process for all, so that no figure goes back from scrape to scrape."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from api.metrics import FOLDER


@dataclass(slots=True)
class Measured:
    """Texts by name, each for so many seconds. Workers share them in the folder of their counts; a server of one process keeps them in memory."""

    seconds: float
    _kept: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def text(self, name: str, measure: Callable[[], bytes]) -> bytes:
        """The text, measured unless it was within these seconds. Scrapes that come at once to one process measure once."""
        with self._alone:
            kept = self._read(name)
            if kept is None:
                kept = measure()
                self._write(name, kept)
            return kept

    def _read(self, name: str) -> bytes | None:
        if (file := _file(name)) is None:
            at, text = self._kept.get(name, (0.0, b""))
        else:
            try:
                at, text = file.stat().st_mtime, file.read_bytes()
            except FileNotFoundError:
                return None
        return text if 0 <= time.time() - at < self.seconds else None

    def _write(self, name: str, text: bytes) -> None:
        """A folder that takes no file keeps nothing: the next scrape measures again."""
        if (file := _file(name)) is None:
            self._kept[name] = (time.time(), text)
            return
        with suppress(OSError):
            draft = file.with_suffix(f".{os.getpid()}")
            draft.write_bytes(text)
            draft.replace(file)


def _file(name: str) -> Path | None:
    folder = os.environ.get(FOLDER)
    return Path(folder) / f"{name}.prom" if folder else None
