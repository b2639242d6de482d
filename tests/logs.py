"""Logs of a test's own, read back line by line."""

import logging

import orjson
import pytest

from mta_assets.settings import LogSettings
from mta_assets.telemetry.setup import Bridge, write_logs
from mta_assets.telemetry.streams import OUTLETS


@pytest.fixture
def logs(tmp_path):
    """Has the process write into a folder; call it for the lines of a stream so far."""
    folder = tmp_path / "logs"
    with logging_as_it_was():
        write_logs(LogSettings(folder=str(folder)), "test")
        yield lambda stream: read_log(folder, stream)


def read_log(folder, stream):
    """The lines of a stream in a folder of logs; none when nothing was said."""
    path = folder / f"{stream}.log"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class logging_as_it_was:  # noqa: N801  used as a word
    """Puts back where lines go, for the tests that follow in the same process."""

    def __enter__(self):
        self.outlets = {stream: (outlet.sink, outlet.level, outlet.process) for stream, outlet in OUTLETS.items()}
        self.levels = {name: logging.getLogger(name).level for name in ("", "api", "mta_assets")}

    def __exit__(self, *error):
        for stream, kept in self.outlets.items():
            OUTLETS[stream].sink, OUTLETS[stream].level, OUTLETS[stream].process = kept
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        root = logging.getLogger()
        root.handlers = [handler for handler in root.handlers if not isinstance(handler, Bridge)]
