"""The tables of the state store: columns and what they mean. Their history is in `migrations`; what is done with them, in the modules beside."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from mta_assets.errors import StateError


class UtcTime(TypeDecorator[datetime]):
    """A moment, in UTC on the way in and on the way out; SQLite keeps no zone. Refuses a time without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise StateError(f"The state store was given the time {value} without a zone. Pass datetime.now(UTC) or the like.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What the tables have in common: one registry, how Python types are stored, and a number that grows with each row."""

    type_annotation_map: ClassVar = {datetime: UtcTime(), list[str]: JSON(), dict[str, Any]: JSON()}

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, sort_order=-1)


class KeyRow(Base):
    """An API key. Grain: one key ever made. The secret is not here: only its keyed hash is."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(unique=True, doc="the public part of the key, eight letters and digits")
    digest: Mapped[bytes] = mapped_column(doc="HMAC-SHA256 of the secret under the pepper, 32 bytes")
    owner: Mapped[str] = mapped_column(index=True, doc="whose jobs and files are reached with it")
    name: Mapped[str] = mapped_column(doc="what it is for, in the words of whoever made it")
    role: Mapped[str | None] = mapped_column(doc="viewer, analyst or admin; empty when scopes are listed")
    scopes: Mapped[list[str] | None] = mapped_column(doc="what it may do, where it has no role")
    limit_per_hour: Mapped[int | None] = mapped_column(doc="its own limit of requests an hour; empty for the general one")
    created_at: Mapped[datetime] = mapped_column(doc="when it was made")
    expires_at: Mapped[datetime] = mapped_column(doc="from when on it is refused")
    revoked_at: Mapped[datetime | None] = mapped_column(doc="when it was revoked")
    last_used_at: Mapped[datetime | None] = mapped_column(doc="when it was last used, as far as was reported")
    replaced_by: Mapped[str | None] = mapped_column(doc="the id of the key that took its place")
