"""`mta validate`: what is wrong with a file, row by row, with what to do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import polars as pl

from mta_assets.analysis.output import check_writable, records, write
from mta_assets.analysis.recognise import FileKind, GivenFile
from mta_assets.analysis.validate import Validation, validate
from mta_assets.cli.options import FILE, configuration, reading_options
from mta_assets.cli.output import say, show_json, show_table
from mta_assets.cli.progress import progress

SHOWN = 20
REJECTED = 1  # exit code


@click.command(name="validate")
@click.argument("file", type=FILE)
@click.option("--kind", type=click.Choice(get_args(FileKind)), help="What the rows are. [default: by the columns]")
@reading_options
@click.option(
    "--rejected", type=FILE, metavar="FILE", help="Write every rejected row with its reason to FILE.csv, FILE.json or FILE.parquet."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    kind: FileKind | None,
    columns: dict[str, str],
    timezone: str | None,
    config_path: Path | None,
    rejected: Path | None,
    as_json: bool,
) -> None:
    """Say what is wrong with FILE, row by row, and what to do about it.

    Each row is checked as `mta ingest` and `mta attribute` check it. Row numbers are those of a spreadsheet: the header is row 1.

    \b
    Examples:
      mta validate events.csv
      mta validate orders.csv --kind conversions --columns ts=created_at,user_id=customer_id,value=total_price
      mta validate events.csv --rejected rejected.csv

    \b
    Exit codes: 0 every row can be used, 1 some rows are rejected, 2 the file as a whole cannot be read.
    """  # noqa: D301  click's own mark for lines that stay as they are
    if rejected:
        check_writable(rejected)
    config = configuration(config_path)
    with progress() as notify:
        found = validate(GivenFile(path=file, kind=kind), columns, timezone, config, datetime.now(UTC), notify)
    if rejected:
        write(found.rejected, rejected)
    if as_json:
        show_json(document(found))
    else:
        show(found, rejected)
    if found.rejected.height:
        ctx.exit(REJECTED)


def document(found: Validation) -> dict[str, object]:
    """Everything that was found, for machines."""
    rows = found.rows
    return {
        "file": found.file.given.shown,
        "kind": found.file.kind,
        "rows": {"read": rows.read, "accepted": rows.accepted, "quarantined": rows.quarantined, "duplicates": rows.duplicates},
        "reasons": records(found.reasons),
        "rejected": records(found.rejected),
    }


def show(found: Validation, rejected: Path | None) -> None:
    """The findings for a person: the counts, the reasons with their remedies, the first rejected rows."""
    rows = found.rows
    say(f"{found.file.given.shown}: {found.file.kind.replace('_', ' ')}")
    say(
        f"{rows.read:,} rows read = {rows.accepted:,} accepted + {rows.quarantined:,} quarantined + {rows.duplicates:,} duplicates"
        f"{'' if rows.quarantined else '. Every row can be used.'}"
    )
    if found.rejected.is_empty():
        return
    say()
    show_table(("rows", "column", "reason", "what to do"), [found.reasons.select("rows", "column", "reason", "remedy").rows()])
    say()
    first = found.rejected.head(SHOWN)
    show_table(
        ("row", "column", "value", "reason"), [_printable(first).rows()], title=f"The first {first.height:,} of {rows.quarantined:,}:"
    )
    if rejected:
        say(f"\nAll of them, with the whole row, are in {rejected}.")
    elif rows.quarantined > SHOWN:
        say("\nAll of them: add --rejected rejected.csv")


def _printable(rejected: pl.DataFrame) -> pl.DataFrame:
    """Cells without control characters, which a terminal would obey."""
    harmless = pl.col("column", "value", "reason").str.replace_all(r"\p{C}", "\u00b7")
    return rejected.select(pl.col("row").cast(pl.String), harmless)
