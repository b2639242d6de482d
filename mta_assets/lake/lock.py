"""Who waits for whom among the processes of one machine: one writer at a time, steps against erasures, the sweeper until nobody writes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Lock:
    """A lock on a file that the system lets go of when its process dies, however it dies. Within one process it may be taken again.

    path: the file, or None for an object store, which has none: there, Dagster's pools keep steps apart.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._held: IO[str] | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the lock and hold it. Raises OSError when the file cannot be written."""
        if self._path is None or self._held is not None:
            yield
            return
        with self._path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._held = file
            try:
                yield
            finally:
                self._held = None

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait until nobody has taken the lock, and keep it from being taken; any number may do so at a time. Whoever has taken it passes."""
        if self._path is None or self._held is not None:
            yield
            return
        with self._path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield


@contextmanager
def shared(path: Path | None) -> Iterator[None]:
    """Hold the file together with others who do; whoever wants it alone waits. Nothing where there is no file (an object store)."""
    with _held(path, fcntl.LOCK_SH):
        yield


@contextmanager
def sole(path: Path | None) -> Iterator[None]:
    """Wait until nobody holds the file, and hold it alone."""
    with _held(path, fcntl.LOCK_EX):
        yield


@contextmanager
def _held(path: Path | None, how: int) -> Iterator[None]:
    if path is None:
        yield
        return
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield
