"""What a raw file of each kind may carry, as Markdown, for the generated parts of the docs. Pure; writes no file."""

from mta_assets.contracts.describe import markdown_table
from mta_assets.ingest.fields import EVIDENCE, FIELDS, Field


def kinds() -> str:
    """A section per kind of source: its columns, which it cannot do without, and what an empty cell means."""
    return "\n\n".join(f"### `{kind}`\n\n{_evidence(EVIDENCE[kind])}{_fields(fields)}" for kind, fields in FIELDS.items())


def _fields(fields: tuple[Field, ...]) -> str:
    return markdown_table(("column", "meaning", "required", "when empty"), map(_row, fields))


def _row(field: Field) -> tuple[str, ...]:
    names = " or ".join(f"`{name}`" for name in field.names)
    return (names, field.meaning, "yes" if field.required else "no", "nothing" if field.default is None else f"`{field.default}`")


def _evidence(columns: tuple[str, ...]) -> str:
    return f"At least one of {', '.join(f'`{name}`' for name in columns)} must be there.\n\n" if columns else ""
