"""Requests that are done once however often they are sent: the first answer under an Idempotency-Key is kept and given again. No HTTP here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update

from mta_assets.state.store import StateStore
from mta_assets.state.tables import IdempotencyRow

KEPT = timedelta(hours=24)
GIVEN_UP = timedelta(minutes=15)  # after that, whoever began it is taken to have died


class Clash(StrEnum):
    """Why a request under a known key is neither done nor answered."""

    MISMATCH = "mismatch"
    IN_PROGRESS = "in progress"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fresh:
    """Do it, then `finish` with this ticket, or `forget` it when it may be tried again."""

    ticket: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """It was done: this was the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """The key stands for something else, or the first request is still being worked on."""

    clash: Clash


class Idempotency:
    """The idempotent requests of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def begin(self, *, owner: str, key: str, fingerprint: str, now: datetime) -> Fresh | Replay | Conflict:
        """What to do with a request. Of several that come at once one is fresh. fingerprint: a hash of method, route and body."""
        with self._store.session() as session:
            self._store.alone(session, f"idempotency of {owner}: {key}")
            known = session.scalar(select(IdempotencyRow).where(IdempotencyRow.owner == owner, IdempotencyRow.key == key))
            if known is not None and known.expires_at > now:
                return _answer(known, fingerprint)
            if known is not None:
                session.delete(known)
                session.flush()
            row = IdempotencyRow(owner=owner, key=key, fingerprint=fingerprint, created_at=now, expires_at=now + GIVEN_UP)
            session.add(row)
            session.flush()
            return Fresh(ticket=row.number)

    def finish(self, fresh: Fresh, *, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Keep the answer for 24 hours. One that comes after its request was given up is not kept."""
        values = {"status": status, "headers": dict(headers), "body": body, "expires_at": now + KEPT}
        with self._store.session() as session:
            session.execute(update(IdempotencyRow).where(IdempotencyRow.number == fresh.ticket).values(**values))

    def forget(self, fresh: Fresh) -> None:
        """It came to nothing: the same request may be sent again at once."""
        with self._store.session() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.number == fresh.ticket))

    def prune(self, now: datetime) -> int:
        """Remove what has expired; how many requests that were."""
        with self._store.session() as session:
            return len(
                session.scalars(delete(IdempotencyRow).where(IdempotencyRow.expires_at <= now).returning(IdempotencyRow.number)).all()
            )


def _answer(row: IdempotencyRow, fingerprint: str) -> Replay | Conflict:
    if row.fingerprint != fingerprint:
        return Conflict(clash=Clash.MISMATCH)
    if row.status is None:
        return Conflict(clash=Clash.IN_PROGRESS)
    return Replay(status=row.status, headers=row.headers or {}, body=row.body or b"")
