"""How a server process shares its interpreter: requests begin one after the other, and none waits for one that takes long.

Threads of Python compute one at a time. When all that have a request compute at once, each step of each, and of the loop that waits for connections,
queues for the interpreter: answers come late and in no order. A request that is under way for longer than a moment is taken for one that waits: for a
client, for a file, for a process. It keeps nobody from beginning.
"""

import time
from collections import deque
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

MOMENT_SECONDS: Final = 0.05


class OrderlyWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """A worker with threads that gives a request to a thread once no other has begun within the last moment and is under way. All of it runs in the loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  gunicorn's own
        super().__init__(*args, **kwargs)
        self._waiting: deque[Any] = deque()
        self._begun: dict[Any, float] = {}  # in the order in which they began

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Take a connection that has a request."""
        self._waiting.append(conn)
        self._begin()

    def finish_request(self, conn: Any, fs: Any) -> None:  # noqa: ANN401
        """A thread has ended a request: the next may begin."""
        self._begun.pop(conn, None)
        super().finish_request(conn, fs)
        self._begin()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As long as somebody waits, look again after a moment."""
        super().wait_for_and_dispatch_events(min(timeout, MOMENT_SECONDS) if self._waiting else timeout)
        self._begin()

    def _begin(self) -> None:
        while self._waiting and time.monotonic() - next(reversed(self._begun.values()), 0.0) >= MOMENT_SECONDS:
            conn = self._waiting.popleft()
            self._begun[conn] = time.monotonic()
            super().enqueue_req(conn)
