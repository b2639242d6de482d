"""Has each process forget the answers in its memory once an erasure has ended: old ones may tell of users who are no longer there."""

import time
from dataclasses import dataclass

from api.cache import LayeredCache
from api.exchange import Exchange
from api.passage import Passage
from mta_assets.errors import StateError
from mta_assets.state.erasures import Erasures

LOOK_SECONDS = 5.0


@dataclass(slots=True)
class _Seen:
    """When was looked last, and how many erasures had ended by then."""

    looked: float = float("-inf")
    ended: int | None = None


def forget_the_erased(passage: Passage, erasures: Erasures, answers: LayeredCache) -> None:
    """Look for erasures that have ended, now and then, before a request is answered."""
    seen = _Seen()

    @passage.begin
    def look(_: Exchange) -> None:
        if time.monotonic() - seen.looked < LOOK_SECONDS:
            return
        seen.looked = time.monotonic()
        try:
            ended = erasures.ended()
        except StateError:  # it is looked again; whether the store is well, others say
            return
        if seen.ended is not None and ended != seen.ended:
            answers.clear()
        seen.ended = ended
