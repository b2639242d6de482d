"""Lists of what changes one by one: the newest first, in pages. No resource of its own."""

from pydantic import Field

from api.schemas.base import Model


class ListQuery(Model):
    """Which part of the list."""

    limit: int = Field(100, ge=1, le=1_000, description="How many a page has.")
    cursor: str | None = Field(
        None, max_length=200, description="`next_cursor` of the page before; without it, the newest.", examples=["42"]
    )


class Listing(Model):
    """What every list says of itself."""

    next_cursor: str | None = Field(description="The cursor of the page that follows; null at the end.", examples=["42"])
