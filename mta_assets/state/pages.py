"""Lists in pages, the newest first, by a cursor that stays right while rows come and go."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from mta_assets.errors import CursorError
from mta_assets.state.tables import Base

Row = TypeVar("Row", bound=Base)
Item = TypeVar("Item")
MAX_PAGE = 1_000
_MAX_DIGITS = 18  # of a 64-bit number


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[Item]):
    """Some of the items, the newest first. next: the cursor of the page that follows, None at the end."""

    items: tuple[Item, ...]
    next: str | None


def page_of(
    session: Session, query: Select[tuple[Row]], kind: type[Row], make: Callable[[Row], Item], *, after: str | None, limit: int
) -> Page[Item]:
    """The page of this query that follows the cursor. Raises CursorError when the cursor is none or limit is not within 1 and 1,000."""
    if not 1 <= limit <= MAX_PAGE:
        raise CursorError(f"A page holds 1 to {MAX_PAGE:,} items, not {limit}.")
    if after is not None:
        query = query.where(kind.number < _number(after))
    rows = session.scalars(query.order_by(kind.number.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(items=tuple(make(row) for row in rows[:limit]), next=str(rows[limit - 1].number) if more else None)


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
        raise CursorError(f"{cursor[:40]!r} is no cursor. Take `next` from the page before, or leave it out to begin at the newest.")
    return int(cursor)
