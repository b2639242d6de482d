"""Requests to erase users: asked for, done, proven. While one is pending the ids are kept encrypted; afterwards nothing in it names a user. No erasing."""

import base64
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mta_assets.errors import NotFoundError, RefusedValueError, StateError
from mta_assets.ingest.persons import PrivacyKeys, key_id, signature
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import ErasureRow

MOST_IDS = 10_000
LONGEST_ID = 1_000


class ErasureState(StrEnum):
    """Where a request is."""

    PENDING = "pending"
    DONE = "done"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """Who is to be erased, in the clear. stored: ids as rows have them; conversions: what identifies a user, or what a user did."""

    user_ids: tuple[str, ...] = ()
    conversion_ids: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stored:  # looked up in the lake, not asked for
            return
        asked = [*self.user_ids, *self.conversion_ids]
        if not asked:
            raise RefusedValueError("Name at least one user id or conversion id to erase.")
        if len(asked) > MOST_IDS:
            raise RefusedValueError(f"{len(asked):,} ids were named; one erasure takes {MOST_IDS:,} at most. Ask for the rest in another.")
        if any(not each.strip() or len(each) > LONGEST_ID for each in asked):
            raise RefusedValueError(f"An id has 1 to {LONGEST_ID:,} characters, and not only spaces.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What is known of an erasure. marks: keyed hashes of the ids; counts: place -> what was removed; remaining: what was left, and where."""

    id: str
    state: ErasureState
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    key_id: str
    marks: tuple[str, ...]
    counts: Mapping[str, int]
    days: tuple[str, ...]
    remaining: tuple[str, ...]
    signature: str | None = field(default=None)


class Erasures:
    """The erasures of one store, under the privacy keys."""

    def __init__(self, store: StateStore, keys: PrivacyKeys) -> None:
        self._store, self._keys = store, keys

    def ask(self, ids: Ids, *, requested_by: str, now: datetime) -> Erasure:
        """A pending request."""
        row = ErasureRow(
            id=f"er_{secrets.token_hex(12)}",
            state=ErasureState.PENDING,
            requested_by=requested_by,
            requested_at=now,
            key_id=key_id(self._keys.current),
            marks=[],
            sealed=_sealer(self._keys.current).encrypt(json.dumps(asdict(ids)).encode()),
            counts={},
            days=[],
            remaining=[],
        )
        with self._store.session() as session:
            session.add(row)
        return _erasure(row)

    def get(self, id_: str) -> Erasure:
        """The erasure. Raises NotFoundError."""
        with self._store.reading() as session:
            return _erasure(_row(session, id_))

    def list(self, *, state: ErasureState | None = None, after: str | None = None, limit: int = 100) -> Page[Erasure]:
        """The erasures, the newest first."""
        query = select(ErasureRow) if state is None else select(ErasureRow).where(ErasureRow.state == state)
        with self._store.reading() as session:
            return page_of(session, query, ErasureRow, _erasure, after=after, limit=limit)

    def ended(self) -> int:
        """How many have ended, however they did."""
        with self._store.reading() as session:
            return session.scalar(select(func.count()).where(ErasureRow.finished_at.is_not(None))) or 0

    def unfinished(self) -> tuple[Erasure, ...]:
        """What is pending, or was left incomplete and can be gone on with; the oldest first."""
        with self._store.reading() as session:
            rows = session.scalars(select(ErasureRow).where(ErasureRow.state == ErasureState.PENDING).order_by(ErasureRow.number))
            return tuple(map(_erasure, rows))

    def ids_of(self, id_: str) -> Ids:
        """Who is to be erased, while it is not done. Raises StateError when that is no longer known, or was sealed under a key that is not there."""
        with self._store.reading() as session:
            sealed = _row(session, id_).sealed
        if sealed is None:
            raise StateError(f"The erasure {id_} is done: whom it erased is no longer known. Ask for a new one.")
        for key in self._keys.all:
            try:
                return Ids(**{name: tuple(values) for name, values in json.loads(_sealer(key).decrypt(sealed)).items()})
            except InvalidToken:
                continue
        raise StateError(f"The erasure {id_} was asked for under another privacy key. Name that key in MTA_PRIVACY_KEYS_BEFORE.")

    def note(self, id_: str, ids: Ids, *, marks: Iterable[str], counts: Mapping[str, int]) -> None:
        """Keep what was found before the first row goes: a run that takes over after a kill does not find it any more."""
        with self._store.session() as session:
            row = _row(session, id_)
            row.sealed = _sealer(self._keys.current).encrypt(json.dumps(asdict(ids)).encode())
            row.key_id = key_id(self._keys.current)
            row.marks, row.counts = sorted(marks), dict(counts)

    def add_days(self, id_: str, days: Sequence[str]) -> None:
        """Note which days were recomputed."""
        with self._store.session() as session:
            row = _row(session, id_)
            row.days = [*row.days, *days]

    def finish(self, id_: str, *, counts: Mapping[str, int], remaining: Sequence[str], now: datetime) -> Erasure:
        """It has ended. Whom it erased is forgotten, unless something was left; the record is signed."""
        with self._store.session() as session:
            row = _row(session, id_)
            row.state = ErasureState.INCOMPLETE if remaining else ErasureState.DONE
            row.finished_at, row.counts, row.remaining = now, dict(counts), list(remaining)
            row.sealed = row.sealed if remaining else None
            session.flush()
            row.signature = signature(self._keys.current, _document(_erasure(row)))
            return _erasure(row)

    def is_genuine(self, erasure: Erasure) -> bool | None:
        """Whether the record is as it was signed; None when the key that it was signed under is not there, or it is not signed yet."""
        key = next((key for key in self._keys.all if key_id(key) == erasure.key_id), None)
        if key is None or erasure.signature is None:
            return None
        return secrets.compare_digest(signature(key, _document(erasure)), erasure.signature)


def _row(session: Session, id_: str) -> ErasureRow:
    row = session.scalar(select(ErasureRow).where(ErasureRow.id == id_))
    if row is None:
        raise NotFoundError(f"There is no erasure {id_!r}. `mta erasures list` shows them.")
    return row


def _erasure(row: ErasureRow) -> Erasure:
    same = ("id", "requested_by", "requested_at", "finished_at", "key_id", "counts", "signature")
    fields: dict[str, Any] = {name: getattr(row, name) for name in same}
    fields |= {name: tuple(getattr(row, name)) for name in ("marks", "days", "remaining")}
    return Erasure(state=ErasureState(row.state), **fields)


def _document(erasure: Erasure) -> bytes:
    """What is signed: everything that stays, in one spelling."""
    said = {name: value for name, value in asdict(erasure).items() if name != "signature"}
    times = {name: said[name].isoformat(timespec="microseconds") if said[name] else None for name in ("requested_at", "finished_at")}
    return json.dumps(said | times, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _sealer(key: bytes) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mta erasure ids").derive(key)
    return Fernet(base64.urlsafe_b64encode(made))
