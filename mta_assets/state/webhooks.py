"""Subscriptions to events: who is told what, where, and with which secret it is signed. What is on its way to them is in `deliveries`. No HTTP."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mta_assets.errors import NotFoundError, RefusedValueError, did_you_mean
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import WebhookRow

LONGEST_URL = 2_000


class Event(StrEnum):
    """What one may be told of."""

    RESULTS_UPDATED = "results.updated"
    JOB_FINISHED = "job.finished"
    CHECK_FAILED = "check.failed"
    PING = "ping"


MEANINGS: Mapping[Event, str] = MappingProxyType(
    {
        Event.RESULTS_UPDATED: "the results of some days are new or were restated",
        Event.JOB_FINISHED: "one of your own jobs has ended, however it ended",
        Event.CHECK_FAILED: "a check of the pipeline failed",
        Event.PING: "a test that was asked for",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A subscription; its secret is not in it."""

    id: str
    owner: str
    url: str
    events: frozenset[Event]
    active: bool
    created_at: datetime


class Sealer:
    """Keeps secrets that must be had again: encrypted under a key made from the pepper."""

    def __init__(self, pepper: bytes) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mta webhook secrets").derive(pepper)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, secret: str) -> bytes:
        """The secret, encrypted."""
        return self._fernet.encrypt(secret.encode())

    def opened(self, sealed: bytes) -> str | None:
        """The secret; None when it was sealed under another pepper."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


class Webhooks:
    """The subscriptions of one store. owner: whose they are; None for admins, who reach all."""

    def __init__(self, store: StateStore, pepper: bytes) -> None:
        self._store = store
        self._sealer = Sealer(pepper)

    def create(self, *, owner: str, url: str, events: Iterable[str], now: datetime) -> tuple[Webhook, str]:
        """A subscription, and the secret its messages are signed with, which is shown once. Raises RefusedValueError for what cannot be one."""
        secret = f"whsec_{secrets.token_urlsafe(32)}"
        row = WebhookRow(
            id=f"wh_{secrets.token_hex(12)}",
            owner=owner,
            url=_checked_url(url),
            events=_checked_events(events),
            secret=self._sealer.seal(secret),
            active=True,
            created_at=now,
        )
        with self._store.session() as session:
            session.add(row)
        return _webhook(row), secret

    def get(self, id_: str, owner: str | None) -> Webhook:
        """The subscription. Raises NotFoundError, also when it is somebody else's."""
        with self._store.reading() as session:
            return _webhook(find_webhook(session, id_, owner))

    def list(self, owner: str | None, *, after: str | None = None, limit: int = 100) -> Page[Webhook]:
        """The subscriptions, the newest first."""
        query = select(WebhookRow) if owner is None else select(WebhookRow).where(WebhookRow.owner == owner)
        with self._store.reading() as session:
            return page_of(session, query, WebhookRow, _webhook, after=after, limit=limit)

    def change(
        self, id_: str, owner: str | None, *, url: str | None = None, events: Iterable[str] | None = None, active: bool | None = None
    ) -> Webhook:
        """The subscription with what is given changed. While it is not active nothing is sent; what was on its way waits."""
        with self._store.session() as session:
            row = find_webhook(session, id_, owner)
            row.url = row.url if url is None else _checked_url(url)
            row.events = row.events if events is None else _checked_events(events)
            row.active = row.active if active is None else active
        return _webhook(row)

    def remove(self, id_: str, owner: str | None) -> None:
        """End the subscription; what was on its way goes with it. Raises NotFoundError."""
        with self._store.session() as session:
            session.execute(delete(WebhookRow).where(WebhookRow.number == find_webhook(session, id_, owner).number))


def find_webhook(session: Session, id_: str, owner: str | None) -> WebhookRow:
    """The row. Raises NotFoundError, also when it is somebody else's."""
    row = session.scalar(select(WebhookRow).where(WebhookRow.id == id_))
    if row is None or (owner is not None and row.owner != owner):
        raise NotFoundError(f"There is no webhook {id_!r}. GET /v1/webhooks lists yours.")
    return row


def _checked_url(url: str) -> str:
    """Where it leads is for the sender to judge, at each try: names change their addresses."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise RefusedValueError(f"A webhook's url is http(s)://host/path of at most {LONGEST_URL:,} characters.")
    if parts.username is not None or parts.password is not None:
        raise RefusedValueError("A webhook's url carries no user name or password: messages are signed, and urls are logged.")
    return url


def _checked_events(events: Iterable[str]) -> list[str]:
    wanted = sorted({str(event) for event in events})
    for event in wanted:
        if event not in set(Event):
            raise RefusedValueError(f"There is no event {event!r}. {did_you_mean(event, map(str, Event))}")
    if not wanted:
        raise RefusedValueError(f"A webhook needs one event at least: {', '.join(Event)}.")
    return wanted


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id, owner=row.owner, url=row.url, events=frozenset(map(Event, row.events)), active=row.active, created_at=row.created_at
    )
