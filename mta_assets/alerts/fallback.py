"""Where the alert about the state store itself is kept: a small file beside the lake, for its own database is what is away. Same ledger, without SQL."""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mta_assets.errors import StateError
from mta_assets.lake.lock import Lock
from mta_assets.state.alert_records import LEASE, MAX_TRIES, Alert, Message, MessageState, pause
from mta_assets.state.alerts import Change

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Book:
    """All that is in the file. Messages that have ended are not kept."""

    alerts: tuple[Alert, ...] = ()
    messages: tuple[Message, ...] = ()


_BOOK: TypeAdapter[Book] = TypeAdapter(Book)


@dataclass(slots=True)
class FileLedger:
    """The ledger in one file, which several threads and processes of a machine may share. Each change is a new file put in the place of the old one."""

    path: Path
    _lock: Lock = field(init=False)
    _threads: threading.Lock = field(init=False, default_factory=threading.Lock)
    _unwritten: Book | None = None  # on a full disk: what this process knows, until it can be written

    def __post_init__(self) -> None:
        self._lock = Lock(self.path.with_suffix(".lock"))

    @property
    def in_use(self) -> bool:
        """Whether there is anything to be looked after."""
        return self._unwritten is not None or self.path.exists()

    def advance(self, step: Callable[[Mapping[str, Alert]], Change]) -> Change:
        """Apply what `step` makes of the known alerts. Each notice becomes a message of its own: there is one alert in here."""
        with self._changing() as change_to:
            book = self._read()
            known = {alert.key: alert for alert in book.alerts}
            change = step(known)
            known |= {alert.key: alert for alert in change.alerts}
            kept = tuple(alert for key, alert in known.items() if key not in change.gone)
            made = tuple(
                Message(
                    id=f"al_{secrets.token_hex(12)}",
                    target=notice.target,
                    state=MessageState.PENDING,
                    tries=0,
                    due_at=notice.due_at,
                    created_at=notice.at,
                    notices=(notice,),
                )
                for notice in change.notices
            )
            change_to(Book(alerts=kept, messages=book.messages + made))
        return change

    def take(self, now: datetime) -> tuple[Message, ...]:
        """The messages that are yours to send, the first of each target."""
        with self._changing() as change_to:
            book = self._read()
            first: dict[str, Message] = {}
            for message in book.messages:
                first.setdefault(message.target, message)
            due = {message.id: _taken(message, now) for message in first.values() if message.due_at <= now}
            left = [message for message in (due.get(each.id, each) for each in book.messages) if message.tries <= MAX_TRIES]
            change_to(replace(book, messages=tuple(left)))
        return tuple(message for message in due.values() if message.tries <= MAX_TRIES)

    def record(self, id_: str, *, delivered: bool, now: datetime, error: str | None = None) -> Message:
        """What came of a try. One that arrived, or failed MAX_TRIES times, is forgotten: the log has it."""
        with self._changing() as change_to:
            book = self._read()
            tried = next((message for message in book.messages if message.id == id_), None)
            if tried is None:
                raise StateError(f"There is no message {id_!r} in {self.path}.")
            ended = MessageState.SENT if delivered else MessageState.DEAD if tried.tries >= MAX_TRIES else MessageState.PENDING
            after = replace(tried, state=ended, uncertain=False, error=error, due_at=now + pause(tried.tries))
            left = [after if message.id == id_ else message for message in book.messages]
            change_to(replace(book, messages=tuple(message for message in left if message.state is MessageState.PENDING)))
        return after

    def book(self) -> Book:
        """What is in the file, for whoever only looks."""
        return self._read()

    def _read(self) -> Book:
        """Empty where there is no file. One that cannot be read is put aside: an alert told twice is better than none."""
        if self._unwritten is not None:
            return self._unwritten
        try:
            return _BOOK.validate_json(self.path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return Book()
        except ValidationError:
            self.path.replace(self.path.with_suffix(".unreadable"))
            return Book()

    @contextmanager
    def _changing(self) -> Iterator[Callable[[Book], None]]:
        """Alone, with a function that puts a book in the place of the file."""
        with self._alone():
            yield self._write

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """With the lock, or without where the disk takes no file: then several processes may tell the same."""
        with self._threads, ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                stack.enter_context(self._lock.taken())
            except OSError as error:
                log.warning("%s cannot be locked: %s", self.path, error)
            yield

    def _write(self, book: Book) -> None:
        try:
            self._replace(book)
            self._unwritten = None
        except OSError as error:
            log.warning("%s cannot be written, and is kept in memory: %s", self.path, error)
            self._unwritten = book

    def _replace(self, book: Book) -> None:
        draft = self.path.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(_BOOK.dump_json(book))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def _taken(message: Message, now: datetime) -> Message:
    lost = message.tries > 0 and message.error is None
    return replace(message, tries=message.tries + 1, due_at=now + LEASE, error=None, uncertain=message.uncertain or lost)


def ledger_path(lake: str, uploads: Path) -> Path:
    """Beside the lake; where that is an object store, beside the uploads: a file can be locked and replaced there."""
    beside = uploads if "://" in lake else Path(lake)
    return beside.absolute().parent / "alerts" / "state_store.json"
