"""The audit log: who did what, when, from where, and how it ended. Written in batches, read by cursor, never changed; no secret gets in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import Table, delete, func, insert, select

from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import AuditRow

LONGEST_TEXT = 1_000
WITHOUT_CREDENTIALS = "authenticate by none"
_SECRETS = re.compile(r"(mta_[0-9A-Za-z]{8}_|whsec_|eyJ)[0-9A-Za-z_.=-]{8,}")  # keys, webhook secrets, bearer tokens


class AuditKind(StrEnum):
    """What an event is about."""

    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    KEY = "key"
    DATA = "data"
    JOB = "job"
    WEBHOOK = "webhook"
    ERASURE = "erasure"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEvent:
    """One event. subject: what it was done to; details: JSON."""

    at: datetime
    kind: AuditKind
    action: str
    outcome: str
    request_id: str | None = None
    owner: str | None = None
    key_id: str | None = None
    address: str | None = None
    subject: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


class Audit:
    """The audit log of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def append(self, events: Iterable[AuditEvent]) -> None:
        """Add them all or none, in their order. What looks like a key, a secret or a token is blotted out; long text is cut."""
        rows = [
            {
                "at": event.at,
                "kind": event.kind,
                "action": _clean(event.action),
                "outcome": _clean(event.outcome),
                "request_id": _clean(event.request_id),
                "owner": _clean(event.owner),
                "key_id": _clean(event.key_id),
                "address": _clean(event.address),
                "subject": _clean(event.subject),
                "details": _clean(event.details),
            }
            for event in events
        ]
        if rows:
            with self._store.session() as session:
                session.connection().execute(insert(cast("Table", AuditRow.__table__)), rows)  # as plain rows: half the time of objects

    def list(  # noqa: PLR0913  one per filter
        self,
        *,
        kind: AuditKind | None = None,
        owner: str | None = None,
        key_id: str | None = None,
        outcome: str | None = None,
        request_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[AuditEvent]:
        """The events that match all that is given, the newest first; since is included, until is not."""
        equal = {
            AuditRow.kind: kind,
            AuditRow.owner: owner,
            AuditRow.key_id: key_id,
            AuditRow.outcome: outcome,
            AuditRow.request_id: request_id,
        }
        query = select(AuditRow).where(*(column == value for column, value in equal.items() if value is not None))
        if since is not None:
            query = query.where(AuditRow.at >= since)
        if until is not None:
            query = query.where(AuditRow.at < until)
        with self._store.reading() as session:
            return page_of(session, query, AuditRow, _event, after=after, limit=limit)

    def failures(self, since: datetime) -> Mapping[str, int]:
        """Network address -> requests with a bad key or token from this moment on. Those without any are not among them."""
        failed = select(func.coalesce(AuditRow.address, ""), func.count()).where(
            AuditRow.at >= since, AuditRow.kind == AuditKind.AUTHENTICATION, AuditRow.action != WITHOUT_CREDENTIALS
        )
        with self._store.reading() as session:
            return dict(session.execute(failed.group_by(func.coalesce(AuditRow.address, ""))).tuples().all())

    def prune(self, before: datetime) -> int:
        """Remove what happened before this moment; how many events that were."""
        with self._store.session() as session:
            old = session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.at < before)) or 0
            session.execute(delete(AuditRow).where(AuditRow.at < before))
        return old


def _clean(value: object) -> object:
    """The value without secrets, whatever it is nested in."""
    match value:
        case str():
            suspect = "_" in value or "eyJ" in value  # most text is neither, and the pattern takes long to find so
            return (_SECRETS.sub(r"\1…", value) if suspect else value)[:LONGEST_TEXT]
        case Mapping():
            return {str(_clean(str(key))): _clean(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return value


def _event(row: AuditRow) -> AuditEvent:
    return AuditEvent(
        at=row.at,
        kind=AuditKind(row.kind),
        action=row.action,
        outcome=row.outcome,
        request_id=row.request_id,
        owner=row.owner,
        key_id=row.key_id,
        address=row.address,
        subject=row.subject,
        details=row.details,
    )
