"""The outbox: each event once for each subscription, taken by one sender at a time, tried again with growing pauses. Sending is elsewhere."""

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from mta_assets.errors import ConflictError, NotFoundError
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import DeliveryRow, WebhookRow
from mta_assets.state.webhooks import Event, Sealer, find_webhook

MAX_TRIES = 10
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
LEASE = timedelta(minutes=2)  # longer than a sender waits for an answer
LONGEST_ERROR = 1_000
_GONE = "its secret was stored under another pepper: remove the webhook and subscribe again"


class DeliveryState(StrEnum):
    """Where a delivery is; the last two are ends."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An event on its way to a subscription. due_at: when it is to be tried next, while it is pending."""

    id: str
    webhook_id: str
    event_id: str
    kind: Event
    payload: Mapping[str, object]
    state: DeliveryState
    tries: int
    due_at: datetime
    http_status: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """A delivery that is yours to send, with where to and the secret to sign it with. Report it with `record` before LEASE is over."""

    delivery: Delivery
    url: str
    secret: str

    def __repr__(self) -> str:
        """Without the secret: it may be logged."""
        return f"Parcel({self.delivery!r}, url={self.url!r})"


class Deliveries:
    """The outbox of one store. jitter: a number in [0, 1), so that what failed together does not come back together."""

    def __init__(self, store: StateStore, pepper: bytes, *, jitter: Callable[[], float] = random.random) -> None:
        self._store = store
        self._sealer = Sealer(pepper)
        self._jitter = jitter

    def enqueue(self, event_id: str, kind: Event, payload: Mapping[str, object], *, now: datetime, owner: str | None = None) -> int:
        """Address the event to every active subscription to its kind, each once however often this is called; how many are new.

        owner: whose event it is, where only that owner may be told; None tells all.
        """
        with self._store.session() as session:
            self._store.alone(session, f"event {event_id}")
            return address(session, event_id, kind, payload, now=now, owner=owner)

    def ping(self, webhook_id: str, owner: str | None, *, now: datetime) -> Delivery:
        """A test message to one subscription, whatever it is subscribed to. Raises NotFoundError, also when it is somebody else's."""
        with self._store.session() as session:
            webhook = find_webhook(session, webhook_id, owner)
            row = _addressed(webhook.id, f"ping_{secrets.token_hex(12)}", Event.PING, {"webhook_id": webhook.id}, now)
            session.add(row)
        return _delivery(row)

    def due(self, now: datetime, limit: int = 20) -> tuple[Parcel, ...]:
        """What is to be sent now, the longest due first, and nobody else's to send until LEASE is over."""
        pending = select(DeliveryRow, WebhookRow).join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
        pending = pending.where(DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.due_at <= now, WebhookRow.active)
        pending = pending.order_by(DeliveryRow.due_at, DeliveryRow.number).limit(limit)
        with self._store.session() as session:
            rows = session.execute(pending.with_for_update(skip_locked=True, of=DeliveryRow)).all()
            taken = [self._taken(delivery, webhook, now) for delivery, webhook in rows]
        return tuple(parcel for parcel in taken if parcel is not None)

    def record(self, id_: str, *, delivered: bool, now: datetime, http_status: int | None = None, error: str | None = None) -> Delivery:
        """What came of a try. One that failed is due again after a pause that doubles, and dead after MAX_TRIES. What has ended stays as it is."""
        with self._store.session() as session:
            row = _locked(session, id_)
            if row.state == DeliveryState.PENDING:
                row.http_status, row.error = http_status, error[:LONGEST_ERROR] if error else None
                if delivered:
                    row.state, row.ended_at = DeliveryState.SENT, now
                elif row.tries >= MAX_TRIES:
                    row.state, row.ended_at = DeliveryState.DEAD, now
                else:
                    row.due_at = now + self._pause(row.tries)
        return _delivery(row)

    def list(
        self, webhook_id: str, owner: str | None, *, state: DeliveryState | None = None, after: str | None = None, limit: int = 100
    ) -> Page[Delivery]:
        """The deliveries to a subscription, the newest first. Raises NotFoundError when there is no such subscription."""
        query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id)
        if state is not None:
            query = query.where(DeliveryRow.state == state)
        with self._store.reading() as session:
            find_webhook(session, webhook_id, owner)
            return page_of(session, query, DeliveryRow, _delivery, after=after, limit=limit)

    def redeliver(self, id_: str, owner: str | None, *, now: datetime, webhook_id: str | None = None) -> Delivery:
        """Send again what was sent or given up; where a webhook is named, only what went to that one.

        Raises NotFoundError, also when it is somebody else's; ConflictError while it is pending.
        """
        with self._store.session() as session:
            row = _locked(session, id_)
            if webhook_id not in (None, row.webhook_id):
                raise _unknown(id_)
            try:
                find_webhook(session, row.webhook_id, owner)
            except NotFoundError:
                raise _unknown(id_) from None
            if row.state == DeliveryState.PENDING:
                raise ConflictError(f"The delivery {id_} is still pending; it is tried at {row.due_at.isoformat()}.")
            row.state, row.tries, row.due_at, row.ended_at = DeliveryState.PENDING, 0, now, None
        return _delivery(row)

    def _taken(self, row: DeliveryRow, webhook: WebhookRow, now: datetime) -> Parcel | None:
        """The parcel; None when it was tried often enough (its senders died with it) or its secret cannot be opened."""
        secret = self._sealer.opened(webhook.secret)
        if secret is None or row.tries >= MAX_TRIES:
            row.state, row.ended_at, row.error = DeliveryState.DEAD, now, row.error if secret else _GONE
            return None
        row.tries += 1
        row.due_at = now + LEASE
        return Parcel(delivery=_delivery(row), url=webhook.url, secret=secret)

    def _pause(self, tries: int) -> timedelta:
        """30 seconds after the first try, then twice as long each time, up to 6 hours; a random half of it is left out or not."""
        whole: timedelta = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
        return whole * (0.5 + self._jitter() / 2)


def address(session: Session, event_id: str, kind: Event, payload: Mapping[str, object], *, now: datetime, owner: str | None = None) -> int:
    """As `Deliveries.enqueue`, in the transaction of what the event tells of: both are there or neither. It needs no pepper."""
    query = select(WebhookRow).where(WebhookRow.active)
    if owner is not None:
        query = query.where(WebhookRow.owner == owner)
    told = set(session.scalars(select(DeliveryRow.webhook_id).where(DeliveryRow.event_id == event_id)))
    new = [row for row in session.scalars(query.with_for_update(read=True)) if kind in row.events and row.id not in told]
    session.add_all(_addressed(row.id, event_id, kind, payload, now) for row in new)
    return len(new)


def prune_deliveries(store: StateStore, before: datetime) -> int:
    """Remove what ended before this moment, and what waits since before it for a subscription that is not active; how many."""
    idle = select(WebhookRow.id).where(WebhookRow.active.is_(False))
    forgotten = DeliveryRow.webhook_id.in_(idle) & (DeliveryRow.due_at < before)
    old = delete(DeliveryRow).where(or_(DeliveryRow.ended_at < before, forgotten)).returning(DeliveryRow.number)
    with store.session() as session:
        return len(session.scalars(old, execution_options={"synchronize_session": False}).all())


def _addressed(webhook_id: str, event_id: str, kind: Event, payload: Mapping[str, object], now: datetime) -> DeliveryRow:
    return DeliveryRow(
        id=f"dl_{secrets.token_hex(12)}",
        webhook_id=webhook_id,
        event_id=event_id,
        kind=kind,
        payload=dict(payload),
        state=DeliveryState.PENDING,
        tries=0,
        due_at=now,
        created_at=now,
    )


def _locked(session: Session, id_: str) -> DeliveryRow:
    row = session.scalar(select(DeliveryRow).where(DeliveryRow.id == id_).with_for_update())
    if row is None:
        raise _unknown(id_)
    return row


def _unknown(id_: str) -> NotFoundError:
    return NotFoundError(f"There is no delivery {id_!r}. GET /v1/webhooks/<id>/deliveries lists yours.")


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        kind=Event(row.kind),
        payload=row.payload,
        state=DeliveryState(row.state),
        tries=row.tries,
        due_at=row.due_at,
        http_status=row.http_status,
        error=row.error,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
