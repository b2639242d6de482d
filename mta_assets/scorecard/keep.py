"""The scorecard's tables in the lake. The only module here that writes."""

import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.contracts.scorecard import PREDICTIONS, SCORECARD
from mta_assets.lake.lake import Lake
from mta_assets.scorecard.run import Card


def keep(lake: Lake, card: Card) -> dict[Table, pl.DataFrame]:
    """Writes the card in place of what was known of its worlds. Returns what was written."""
    written = {SCORECARD: SCORECARD.conform(card.rows), PREDICTIONS: PREDICTIONS.conform(card.predictions)}
    for table, frame in written.items():
        for world in frame["world"].unique(maintain_order=True):
            lake.replace_where(table, frame.filter(world=world), {"world": world})
    return written
