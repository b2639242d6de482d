"""What channels added and returned, as `marts/incrementality` has it. No computation."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.pipeline.learning import fit_window
from mta_assets.results.questions import Answer, Marts, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Incrementality:
    """An answer, and the level of its bands; None where there are no rows."""

    answer: Answer
    band_level: float | None


def incrementality(marts: Marts, channels: tuple[str, ...] = ()) -> Incrementality:
    """One row per model of increments x channel x currency, over the fit window that ends on the newest closing day. channels: only these; all when empty."""
    whole = marts.snapshots.of(INCREMENTALITY).frame
    newest: date | None = whole.select(pl.col("day").max()).item()
    if newest is None:
        return Incrementality(answer=Answer(frame=whole.drop("day"), days=None, provisional=False), band_level=None)
    rows = Selection(channel=channels).rows(whole.filter(pl.col("day") == newest))
    answer = Answer(frame=rows.drop("day"), days=fit_window(marts.config, newest), provisional=marts.open_days().any_of([newest]))
    return Incrementality(answer=answer, band_level=float(whole["level"][0]))
