"""How `mta attribute` shows what channels added: a table of its own, and which experiments do not count. No command of its own."""

import polars as pl

from mta_assets.analysis.incrementality import Incrementality
from mta_assets.analysis.output import records
from mta_assets.cli.output import Cell, say, show_table, shown
from mta_assets.marts.incrementality import COVERS

_COLUMNS = (
    "channel",
    "role",
    "estimated",
    "calibrated",
    "band",
    "multiplier",
    "its band",
    "basis",
    "valid until",
    "ROAS",
    "iROAS",
    "its band",
)


def incrementality_document(found: Incrementality) -> dict[str, object]:
    """Everything that was found, for machines."""
    return {"rows": records(found.rows), "experiments": records(found.experiments), "left_out": list(found.left_out), "bands": COVERS}


def show_incrementality(found: Incrementality) -> None:
    """A table per model and currency; nothing when no model estimates increments."""
    for (model, currency), rows in found.rows.group_by("model", "currency", maintain_order=True):
        say()
        unit = f", ROAS in {currency}" if rows["cost"].null_count() < rows.height else ""
        show_table(
            _COLUMNS,
            [[_cells(row) for row in rows.to_dicts()]],
            title=f"What channels added, by {model}{unit}; bands of {rows['level'][0]:.0%}",
        )
        for doubt in rows["doubt"].drop_nulls().unique():
            say(f"Not to be trusted here: {doubt}.")
    if found.rows.height:
        say(COVERS)
    _show_reasons(found.rows)
    for sentence in found.left_out:
        say(sentence)


def _cells(row: dict[str, object]) -> tuple[Cell, ...]:
    given: dict[str, Cell] = {name: value for name, value in row.items() if value is None or isinstance(value, Cell)}
    plain = ("channel", "role", "increment", "calibrated", "multiplier", "basis", "valid_until", "roas", "iroas")
    cells = {name: given[name] for name in plain}
    banded = {name: _between(given, name) for name in ("calibrated", "multiplier", "iroas")}
    return (
        *(cells[name] for name in ("channel", "role", "increment", "calibrated")),
        banded["calibrated"],
        cells["multiplier"],
        banded["multiplier"],
        *(cells[name] for name in ("basis", "valid_until", "roas", "iroas")),
        banded["iroas"],
    )


def _between(row: dict[str, Cell], name: str) -> str | None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return None if low is None or high is None else f"{shown(low)} .. {shown(high)}"


def _show_reasons(rows: pl.DataFrame) -> None:
    """Why channels have no experiment of their own behind them, each reason once."""
    grouped = rows.drop_nulls("reason").group_by("reason", maintain_order=True).agg(pl.col("channel").unique(maintain_order=True))
    for reason, channels in grouped.iter_rows():
        say(f"{', '.join(channels)}: {reason}.")
