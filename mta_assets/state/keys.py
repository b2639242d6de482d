"""API keys: made, checked, rotated, revoked. A secret is shown once and stored only as a keyed hash; what a key may do is named in `access`."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, or_, select, update

from mta_assets.errors import ConflictError, NotFoundError, RefusedValueError, StateError, did_you_mean
from mta_assets.state.access import ROLES, Scope
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import KeyRow

DEVELOPMENT_KEY = "dev-api-key"  # a word that everybody knows, for development only
LIFETIME, OVERLAP = timedelta(days=30), timedelta(days=1)
LONGEST_LIFETIME = timedelta(days=3650)
LONGEST_NAME = 200
SECRET_BYTES = 32
_ID_LENGTH = 8
_ID_SIGNS = string.ascii_letters + string.digits
_PRESENTED = re.compile(r"mta_([0-9A-Za-z]{8})_([0-9A-Za-z_-]{43})")
_NO_DIGEST = bytes(hashlib.sha256().digest_size)


class Reason(StrEnum):
    """Why a key was refused. Callers are told one answer for all; the reason is for the audit log."""

    UNKNOWN = "unknown"
    WRONG = "wrong"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A key that does not let in. key_id: the key that it names, None when it names none."""

    reason: Reason
    key_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRecord:
    """All that is known of a key; nothing in it lets anybody in. Times in UTC."""

    id: str
    owner: str
    name: str
    role: str | None
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    limit_per_hour: int | None = None
    replaced_by: str | None = None

    def refusal(self, now: datetime) -> Reason | None:
        """Why it does not let in at this moment; None when it does. For whoever keeps a record for a while after its check."""
        if self.revoked_at is not None:
            return Reason.REVOKED
        return Reason.EXPIRED if now >= self.expires_at else None


class Keys:
    """The keys of one store.

    pepper: what the hashes are keyed with; who has the database and not the pepper can check no guess. At least 32 bytes.
    development: let `dev-api-key` in as an admin.
    """

    def __init__(self, store: StateStore, pepper: bytes, *, development: bool = False) -> None:
        if len(pepper) < SECRET_BYTES:
            raise StateError(f"The pepper of the keys has {len(pepper)} bytes; it needs {SECRET_BYTES} at least.")
        self._store = store
        self._pepper = pepper
        self._development = development

    def create(
        self,
        *,
        owner: str,
        name: str,
        now: datetime,
        role: str | None = None,
        scopes: Iterable[str] | None = None,
        lifetime: timedelta = LIFETIME,
        limit_per_hour: int | None = None,
    ) -> tuple[KeyRecord, str]:
        """A new key and what its holder presents, which cannot be had again. Either a role or scopes. Raises RefusedValueError when a value cannot be used."""
        _checked_text("owner", owner)
        _checked_text("name", name)
        if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
            raise RefusedValueError(f"A key lives for more than 0 and at most {LONGEST_LIFETIME.days:,} days, not {lifetime}.")
        if limit_per_hour is not None and not 1 <= limit_per_hour < 2**31:
            raise RefusedValueError(f"The limit of a key is 1 request an hour or more, not {limit_per_hour}.")
        row, presented = self._new(
            owner=owner,
            name=name,
            role=role,
            scopes=_granted(role, scopes),
            limit_per_hour=limit_per_hour,
            created_at=now,
            expires_at=now + lifetime,
        )
        with self._store.session() as session:
            session.add(row)
        return _record(row), presented

    def check(self, presented: str, now: datetime) -> KeyRecord | Refusal:
        """The key that was presented, or why it is refused. How long it takes tells nothing about the secret nor which ids there are."""
        if self._development and presented == DEVELOPMENT_KEY:
            return _development_record(now)
        match = _PRESENTED.fullmatch(presented)
        if match is None:
            return Refusal(reason=Reason.UNKNOWN, key_id=None)
        id_, secret = match.groups()
        with self._store.reading() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.id == id_))
        right = hmac.compare_digest(self._digest(secret), _NO_DIGEST if row is None else row.digest)
        if row is None:
            return Refusal(reason=Reason.UNKNOWN, key_id=None)
        record = _record(row)
        reason = record.refusal(now) if right else Reason.WRONG
        return record if reason is None else Refusal(reason=reason, key_id=id_)

    def list(self, *, after: str | None = None, limit: int = 100) -> Page[KeyRecord]:
        """The keys, the newest first, those that let nobody in any more included."""
        with self._store.reading() as session:
            return page_of(session, select(KeyRow), KeyRow, _record, after=after, limit=limit)

    def get(self, id_: str) -> KeyRecord:
        """The key with this id. Raises NotFoundError."""
        with self._store.reading() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.id == id_))
        if row is None:
            raise NotFoundError(f"There is no key {id_!r}. The list of keys has their ids.")
        return _record(row)

    def rotate(self, id_: str, *, now: datetime, overlap: timedelta = OVERLAP) -> tuple[KeyRecord, str]:
        """A new key that may do the same for as long again, and what its holder presents. The old one works on until the overlap ends.

        Raises NotFoundError, and ConflictError when the key does not let in any more or was rotated before.
        """
        if not timedelta(0) <= overlap <= LONGEST_LIFETIME:
            raise RefusedValueError(f"The overlap is between 0 and {LONGEST_LIFETIME.days:,} days, not {overlap}.")
        old = self.get(id_)
        row, presented = self._new(
            owner=old.owner,
            name=old.name,
            role=old.role,
            scopes=None if old.role else sorted(old.scopes),
            limit_per_hour=old.limit_per_hour,
            created_at=now,
            expires_at=now + (old.expires_at - old.created_at),
        )
        live = (KeyRow.revoked_at.is_(None), KeyRow.replaced_by.is_(None), KeyRow.expires_at > now)
        with self._store.session() as session:
            ends = min(old.expires_at, now + overlap)
            replaced = update(KeyRow).where(KeyRow.id == id_, *live).values(replaced_by=row.id, expires_at=ends).returning(KeyRow.id)
            if session.execute(replaced).first() is None:
                raise ConflictError(f"The key {id_} was revoked, expired or rotated already, and cannot be rotated. Make a new one.")
            session.add(row)
        return _record(row), presented

    def revoke(self, id_: str, now: datetime) -> KeyRecord:
        """The key, which lets nobody in from now on. One that was revoked before stays as it was; the key that replaced it is untouched.

        Raises NotFoundError.
        """
        self.get(id_)
        with self._store.session() as session:
            session.execute(update(KeyRow).where(KeyRow.id == id_, KeyRow.revoked_at.is_(None)).values(revoked_at=now))
        return self.get(id_)

    def used(self, uses: Mapping[str, datetime]) -> None:
        """Note when keys were last used, many at once. A key that is unknown, or was used later, stays as it is."""
        if not uses:
            return
        table = KeyRow.__table__
        later = or_(table.c.last_used_at.is_(None), table.c.last_used_at < bindparam("used_at"))
        statement = update(KeyRow).where(table.c.id == bindparam("key_id"), later).values(last_used_at=bindparam("used_at"))
        with self._store.session() as session:  # in the order of ids, so that two batches never wait for each other
            session.connection().execute(statement, [{"key_id": id_, "used_at": used_at} for id_, used_at in sorted(uses.items())])

    def _new(self, **values: object) -> tuple[KeyRow, str]:
        id_ = "".join(secrets.choice(_ID_SIGNS) for _ in range(_ID_LENGTH))
        secret = secrets.token_urlsafe(SECRET_BYTES)
        return KeyRow(id=id_, digest=self._digest(secret), **values), f"mta_{id_}_{secret}"

    def _digest(self, secret: str) -> bytes:
        return hmac.digest(self._pepper, secret.encode(), "sha256")


def _granted(role: str | None, scopes: Iterable[str] | None) -> list[str] | None:
    """The scopes to store: None with a role, whose scopes are those of its day."""
    if (role is None) == (scopes is None):
        raise RefusedValueError(f"A key has either a role ({', '.join(ROLES)}) or scopes.")
    if role is not None:
        if role not in ROLES:
            raise RefusedValueError(f"There is no role {role!r}. {did_you_mean(role, ROLES)}")
        return None
    wanted = sorted(set(scopes or ()))
    for scope in wanted:
        if scope not in set(Scope):
            raise RefusedValueError(f"There is no scope {scope!r}. {did_you_mean(scope, map(str, Scope))}")
    if not wanted:
        raise RefusedValueError(f"A key needs one scope at least: {', '.join(Scope)}.")
    return [str(scope) for scope in wanted]


def _checked_text(what: str, value: str) -> None:
    if not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        raise RefusedValueError(f"The {what} of a key is 1 to {LONGEST_NAME} printable characters.")


def _record(row: KeyRow) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        owner=row.owner,
        name=row.name,
        role=row.role,
        scopes=ROLES[row.role] if row.role else frozenset(map(Scope, row.scopes or ())),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        limit_per_hour=row.limit_per_hour,
        replaced_by=row.replaced_by,
    )


def _development_record(now: datetime) -> KeyRecord:
    return KeyRecord(
        id="dev", owner="dev", name=DEVELOPMENT_KEY, role="admin", scopes=ROLES["admin"], created_at=now, expires_at=now + timedelta(days=1)
    )
