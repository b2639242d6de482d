"""The state store's tables as Markdown, for the generated part of the docs: the words come from the tables themselves. Pure; writes no file."""

from typing import Any

from sqlalchemy import Column, Table

from mta_assets.contracts.describe import markdown_table
from mta_assets.state.tables import Base

_TYPES = {
    "Words": "text",
    "UtcTime": "time",
    "Date": "day",
    "JSON": "JSON",
    "LargeBinary": "bytes",
    "Float": "number",
    "Integer": "whole number",
    "Boolean": "yes or no",
}
_PLUMBING = "number"  # the column that every table has


def tables() -> str:
    """A section per table: its grain and its columns."""
    rows: list[type[Base]] = [mapper.class_ for mapper in Base.registry.mappers]
    return "\n\n".join(_section(row, Base.metadata.tables[row.__tablename__]) for row in sorted(rows, key=lambda row: row.__tablename__))


def _section(row: type[Base], table: Table) -> str:
    body = markdown_table(
        ("column", "type", "may be empty", "meaning"), [_column(column) for column in table.columns if column.name != _PLUMBING]
    )
    return f"### `{table.name}`\n\n{row.__doc__}\n\n{body}"


def _column(column: Column[Any]) -> tuple[str, str, str, str]:
    return f"`{column.name}`", _TYPES[type(column.type).__name__], "yes" if column.nullable else "no", column.doc or ""
