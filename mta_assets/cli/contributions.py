"""How `mta attribute` shows what a chance of conversions rests on: a table of its own. No command of its own."""

from collections.abc import Mapping

import polars as pl

from mta_assets.analysis.output import records
from mta_assets.cli.output import say, show_table

MEANS = (
    "What each channel's touches, or that there were none, add to the log-odds of the conversions that happened, by how the model foretells them. "
    "It says what the model reads, not what brought the conversions."
)
_COLUMNS = ("channel", "effect", "touched", "contribution", "absolute")


def contributions_document(found: Mapping[str, pl.DataFrame]) -> dict[str, object]:
    """Everything that was found, for machines."""
    return {model: records(rows) for model, rows in found.items()}


def show_contributions(found: Mapping[str, pl.DataFrame], effects: pl.DataFrame) -> None:
    """A table per model, beside its raw effects; nothing when no model has any. effects: model, channel, effect."""
    for model, rows in found.items():
        own = effects.filter(model=model).select("channel", "effect")
        table = rows.join(own, on="channel", how="left", maintain_order="left").sort("absolute", "channel", descending=[True, False])
        say()
        show_table(_COLUMNS, [table.select(_COLUMNS).rows()], title=f"What {model} foretells conversions by")
        others, expected = rows.select(pl.col("others", "expected").first()).row(0) if rows.height else (0.0, 0.0)
        say(f"Beside these {others:+.2f} by earlier conversions and the calendar, from {expected:+.2f} before anything is known. {MEANS}")
