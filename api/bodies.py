"""The bodies of requests on their way in: one that comes too slowly, breaks off or is too large ends its request only. Nothing is made of them here."""

import io
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, request
from gunicorn.http.errors import ParseException

from api.problems import Problem
from api.routing import Access

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# In every window so many bytes must come, or all that is left.
WINDOW_SECONDS: Final = 10.0
WINDOW_BYTES: Final = 100_000
_STEP_BYTES: Final = 1 << 16
# A client that sends its whole body before it listens gets to hear that it is too large.
_DRAINED_SECONDS: Final = 5.0
_DRAINED_BYTES: Final = 256_000_000


class Watch:
    """The bodies that are being read in this process; ends the reading of those that come too slowly."""

    def __init__(self) -> None:
        self._watched: set[Body] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, body: "Body") -> None:
        """Watch it."""
        with self._lock:
            self._watched.add(body)
            if self._thread is None or not self._thread.is_alive():  # it did not come along into a fork
                self._thread = threading.Thread(target=self._run, name="watch bodies", daemon=True)
                self._thread.start()

    def discard(self, body: "Body") -> None:
        """Watch it no more."""
        with self._lock:
            self._watched.discard(body)

    def _run(self) -> None:
        while True:
            time.sleep(1)
            with self._lock:
                watched = list(self._watched)
            for body in watched:
                body.check(time.monotonic())


class Body(io.RawIOBase):
    """The input of one request, read in small steps. length: what its header announces, None when it is chunked; connection: None in tests."""

    def __init__(self, source: Any, length: int | None, connection: socket.socket | None, watch: Watch) -> None:  # noqa: ANN401  as the server gives it
        self._source, self._length, self._connection, self._watch = source, length, connection, watch
        self._received = self._received_before = 0
        self._window_ends: float | None = None
        self._too_slow = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` from the next bytes; 0 at the end. Raises Problem when they come too slowly or break off."""
        if self._window_ends is None and self._connection is not None:
            self._window_ends = time.monotonic() + WINDOW_SECONDS
            self._watch.add(self)
        target = memoryview(buffer)
        asked = min(len(target), _STEP_BYTES)
        data = self._read(asked)
        target[: len(data)] = data
        self._received += len(data)
        if len(data) < asked and self._length is not None and self._received < self._length:
            raise Problem(code="bad_request", message=f"The body breaks off after {self._received:,} of {self._length:,} bytes.")
        return len(data)

    def check(self, now: float) -> None:
        """Let go of the connection's input when the window is over and too little has come."""
        if self._window_ends is None or now < self._window_ends or self._connection is None:
            return
        if self._received - self._received_before < WINDOW_BYTES:
            self._too_slow = True
            with suppress(OSError):  # the client may have gone
                self._connection.shutdown(socket.SHUT_RD)
        self._received_before, self._window_ends = self._received, now + WINDOW_SECONDS

    def drain(self) -> None:
        """Read on for a while without keeping anything."""
        until, most = time.monotonic() + _DRAINED_SECONDS, self._received + _DRAINED_BYTES
        with suppress(Problem):  # it has its answer
            while time.monotonic() < until and self._received < most and self.read(_STEP_BYTES):
                pass

    def done(self) -> None:
        """Nobody reads it any more."""
        self._watch.discard(self)

    def _read(self, size: int) -> bytes:
        try:
            data: bytes = self._source.read(size)
        except (OSError, ParseException) as error:
            raise self._broken() from error
        if self._too_slow:
            raise self._broken()
        return data

    def _broken(self) -> Problem:
        if self._too_slow:
            slow = f"The body came too slowly: fewer than {WINDOW_BYTES:,} bytes in {WINDOW_SECONDS:.0f} s."
            return Problem(code="request_timeout", message=slow)
        return Problem(code="bad_request", message=f"The body breaks off after {self._received:,} bytes.")


class _Watched:
    """WSGI: every request's input becomes a Body."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application, self._watch = application, Watch()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        announced = int(length) if length.isascii() and length.isdigit() else None
        body = Body(environ["wsgi.input"], announced, environ.get("gunicorn.socket"), self._watch)
        environ["wsgi.input"] = body
        try:
            return self._application(environ, start_response)
        finally:
            body.done()


def watch_bodies(app: Flask, access: Mapping[str, Access]) -> None:
    """Hold every body to a pace, and every route to the most that it takes."""
    app.wsgi_app = _Watched(app.wsgi_app)  # type: ignore[method-assign]

    @app.before_request
    def limit_body() -> None:
        route = access.get(request.endpoint or "")
        if route is not None and route.most_bytes is not None:
            request.max_content_length = route.most_bytes

    @app.after_request
    def hear_out(response: Response) -> Response:
        if response.status_code == 413:
            request.environ["wsgi.input"].drain()
        return response
