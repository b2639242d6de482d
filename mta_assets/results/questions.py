"""What can be asked of the marts, and what every answer says of itself. No computation: each kind of question has a module of its own."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, RESTATEMENTS
from mta_assets.errors import MtaError, UnavailableError, UnknownModelError, did_you_mean
from mta_assets.models.base import AttributionModel
from mta_assets.results.cube import Cube
from mta_assets.results.methods import unavailable
from mta_assets.results.snapshots import Snapshot, Snapshots

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
    _reasons: dict[str, str | None] = field(default_factory=dict)

    def chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names, each checked; without any, every additive model that can be computed.

        Raises UnknownModelError with the nearest names, and UnavailableError for a model that this configuration cannot compute.
        """
        for name in (asked := tuple(dict.fromkeys(names))):
            if name not in self.models:
                raise UnknownModelError(f"There is no model {name!r}. {did_you_mean(name, self.models)}")
            if reason := self._unavailable(name):
                raise UnavailableError(f"{name} is not available: {reason}.")
        possible = (name for name, model in self.models.items() if model.additive and self._unavailable(name) is None)
        return asked or tuple(possible)

    def _unavailable(self, name: str) -> str | None:
        """Why a model cannot be computed, found out once."""
        if name not in self._reasons:
            self._reasons[name] = unavailable(self.models[name], self.config)
        return self._reasons[name]

    def daily(self) -> Cube:
        """`marts/channel_daily`, ready to be added up."""
        return self.snapshots.of(CHANNEL_DAILY).cube

    def open_days(self) -> "OpenDays":
        """The closing days that may still change."""
        return _open_days(self.snapshots.of(CHANNEL_DAILY), self.snapshots.of(RESTATEMENTS), self.config.settle_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDays:
    """Days that may still change: the data do not reach `settle_days` past them, or their recomputation is pending."""

    settled: date
    pending: frozenset[date]

    def among(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Per day, whether it is one of them."""
        return (days > np.datetime64(self.settled)) | np.isin(days, np.array(sorted(self.pending), dtype="datetime64[D]"))

    def any_of(self, days: Iterable[date]) -> bool:
        """Whether any of the days is one of them."""
        return any(day > self.settled or day in self.pending for day in days)


@lru_cache(maxsize=1)
def _open_days(daily: Snapshot, restatements: Snapshot, settle_days: int) -> OpenDays:
    """The same until either table changes."""
    days = daily.cube.axes["day"].labels
    settled = days[-1].item() - timedelta(days=settle_days) if len(days) else date.max
    pending = restatements.frame["day"].filter(restatements.frame["status"] != "done")
    return OpenDays(settled=settled, pending=frozenset(pending))


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
        kept += [pl.col("day").is_between(self.start or date.min, self.end or date.max)] if self.start or self.end else []
        for name in DIMENSIONS:
            if (wanted := getattr(self, name)) and name in frame.columns:
                kept.append(pl.col(name).is_in(list(wanted)))
        return frame.filter(*kept) if kept else frame

    def chosen(self, cube: Cube, models: Collection[str]) -> dict[str, NDArray[np.bool_]]:
        """The same of a cube: for each axis that it bounds, which labels count."""
        days = cube.axes["day"].labels
        within = (days >= np.datetime64(self.start or date.min)) & (days <= np.datetime64(self.end or date.max))
        asked = {"model": models} | {name: wanted for name in DIMENSIONS if (wanted := getattr(self, name))}
        among = {name: cube.axes[name].among(labels) for name, labels in asked.items()}
        return {"day": within} | {name: wanted for name, wanted in among.items() if not wanted.all()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows, and what they are of. days: the closing days that they cover, None when there are none; provisional: whether any may still change."""

    frame: pl.DataFrame
    days: DayRange | None
    provisional: bool
    notes: tuple[str, ...] = field(default=())


def checked_groups(group_by: Iterable[str]) -> tuple[str, ...]:
    """The columns to group by, each once, times first. Raises QuestionError with the nearest right names."""
    asked = set(group_by)
    for name in asked - {*TIMES, *DIMENSIONS}:
        raise QuestionError("group_by", f"group_by: there is no {name!r}. {did_you_mean(name, (*TIMES, *DIMENSIONS))}")
    return tuple(name for name in (*TIMES, *DIMENSIONS) if name in asked)
