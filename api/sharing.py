"""How the worker processes of a server share its connections: each goes to one that has fewest. No request.

The system gives a connection to whichever process asks first, and a client keeps its connections: of sixteen, one process may get thirteen, whose clients
then wait four times as long as the others'.
"""

import time
from multiprocessing.sharedctypes import RawArray
from typing import Any, Final

from api.liveness import AttentiveWorker

# How long a connection is left to a process that has fewer. That one may hang: after as long, any takes it.
LEFT_SECONDS: Final = 0.005
_FORGOTTEN_SECONDS: Final = 1.0
_NOBODY: Final = -1
# Connections per worker, at its age modulo the length; the processes inherit it from the one that starts them.
_connections = RawArray("i", [_NOBODY] * 256)


class SharingWorker(AttentiveWorker):
    """A worker that leaves a connection to those that have fewer than it."""

    _left_at = 0.0

    def accept(self, listener: Any) -> None:  # noqa: ANN401  gunicorn's own
        """Take a connection, unless another is to take it."""
        if self._leaves():
            self.set_accept_enabled(False)  # until the loop begins its next round
            return
        self._left_at = 0.0
        super().accept(listener)
        _connections[self._place] = self.nr_conns

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Tell the others how many there are, and look again soon at what was left to them."""
        _connections[self._place] = self.nr_conns
        super().wait_for_and_dispatch_events(min(timeout, LEFT_SECONDS) if self._left_at else timeout)

    @property
    def _place(self) -> int:
        return int(self.age) % len(_connections)

    def _leaves(self) -> bool:
        """Whether a connection that waits is left alone: somebody has fewer, and has not had its time."""
        if self.nr_conns <= min(count for count in _connections if count != _NOBODY):
            return False
        now = time.monotonic()
        if now - self._left_at > _FORGOTTEN_SECONDS:  # that was another connection
            self._left_at = now
        return now - self._left_at < LEFT_SECONDS


def forget_connections(age: int) -> None:
    """A worker of this age has ended. To be called by the process that starts them."""
    _connections[age % len(_connections)] = _NOBODY
