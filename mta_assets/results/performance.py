"""Credit beside spend per channel: the trailing fit window as the mart has it, or any range of days added up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, SPEND_DAILY
from mta_assets.marts.performance import with_spend
from mta_assets.pipeline.learning import fit_window
from mta_assets.results.bands import with_bands
from mta_assets.results.credit import credit
from mta_assets.results.questions import Answer, Marts, Selection

Basis = Literal["fit_window", "daily"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """An answer, over what it is, and the level of its bands; None where it has none."""

    answer: Answer
    basis: Basis
    band_level: float | None = None


def performance(marts: Marts, models: Iterable[str], selection: Selection) -> Performance:
    """One row per model x channel x currency: conversions, value, cost, roas (value / cost) and cpa (cost / conversions).

    Without start and end, over the fit window that ends on the newest closing day, where a learned model is fitted once on that very window, as
    `mta attribute` does on the window's files (fit_window), and with the bands of that day. With either, the credit of each day added up, of which each
    was fitted on its own window (daily), without bands. What a model could not estimate on some of the days has no roas.
    """
    chosen = marts.chosen(models)
    if selection.start is None and selection.end is None:
        return _of_window(marts, chosen, selection)
    credited = credit(marts, chosen, ["channel"], selection)
    spend = selection.rows(marts.snapshots.of(SPEND_DAILY).frame)
    frame = with_spend(credited.frame.drop("provisional"), spend, ["channel"], _unestimated(marts, chosen, selection))
    return Performance(answer=Answer(frame=frame, days=credited.days, provisional=credited.provisional), basis="daily")


def _of_window(marts: Marts, chosen: tuple[str, ...], selection: Selection) -> Performance:
    whole = marts.snapshots.of(CHANNEL_PERFORMANCE).frame
    newest: date | None = whole.select(pl.col("day").max()).item()
    bands = marts.snapshots.of(BANDS).frame.filter(pl.col("day") == newest)
    if newest is None:
        return Performance(answer=Answer(frame=with_bands(whole, bands).drop("day"), days=None, provisional=False), basis="fit_window")
    rows = selection.rows(whole.filter(pl.col("day") == newest), chosen)
    provisional = marts.open_days().any_of(rows["day"].unique())
    frame = with_bands(_in_order(rows, chosen).drop("day"), bands)
    answer = Answer(frame=frame, days=fit_window(marts.config, newest), provisional=provisional)
    return Performance(answer=answer, basis="fit_window", band_level=float(bands["level"][0]) if bands.height else None)


def _unestimated(marts: Marts, chosen: tuple[str, ...], selection: Selection) -> pl.DataFrame:
    """model, channel of which on some of the days the model could not tell what they brought: the mart has their spend and no return on it."""
    rows = selection.rows(marts.snapshots.of(CHANNEL_PERFORMANCE).frame, chosen)
    return rows.filter(pl.col("cost") > 0, pl.col("roas").is_null()).select("model", "channel").unique()


def _in_order(frame: pl.DataFrame, models: tuple[str, ...]) -> pl.DataFrame:
    rank = pl.DataFrame({"model": models}, schema={"model": pl.String}).with_row_index("rank")
    return frame.join(rank, on="model").sort("rank", maintain_order=True).drop("rank")
