"""How long a client may take to send the head of a request: a thread waits for it, and there are few. Bodies are held to a pace by `bodies`."""

import time
from typing import Any, Final

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

HEAD_SECONDS: Final = 10.0


class SlowHeadError(Exception):
    """The head of a request did not come in time."""


class PatientUnreader(SocketUnreader):  # type: ignore[misc]  # gunicorn is not typed
    """Reads from a socket, heads within their time."""

    _until: float | None = None

    def await_head(self) -> None:
        """A head is awaited from now on."""
        self._until = time.monotonic() + HEAD_SECONDS

    def head_has_come(self) -> None:
        """What follows may take its time."""
        self._until = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What has come; empty at the end. Raises SlowHeadError."""
        if self._until is None:
            rest: bytes = super().chunk(size_hint)
            return rest
        left = self._until - time.monotonic()
        if left <= 0:
            raise SlowHeadError
        self.sock.settimeout(left)
        try:
            came: bytes = super().chunk(size_hint)
        except TimeoutError:
            raise SlowHeadError from None
        finally:
            self.sock.settimeout(None)
        return came


class PatientConnection(TConn):  # type: ignore[misc]
    """A connection whose heads are read with bounded patience."""

    def init(self) -> None:
        """As gunicorn calls it in a thread, before the first request and before each that follows."""
        first = not self.initialized
        super().init()
        if first:
            self.parser.unreader = PatientUnreader(self.sock)
        self.parser.unreader.await_head()


def head_has_come(conn: Any) -> None:  # noqa: ANN401  gunicorn's own
    """The head of this connection's request is there."""
    conn.parser.unreader.head_has_come()
