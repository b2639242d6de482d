"""A result of rows: iterated page after page as they are asked for, or had at once as CSV, Parquet, Arrow or a Polars frame."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mta_assets.client.decode import decode
from mta_assets.client.transport import Query, Transport

if TYPE_CHECKING:
    import polars as pl

Row = TypeVar("Row")
CSV, PARQUET, ARROW = "text/csv", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"


@dataclass
class Rows(Generic[Row]):
    """The rows of a result. Nothing is fetched before it is needed; `about` is what the first page says besides its rows."""

    transport: Transport
    path: str
    query: Query
    row: type[Row]
    _first: dict[str, Any] | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Row]:
        """Every row. Raises ApiProblem `cursor_expired` when the table changes in between: begin again."""
        page = self._page()
        while True:
            yield from (decode(self.row, each) for each in page["data"])
            if page.get("next_cursor") is None:
                return
            page = self.transport.json("GET", self.path, {**self.query, "cursor": page["next_cursor"]})

    @property
    def about(self) -> Mapping[str, Any]:
        """What the result says of itself: days, version, whether it is provisional, totals."""
        return {name: value for name, value in self._page().items() if name not in {"data", "next_cursor"}}

    def as_bytes(self, media: str = CSV) -> bytes:
        """All rows in this format, in one request."""
        return self.transport.send("GET", self.path, self.query, accept=media).content

    def to_polars(self) -> "pl.DataFrame":
        """All rows as a frame, in one request. It needs polars."""
        import polars as pl  # noqa: PLC0415  only for who wants frames

        return pl.read_ipc_stream(io.BytesIO(self.as_bytes(ARROW)))

    def _page(self) -> dict[str, Any]:
        if self._first is None:
            self._first = self.transport.json("GET", self.path, self.query)
        return self._first
