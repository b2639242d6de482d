"""One round through the outbox: what is due is signed, sent and recorded. When it is due again, and when it is given up, the outbox decides."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

import orjson

from mta_assets.errors import StateError
from mta_assets.state.deliveries import Deliveries, Delivery, Parcel
from mta_assets.webhooks.posting import Letter, Post

log = logging.getLogger(__name__)
AT_ONCE = 16
# A name that takes long to look up is waited for this much longer; then its thread is left behind, and the outbox's lease ends.
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round. unfinished: still under way when it ended."""

    sent: int
    failed: int
    unfinished: int

    def __add__(self, other: "Round") -> "Round":
        return Round(self.sent + other.sent, self.failed + other.failed, self.unfinished + other.unfinished)


class Sender:
    """Sends what one outbox has. timeout_seconds: for all of one message; private: whether it may go to addresses that are not public."""

    def __init__(self, deliveries: Deliveries, *, timeout_seconds: float, private: bool, now: Callable[[], datetime]) -> None:
        self._deliveries = deliveries
        self._timeout_seconds = timeout_seconds
        self._post = Post(timeout_seconds=timeout_seconds, private=private)
        self._now = now

    def drain(self, seconds: float) -> Round:
        """Send what is due, some at a time, until nothing is or these seconds are over; what has begun then is waited for until its time-out."""
        done, ends = Round(0, 0, 0), time.monotonic() + seconds
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        try:
            while time.monotonic() < ends and (parcels := self._deliveries.due(self._now(), limit=AT_ONCE)):
                done += self._sent(pool, parcels)
                if done.unfinished:  # its thread is taken
                    break
        finally:
            pool.shutdown(wait=False)
        return done

    def _sent(self, pool: ThreadPoolExecutor, parcels: tuple[Parcel, ...]) -> Round:
        under_way = [pool.submit(self._deliver, parcel) for parcel in parcels]
        finished, unfinished = wait(under_way, timeout=self._timeout_seconds + PATIENCE_SECONDS)
        sent = sum(each.result() for each in finished)
        return Round(sent, len(finished) - sent, len(unfinished))

    def _deliver(self, parcel: Parcel) -> bool:
        """Send one and record what came of it; whether it arrived. A record that is lost is made good by sending again when the lease is over."""
        answer = self._post.send(_letter(parcel), self._now())
        delivered = answer.error is None
        try:
            self._deliveries.record(parcel.delivery.id, delivered=delivered, http_status=answer.status, error=answer.error, now=self._now())
        except StateError as lost:
            log.warning("what came of the delivery %s cannot be recorded: %s", parcel.delivery.id, lost)
        return delivered


def message(delivery: Delivery) -> bytes:
    """The body of a message: the event, and what it is about. The same in every try."""
    document = {"id": delivery.event_id, "event": delivery.kind, "created_at": delivery.created_at, "data": dict(delivery.payload)}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _letter(parcel: Parcel) -> Letter:
    delivery = parcel.delivery
    return Letter(url=parcel.url, event=str(delivery.kind), id=delivery.id, secret=parcel.secret, body=message(delivery))
