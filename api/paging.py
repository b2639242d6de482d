"""Pages of a table: a cursor is a place in one version of it, so that no row is seen twice or missed. What is in the table is not known here."""

import base64
from dataclasses import dataclass

import orjson
import polars as pl

from api.problems import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some rows of a table at a version."""

    offset: int
    limit: int
    version: str

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of this page."""
        return frame.slice(self.offset, self.limit)

    def next_of(self, frame: pl.DataFrame) -> str | None:
        """The cursor of the page that follows; None at the end."""
        after = self.offset + self.limit
        if after >= frame.height:
            return None
        return base64.urlsafe_b64encode(orjson.dumps([after, self.version])).decode().rstrip("=")


def window(cursor: str | None, limit: int, version: str) -> Window:
    """The page at the cursor, or the first. Raises Problem when the cursor is not one of ours or the table has changed since it was given."""
    if cursor is None:
        return Window(offset=0, limit=limit, version=version)
    try:
        offset, made_for = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        offset, made_for = -1, ""
    if type(offset) is not int or offset < 0:
        refuse("invalid_parameter", "cursor: it is not one that this server gave.", field="cursor")
    if made_for != version:
        refuse("cursor_expired", "The table has changed since this cursor was made.", field="cursor")
    return Window(offset=offset, limit=limit, version=version)
