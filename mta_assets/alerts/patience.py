"""Looks that may hang: a database whose process is frozen takes connections and never answers, and nothing that asks it comes back."""

import threading
from collections.abc import Callable
from typing import Final

from mta_assets.alerts.facts import Facts
from mta_assets.alerts.gather import Gatherer
from mta_assets.alerts.rounds import Told
from mta_assets.alerts.watcher import Watcher
from mta_assets.telemetry.streams import application

LOOK_SECONDS: Final = 15.0  # longer than a look takes while everything answers, sending aside


class PatientWatch:
    """One look after the other, each in a thread of its own. While one hangs, the others only ask which parts answer, within bounded time, and tell that."""

    def __init__(self, watcher: Watcher, gatherer: Gatherer, *, send_seconds: float, look_seconds: float = LOOK_SECONDS) -> None:
        self._watcher, self._gatherer = watcher, gatherer
        self._send_seconds, self._look_seconds = send_seconds, look_seconds
        self._hanging: threading.Thread | None = None

    def look(self) -> Told:
        """Look once, and tell. Raises what the look raises; returns without waiting any longer for one that hangs."""
        if self._hanging is not None and self._hanging.is_alive():
            return self._within(self._parts)
        return self._within(self._everything)

    def _everything(self) -> Facts:
        self._watcher.beat()
        return self._gatherer.facts()

    def _parts(self) -> Facts:
        parts = self._gatherer.parts.ask()
        return Facts(at=self._watcher.now(), parts=parts)

    def _within(self, facts: Callable[[], Facts]) -> Told:
        ended: list[Told | BaseException] = []

        def tick() -> None:
            try:
                ended.append(self._watcher.tick(facts(), seconds=self._send_seconds))
            except BaseException as error:  # noqa: BLE001  raised again where it was asked for
                ended.append(error)

        thread = threading.Thread(target=tick, name="look", daemon=True)
        thread.start()
        thread.join(self._look_seconds + self._send_seconds)
        if not ended:
            self._hanging = thread
            application.warning("a look for alerts hangs", seconds=self._look_seconds + self._send_seconds)
            return Told()
        if isinstance(ended[0], BaseException):
            raise ended[0]
        return ended[0]
