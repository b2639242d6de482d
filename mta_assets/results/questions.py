"""What can be asked of the marts, and what every answer says of itself. No computation: each kind of question has a module of its own."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, RESTATEMENTS
from mta_assets.errors import MtaError, UnavailableError, UnknownModelError, did_you_mean
from mta_assets.models.base import AttributionModel
from mta_assets.results.methods import unavailable
from mta_assets.results.snapshots import Snapshots

TIMES: Final = ("day", "week", "month")
DIMENSIONS: Final = ("channel", "campaign", "goal", "kind")


class QuestionError(MtaError):
    """A question that has no answer as it was put. field: the part at fault."""

    def __init__(self, field_: str, message: str) -> None:
        super().__init__(message)
        self.field = field_


@dataclass(frozen=True, slots=True, kw_only=True)
class Marts:
    """Where answers come from: the marts, and the models that they hold."""

    snapshots: Snapshots
    config: Config
    models: Mapping[str, AttributionModel]

    def chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names, each checked; without any, every additive model that can be computed.

        Raises UnknownModelError with the nearest names, and UnavailableError for a model that this configuration cannot compute.
        """
        for name in (asked := tuple(dict.fromkeys(names))):
            if name not in self.models:
                raise UnknownModelError(f"There is no model {name!r}. {did_you_mean(name, self.models)}")
            if reason := unavailable(self.models[name], self.config):
                raise UnavailableError(f"{name} is not available: {reason}.")
        possible = (name for name, model in self.models.items() if model.additive and unavailable(model, self.config) is None)
        return asked or tuple(possible)

    def provisional(self) -> pl.Expr:
        """Whether the closing day of a row may still change: the data do not reach `settle_days` past it, or its recomputation is pending."""
        newest: date | None = self.snapshots.of(CHANNEL_DAILY).frame.select(pl.col("day").max()).item()
        pending = self.snapshots.of(RESTATEMENTS).frame.filter(pl.col("status") != "done")["day"].unique()
        settled = date.max if newest is None else newest - timedelta(days=self.config.settle_days)
        return (pl.col("day") > settled) | pl.col("day").is_in(pending.implode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows of `marts/channel_daily` count. start, end: closing days, both included; a filter that is empty lets everything through."""

    start: date | None = None
    end: date | None = None
    channel: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    goal: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start and self.end and self.start > self.end:
            raise QuestionError("start", f"start {self.start} is after end {self.end}; exchange them.")

    def rows(self, frame: pl.DataFrame, models: Collection[str] | None = None) -> pl.DataFrame:
        """The rows that count. A filter for a column that the frame does not have lets everything through."""
        kept = [pl.col("model").is_in(list(models))] if models is not None else []
        kept += [pl.col("day") >= self.start] if self.start else []
        kept += [pl.col("day") <= self.end] if self.end else []
        for name in DIMENSIONS:
            if (wanted := getattr(self, name)) and name in frame.columns:
                kept.append(pl.col(name).is_in(list(wanted)))
        return frame.filter(*kept) if kept else frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows, and what they are of. days: the closing days that they cover, None when there are none; provisional: whether any may still change."""

    frame: pl.DataFrame
    days: DayRange | None
    provisional: bool
    notes: tuple[str, ...] = field(default=())


def days_of(rows: pl.DataFrame) -> DayRange | None:
    """From the first to the last day of the rows."""
    return DayRange(rows["day"].min(), rows["day"].max()) if rows.height else None  # type: ignore[arg-type]  # a Date column has dates


def by_period(frame: pl.DataFrame, group_by: Collection[str]) -> pl.DataFrame:
    """The frame with the columns week (its Monday) and month (its first day) where they are asked for."""
    truncated = {"week": "1w", "month": "1mo"}
    return frame.with_columns(pl.col("day").dt.truncate(every).alias(name) for name, every in truncated.items() if name in group_by)


def checked_groups(group_by: Iterable[str]) -> tuple[str, ...]:
    """The columns to group by, each once, times first. Raises QuestionError with the nearest right names."""
    asked = set(group_by)
    for name in asked - {*TIMES, *DIMENSIONS}:
        raise QuestionError("group_by", f"group_by: there is no {name!r}. {did_you_mean(name, (*TIMES, *DIMENSIONS))}")
    return tuple(name for name in (*TIMES, *DIMENSIONS) if name in asked)
