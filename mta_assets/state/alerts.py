"""Alerts in the state store: what is known of each, and the outbox of messages about them. What follows from what is decided in `mta_assets.alerts`."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from mta_assets.errors import ConflictError, NotFoundError
from mta_assets.state.alert_records import LEASE, LONGEST_ERROR, MAX_TRIES, Alert, Message, MessageState, Notice, Phase, pause
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import AlertMessageRow, AlertNoticeRow, AlertRow

_ALERT = tuple(Alert.__dataclass_fields__)
_NOTICE = tuple(Notice.__dataclass_fields__)
_MESSAGE = tuple(name for name in Message.__dataclass_fields__ if name != "notices")
LONGEST_TEXT = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a look at the system changes. alerts: those that are other than before; gone: keys of those to be forgotten; notices: what is to be told."""

    alerts: tuple[Alert, ...] = ()
    gone: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


class Alerts:
    """The alerts of one store. single: targets that are told of each alert in a message of its own."""

    def __init__(self, store: StateStore, single: Iterable[str] = ()) -> None:
        self._store = store
        self._single = frozenset(single)

    def advance(self, step: Callable[[Mapping[str, Alert]], Change]) -> Change:
        """Apply what `step` makes of the known alerts: their new state and what is to be told, in one transaction, one caller at a time."""
        with self._store.session() as session:
            self._store.alone(session, "alerts")
            rows = {f"{row.rule}:{row.subject}": row for row in session.scalars(select(AlertRow))}
            change = step({key: _alert(row) for key, row in rows.items()})
            for alert in change.alerts:
                _put(session, rows.get(alert.key), alert)
            for key in change.gone:
                session.delete(rows[key])
            session.add_all(_notice_row(notice) for notice in change.notices)
        return change

    def take(self, now: datetime) -> tuple[Message, ...]:
        """The messages that are yours to send, one per target at most, and nobody else's until LEASE is over.

        What waits for a target is put together; nothing overtakes a message that is still to be tried again.
        """
        with self._store.session() as session:
            self._store.alone(session, "alert messages")
            pending = select(AlertMessageRow).where(AlertMessageRow.state == MessageState.PENDING).order_by(AlertMessageRow.number)
            first: dict[str, AlertMessageRow] = {}
            for row in session.scalars(pending):
                first.setdefault(row.target, row)
            waiting = select(AlertNoticeRow).where(AlertNoticeRow.message_id.is_(None), AlertNoticeRow.due_at <= now)
            notices: dict[str, list[AlertNoticeRow]] = {}
            for notice in session.scalars(waiting.order_by(AlertNoticeRow.number)):
                notices.setdefault(notice.target, []).append(notice)
            for target in notices.keys() - first.keys():
                first[target] = self._put_together(session, target, notices[target], now)
            taken = [row for row in first.values() if row.due_at <= now and _is_taken(row, now)]
            return tuple(_message(session, row) for row in taken)

    def record(self, id_: str, *, delivered: bool, now: datetime, error: str | None = None) -> Message:
        """What came of a try. One that failed is due again after a pause, and dead after MAX_TRIES. What has ended stays as it is."""
        with self._store.session() as session:
            row = _found(session, id_)
            if row.state == MessageState.PENDING:
                row.error, row.uncertain = error[:LONGEST_ERROR] if error else None, False
                if delivered:
                    row.state, row.ended_at = MessageState.SENT, now
                elif row.tries >= MAX_TRIES:
                    row.state, row.ended_at = MessageState.DEAD, now
                else:
                    row.due_at = now + pause(row.tries)
            return _message(session, row)

    def list(self, *, phases: Sequence[Phase] = (Phase.FIRING,)) -> tuple[Alert, ...]:
        """The alerts in these phases, those that changed last first."""
        query = (
            select(AlertRow).where(AlertRow.phase.in_([str(phase) for phase in phases])).order_by(AlertRow.since.desc(), AlertRow.number)
        )
        with self._store.reading() as session:
            return tuple(_alert(row) for row in session.scalars(query))

    def messages(self, *, state: MessageState | None = None, after: str | None = None, limit: int = 100) -> Page[Message]:
        """The messages, the newest first. state: only those that are so, e.g. the dead ones."""
        query = select(AlertMessageRow)
        if state is not None:
            query = query.where(AlertMessageRow.state == state)
        with self._store.reading() as session:
            return page_of(session, query, AlertMessageRow, lambda row: _message(session, row), after=after, limit=limit)

    def undelivered(self, since: datetime) -> Mapping[str, int]:
        """Target -> messages that were given up from this moment on."""
        dead = select(AlertMessageRow.target, func.count()).where(
            AlertMessageRow.state == MessageState.DEAD, AlertMessageRow.ended_at >= since
        )
        with self._store.reading() as session:
            return dict(session.execute(dead.group_by(AlertMessageRow.target)).tuples().all())

    def retry(self, id_: str, *, now: datetime) -> Message:
        """Send a message that was given up again. Raises NotFoundError; ConflictError when it was not given up."""
        with self._store.session() as session:
            row = _found(session, id_)
            if row.state != MessageState.DEAD:
                raise ConflictError(f"The message {id_} is {row.state}: only one that was given up is sent again.")
            row.state, row.tries, row.due_at, row.ended_at = MessageState.PENDING, 0, now, None
            return _message(session, row)

    def prune(self, before: datetime) -> int:
        """Remove alerts resolved and messages ended before this moment; how many."""
        old = delete(AlertRow).where(AlertRow.phase == Phase.RESOLVED, AlertRow.resolved_at < before).returning(AlertRow.number)
        ended = delete(AlertMessageRow).where(AlertMessageRow.ended_at < before).returning(AlertMessageRow.number)
        with self._store.session() as session:
            return sum(len(session.scalars(each, execution_options={"synchronize_session": False}).all()) for each in (old, ended))

    def _put_together(self, session: Session, target: str, notices: Sequence[AlertNoticeRow], now: datetime) -> AlertMessageRow:
        """The message to send next: of all that waits, or of the first where each has its own."""
        if target not in self._single:
            return self._message_of(session, target, notices, now)
        return self._message_of(session, target, notices[:1], now)

    @staticmethod
    def _message_of(session: Session, target: str, notices: Sequence[AlertNoticeRow], now: datetime) -> AlertMessageRow:
        row = AlertMessageRow(
            id=f"al_{secrets.token_hex(12)}",
            target=target,
            state=MessageState.PENDING,
            tries=0,
            due_at=now,
            uncertain=False,
            created_at=now,
        )
        session.add(row)
        session.flush()
        for notice in notices:
            notice.message_id = row.id
        return row


def _is_taken(row: AlertMessageRow, now: datetime) -> bool:
    """Take it; False when it was tried often enough and its last sender died with it."""
    row.uncertain = row.uncertain or (row.tries > 0 and row.error is None)
    if row.tries >= MAX_TRIES:
        row.state, row.ended_at = MessageState.DEAD, now
        row.error = row.error or "its sender ended before it could say what came of it"
        return False
    row.tries, row.due_at, row.error = row.tries + 1, now + LEASE, None
    return True


def _put(session: Session, row: AlertRow | None, alert: Alert) -> None:
    values = {name: getattr(alert, name) for name in _ALERT}
    values |= {"numbers": dict(alert.numbers), "message": alert.message[:LONGEST_TEXT], "told_parts": list(alert.told_parts)}
    if row is None:
        session.add(AlertRow(**values))
        return
    for name, value in values.items():
        setattr(row, name, value)


def _found(session: Session, id_: str) -> AlertMessageRow:
    row = session.scalar(select(AlertMessageRow).where(AlertMessageRow.id == id_).with_for_update())
    if row is None:
        raise NotFoundError(f"There is no message {id_!r}. `mta alerts dead` lists those that were given up.")
    return row


def _alert(row: AlertRow) -> Alert:
    return Alert(**{name: getattr(row, name) for name in _ALERT} | {"phase": Phase(row.phase), "told_parts": tuple(row.told_parts or ())})


def _notice(row: AlertNoticeRow) -> Notice:
    return Notice(**{name: getattr(row, name) for name in _NOTICE})


def _notice_row(notice: Notice) -> AlertNoticeRow:
    return AlertNoticeRow(**asdict(notice) | {"text": notice.text[:LONGEST_TEXT]})


def _message(session: Session, row: AlertMessageRow) -> Message:
    rows = session.scalars(select(AlertNoticeRow).where(AlertNoticeRow.message_id == row.id).order_by(AlertNoticeRow.number))
    values = {name: getattr(row, name) for name in _MESSAGE} | {"state": MessageState(row.state)}
    return Message(**values, notices=tuple(_notice(notice) for notice in rows))
