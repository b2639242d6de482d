"""How results look on stdout: tables, rounded numbers, JSON. A terminal gets rules and bold; a pipe gets plain aligned text."""

import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import click
import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Cell = str | int | float | Decimal | date | None
NOTHING = "-"
_PLAIN_WIDTH = 1_000  # a pipe has no width: nothing is cut or wrapped
_PAGE_WIDTH, _NARROWEST = 100, 40  # of prose


def show_table(columns: Sequence[str], groups: Iterable[Sequence[Sequence[Cell]]], *, title: str = "") -> None:
    """Rows under their headings; numbers right-aligned and rounded, groups apart from each other."""
    console = Console()
    plain = not console.is_terminal
    if plain:
        console = Console(width=_PLAIN_WIDTH)
    table = Table(
        title=Text(title, style="bold") if title else None, title_justify="left", box=None if plain else box.SIMPLE, pad_edge=False
    )
    grouped = [list(rows) for rows in groups if rows]
    for index, name in enumerate(columns):
        numeric = any(isinstance(row[index], int | float | Decimal) for rows in grouped for row in rows)
        table.add_column(Text(name), justify="right" if numeric else "left", no_wrap=plain, overflow="fold")
    for position, rows in enumerate(grouped):
        for row in rows:
            table.add_row(*(Text(shown(cell)) for cell in row))
        if position < len(grouped) - 1:
            table.add_row(*("" for _ in columns)) if plain else table.add_section()
    console.print(table)


def shown(cell: Cell) -> str:
    """A cell as a person reads it: thousands separated, two decimals, a dash for nothing."""
    match cell:
        case None:
            return NOTHING
        case bool():
            return "yes" if cell else "no"
        case int():
            return f"{cell:,}"
        case float() | Decimal():
            return f"{cell:,.2f}"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
        case _:
            return str(cell)


def counted(amount: float) -> str:
    """A count that may be weighted: without decimals when it is whole."""
    return f"{amount:,.0f}" if abs(amount - round(amount)) < 0.005 else f"{amount:,.2f}"


def say_prose(text: str, indent: int = 0, head: str = "") -> None:
    """A sentence or more in lines as wide as the terminal, or a page in a pipe. head: what stands before them, bold in a terminal."""
    width = max(_NARROWEST, min(Console().width, _PAGE_WIDTH)) if sys.stdout.isatty() else _PAGE_WIDTH
    margin = " " * indent
    lines = textwrap.fill(f"{head} {text}".lstrip(), width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    click.echo(lines.replace(head, click.style(head, bold=True), 1) if head else lines)


def say(line: str = "") -> None:
    """One line of text, as it is."""
    click.echo(line)


def show_json(document: Mapping[str, object] | Sequence[object]) -> None:
    """The document on stdout, for machines: full precision, exact money as text-free numbers where a double holds them."""
    click.echo(json_bytes(document).decode())


def json_bytes(document: object) -> bytes:
    """JSON with a line per key; amounts of money become numbers, dates ISO text."""
    return orjson.dumps(document, default=_plain_value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)


def _plain_value(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
