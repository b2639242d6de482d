"""Where lines end up: standard output, or a file that is rotated while several processes write to it. What a line says is `streams`'."""

import fcntl
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TextIO

_MODE = 0o640


class Sink(Protocol):
    """Takes whole lines, each with its end."""

    def write(self, line: bytes) -> None:
        """Write one line. Raises OSError."""


class Standard:
    """Standard output as it is at the moment of writing, or another stream: Dagster puts a file in its place while a step runs."""

    def __init__(self, name: str = "stdout") -> None:
        self._name = name
        self._lock = threading.Lock()

    def write(self, line: bytes) -> None:
        """Write one line at once."""
        stream: TextIO = getattr(sys, self._name)
        with self._lock:
            stream.write(line.decode())
            stream.flush()


class RotatedFile:
    """A file of about so many bytes, and those before it as `.1`, `.2` and so on, the newest first.

    Any number of processes may write to it: a line is one write to a file opened for appending, so that lines do not mix, and one process at a time renames
    files under a lock; the others see that the file at the path is another one and open that. No line waits for a lock of another process.
    """

    def __init__(self, path: Path, *, most_bytes: int, keep: int) -> None:
        self._path, self._most_bytes, self._keep = path, most_bytes, keep
        self._file: int | None = None
        self._lock = threading.Lock()

    def write(self, line: bytes) -> None:
        """Append one line, rotating first when the file is full."""
        with self._lock:
            file = self._current()
            if os.fstat(file).st_size >= self._most_bytes:
                self._rotate()
                file = self._current()
            os.write(file, line)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def _current(self) -> int:
        """The file at the path, opened when it is not the one that is open."""
        if self._file is not None and self._is_at_path(self._file):
            return self._file
        self._close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        return self._file

    def _is_at_path(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _rotate(self) -> None:
        """Move every file on by one, unless another process has just done so."""
        with self._alone():
            if self._file is None or not self._is_at_path(self._file):
                return
            for number in range(self._keep - 1, 0, -1):
                with suppress(FileNotFoundError):
                    self._numbered(number).replace(self._numbered(number + 1))
            self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
