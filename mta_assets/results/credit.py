"""Credit of models over days, channels, campaigns, goals and kinds of touch: what `marts/channel_daily` says, summed as asked. Days are additive."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mta_assets.contracts.days import DayRange
from mta_assets.results.cube import Totals
from mta_assets.results.questions import Answer, Marts, Selection, checked_groups


def credit(marts: Marts, models: Iterable[str], group_by: Iterable[str], selection: Selection) -> Answer:
    """One row per model x group x currency: conversions, value (in `currency`), and whether the closing days in it may still change.

    A week is named by its Monday, a month by its first day. Raises UnknownModelError, UnavailableError and QuestionError.
    """
    found = earned(marts, marts.chosen(models), checked_groups(group_by), selection)
    return Answer(frame=found.totals.rows("provisional"), days=found.days, provisional=found.provisional)


def compare(marts: Marts, models: Iterable[str], group_by: Iterable[str], selection: Selection) -> Answer:
    """Models side by side: one row per group x currency, with each model's conversions and value as `<model>_conversions` and `<model>_value`.

    spread: the most that any two models differ by, in conversions. A group to which a model gives nothing has 0.
    """
    found = earned(marts, marts.chosen(models), checked_groups(group_by), selection)
    totals, measures = found.totals, ("conversions", "value")
    side_by_side = np.stack([totals.measures[name] for name in measures], axis=1).reshape(2 * len(totals.models), totals.groups.height)
    columns = _columns([f"{model}_{name}" for model in totals.models for name in measures], side_by_side)
    spread, provisional = np.ptp(totals.measures["conversions"], axis=0), totals.marked.any(axis=0)
    frame = totals.groups.hstack([*columns, pl.Series("spread", spread), pl.Series("provisional", provisional)])
    return Answer(frame=frame, days=found.days, provisional=found.provisional)


def _columns(names: Iterable[str], values: NDArray[np.float64]) -> list[pl.Series]:
    """One column per row of the values. Slices of one series: making a series takes longer than all that is computed for it."""
    whole, height = pl.Series(values.ravel()), values.shape[1]
    return [whole.slice(number * height, height).alias(name) for number, name in enumerate(names)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """Credit per model and group. days: the closing days that it covers; provisional: whether any may still change."""

    totals: Totals
    days: DayRange | None
    provisional: bool


def earned(marts: Marts, models: tuple[str, ...], groups: tuple[str, ...], selection: Selection) -> Earned:
    """What these models credit to each group, by currency. A group is marked where its days may still change."""
    whole, by = marts.daily(), (*groups, "currency")
    chosen = selection.chosen(whole, models)
    cube = whole.over([*by, *chosen])
    days, rows = cube.axes["day"], cube.rows(chosen)
    totals = cube.totals(rows, models, by, marts.open_days().among(days.labels))
    own = days.codes[rows]
    covered = DayRange(*(days.labels[own[end]].item() for end in (0, -1))) if len(own) else None
    return Earned(totals=totals, days=covered, provisional=bool(totals.marked.any()))
