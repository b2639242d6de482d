"""Has each process forget the answers in its memory once an erasure has ended: old ones may tell of users who are no longer there."""

import time
from dataclasses import dataclass

from flask import Flask

from api.cache import cache
from api.services import services
from mta_assets.errors import StateError

LOOK_SECONDS = 5.0


@dataclass(slots=True)
class _Seen:
    """When was looked last, and how many erasures had ended by then."""

    looked: float = float("-inf")
    ended: int | None = None


def forget_the_erased(app: Flask) -> None:
    """Look for erasures that have ended, now and then, before a request is answered."""
    seen = _Seen()

    @app.before_request
    def look() -> None:
        if time.monotonic() - seen.looked < LOOK_SECONDS:
            return
        seen.looked = time.monotonic()
        try:
            ended = services().erasures.ended()
        except StateError:  # it is looked again; whether the store is well, others say
            return
        if seen.ended is not None and ended != seen.ended:
            cache().clear()
        seen.ended = ended
