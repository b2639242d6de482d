"""One round through the outbox: what is due is signed, sent and recorded. When it is due again, and when it is given up, the outbox decides."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import httpcore
import httpx
import orjson

from mta_assets.errors import AddressError, StateError
from mta_assets.state.deliveries import Deliveries, Delivery, Parcel
from mta_assets.state.signature import sign
from mta_assets.webhooks.destination import Network

log = logging.getLogger(__name__)
AT_ONCE = 16
# A name that takes long to look up is waited for this much longer; then its thread is left behind, and the outbox's lease ends.
PATIENCE_SECONDS = 5.0
AGENT = f"mta-webhooks/{version('mta-assets')}"
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)


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
        self._private = private
        self._now = now
        self._tls = httpx.create_ssl_context()

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
        status, error = self._answer(parcel)
        delivered = status is not None and httpx.codes.is_success(status)
        try:
            self._deliveries.record(parcel.delivery.id, delivered=delivered, http_status=status, error=error, now=self._now())
        except StateError as lost:
            log.warning("what came of the delivery %s cannot be recorded: %s", parcel.delivery.id, lost)
        return delivered

    def _answer(self, parcel: Parcel) -> tuple[int | None, str | None]:
        """(status of the answer, what was wrong)."""
        try:
            status = self._post(parcel)
        except AddressError as error:
            return None, str(error)
        except _FAILURES as error:
            return None, f"{_WORDS.get(type(error), 'the connection failed')}: {error or type(error).__name__}"
        if httpx.codes.is_redirect(status):
            return status, "It answered with a redirect, and redirects are not followed: change the webhook's url."
        return status, None if httpx.codes.is_success(status) else f"It answered {status}; 200 to 299 is taken as received."

    def _post(self, parcel: Parcel) -> int:
        """The status of the answer; what else it says is not read. No redirect is followed and no proxy asked."""
        body = message(parcel.delivery)
        headers = {
            "Host": httpx.URL(parcel.url).netloc.decode("ascii"),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": AGENT,
            "MTA-Event": str(parcel.delivery.kind),
            "MTA-Delivery": parcel.delivery.id,
            "MTA-Signature": sign(parcel.secret, int(self._now().timestamp()), body),
        }
        network = Network(private=self._private, ends=time.monotonic() + self._timeout_seconds)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream("POST", _ascii(parcel.url), headers=list(headers.items()), content=body) as response,
        ):
            return response.status


def message(delivery: Delivery) -> bytes:
    """The body of a message: the event, and what it is about. The same in every try."""
    document = {"id": delivery.event_id, "event": delivery.kind, "created_at": delivery.created_at, "data": dict(delivery.payload)}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _ascii(url: str) -> httpcore.URL:
    """The URL with its name and path as they go over the wire."""
    parsed = httpx.URL(url)
    return httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)


_WORDS = {
    httpcore.ConnectError: "it cannot be connected to",
    httpcore.ConnectTimeout: "it did not accept the connection in time",
    httpcore.ReadTimeout: "it did not answer in time",
    httpcore.WriteTimeout: "it did not take the message in time",
    httpcore.RemoteProtocolError: "its answer is not HTTP",
}
