"""How a server process answers `/health/live` while all its threads are busy: in the loop that waits for connections, with the application's own answer.

Nothing else is answered here, and a request that is anything but a plain probe takes the way of all others.
"""

import re
import socket
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final
from uuid import uuid4

from gunicorn.workers.gthread import TConn
from werkzeug.test import Client

from api.turns import OrderlyWorker

LIVE: Final = "/health/live"
LONGEST: Final = 2_000
# What probes and load balancers send, and nothing that the answer would depend on.
_PROBE: Final = re.compile(
    rb"GET %b HTTP/1\.1\r\n(?:(?:host|user-agent|accept|accept-encoding|accept-language|connection): ?[\x20-\x7e]*\r\n)+\r\n"
    % LIVE.encode(),
    re.IGNORECASE,
)
_CLOSE: Final = re.compile(rb"\r\nconnection: ?close\r\n", re.IGNORECASE)


class Alive:
    """The application's answer to a probe, taken from it once."""

    def __init__(self, application: Any) -> None:  # noqa: ANN401  a WSGI application
        answer = Client(application).get(LIVE)
        own = "".join(f"{name}: {value}\r\n" for name, value in answer.headers if name != "X-Request-ID")
        self._head, self._body = f"HTTP/1.1 {answer.status}\r\n{own}", answer.get_data()

    def bytes(self, *, close: bool) -> bytes:
        """The whole answer."""
        more = f"X-Request-ID: {uuid4().hex}\r\nDate: {formatdate(usegmt=True)}\r\nConnection: {'close' if close else 'keep-alive'}\r\n\r\n"
        return (self._head + more).encode() + self._body


class AttentiveWorker(OrderlyWorker):
    """A worker with threads whose loop answers probes. A new connection costs a thread only once it has sent something."""

    connection: type[TConn] = TConn

    def load_wsgi(self) -> None:
        """Load the application and ask it what it answers to a probe."""
        super().load_wsgi()
        self._answer = Alive(self.wsgi)

    def accept(self, listener: Any) -> None:  # noqa: ANN401  gunicorn's own
        """Take a connection and wait in the loop until it can be read."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker was faster, or the client has gone
            return
        self.nr_conns += 1
        self._wait_for(self.connection(self.cfg, client, address, listener.getsockname()))

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:  # noqa: ANN401
        """Answer a probe on a connection that no thread has had yet; all else goes to a thread."""
        if self._answered(client, waiting=self.pending_conns, conn=conn):
            return
        super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:  # noqa: ANN401
        """The same on a connection that has sent nothing but probes so far: to look at every request first would slow all of them down."""
        if not conn.initialized and self._answered(client, waiting=self.keepalived_conns, conn=conn):
            return
        super().on_client_socket_readable(conn, client)

    def _wait_for(self, conn: Any) -> None:  # noqa: ANN401
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _answered(self, client: socket.socket, *, waiting: Any, conn: Any) -> bool:  # noqa: ANN401
        """Whether there was a probe, which has then been answered. A worker that is to end leaves it to a thread, which closes the connection."""
        if not self.alive or self.cfg.is_ssl:
            return False
        probe = _probe_on(client)
        if probe is None:
            return False
        with suppress(OSError):
            close = _CLOSE.search(client.recv(len(probe[0]))) is not None
            client.send(self._answer.bytes(close=close))
            waiting.remove(conn)
            if not close:
                conn.set_timeout()
                waiting.append(conn)  # which is sorted by the time-out
                return True
        return self._ended(conn, client, waiting)

    def _ended(self, conn: Any, client: Any, waiting: Any) -> bool:  # noqa: ANN401
        """The connection is over: it was to be closed, or the client has gone."""
        with suppress(ValueError):
            waiting.remove(conn)
        self.poller.unregister(client)
        self.nr_conns -= 1
        conn.close()
        return True

    def _cap_keepalive(self, deadline: float) -> None:
        """When the worker is to end, connections that have sent nothing wait no longer than those that are kept alive."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def _probe_on(client: socket.socket) -> re.Match[bytes] | None:
    """The probe that waits to be read, left where it is; None when it is anything else or not all of it is there."""
    try:
        return _PROBE.fullmatch(client.recv(LONGEST, socket.MSG_PEEK))
    except OSError:
        return None
