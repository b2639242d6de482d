"""One signed message to one address: what is sent, and what came of it in words. Which messages there are, and when they go out, is decided elsewhere."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from ssl import SSLContext

import httpcore
import httpx

from mta_assets.errors import AddressError
from mta_assets.state.signature import sign
from mta_assets.webhooks.destination import Network

AGENT = f"mta-webhooks/{version('mta-assets')}"
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to an address. event: its kind; id: the same in every try; secret: what it is signed with."""

    url: str
    event: str
    id: str
    secret: str = field(repr=False)
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message: the status of the answer, if there was one, and what was wrong; None when it was received."""

    status: int | None
    error: str | None


class Post:
    """Posts messages. timeout_seconds: for all of one; private: whether it may go to addresses that are not public."""

    def __init__(self, *, timeout_seconds: float, private: bool) -> None:
        self._timeout_seconds = timeout_seconds
        self._private = private
        self._tls: SSLContext = httpx.create_ssl_context()

    def send(self, letter: Letter, now: datetime) -> Answer:
        """Send it, signed at this moment."""
        try:
            status = self._status(letter, now)
        except AddressError as error:
            return Answer(None, str(error))
        except _FAILURES as error:
            return Answer(None, f"{_WORDS.get(type(error), 'the connection failed')}: {error or type(error).__name__}")
        if httpx.codes.is_redirect(status):
            return Answer(status, "It answered with a redirect, and redirects are not followed: change the webhook's url.")
        return Answer(status, None if httpx.codes.is_success(status) else f"It answered {status}; 200 to 299 is taken as received.")

    def _status(self, letter: Letter, now: datetime) -> int:
        """The status of the answer; what else it says is not read. No redirect is followed and no proxy asked."""
        headers = {
            "Host": httpx.URL(letter.url).netloc.decode("ascii"),
            "Content-Type": "application/json",
            "Content-Length": str(len(letter.body)),
            "User-Agent": AGENT,
            "MTA-Event": letter.event,
            "MTA-Delivery": letter.id,
            "MTA-Signature": sign(letter.secret, int(now.timestamp()), letter.body),
        }
        network = Network(private=self._private, ends=time.monotonic() + self._timeout_seconds)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network) as pool,
            pool.stream("POST", _ascii(letter.url), headers=list(headers.items()), content=letter.body) as response,
        ):
            return response.status


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
