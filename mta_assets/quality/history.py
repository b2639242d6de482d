"""Days to judge with the days before them: the profile of both, cut into series of numbers. Pure: frames in, arrays out; it judges nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from mta_assets.config_checks import ChecksConfig
from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.contracts.days import DayRange

Subject = tuple[str, str]  # source and part, of which either may be empty


@dataclass(frozen=True, kw_only=True)
class Series:
    """One measure, day by day. amount: (days, subjects), 0 where the profile has no row, nan where nothing can be said."""

    subjects: tuple[Subject, ...]
    amount: Floats

    def over(self, of: Callable[[Subject], Subject]) -> "Series":
        """Summed over the subjects that this makes equal."""
        subjects = tuple(sorted({of(subject) for subject in self.subjects}))
        index = {subject: number for number, subject in enumerate(subjects)}
        total = np.zeros((len(self.amount), len(subjects)))
        for column, subject in enumerate(self.subjects):
            total[:, index[of(subject)]] += self.amount[:, column]
        return Series(subjects=subjects, amount=total)

    def of(self, subjects: Sequence[Subject]) -> Floats:
        """(days, these subjects): 0 for one that it does not have."""
        index = {subject: number for number, subject in enumerate(self.subjects)}
        absent = np.zeros(len(self.amount))
        columns = [self.amount[:, index[subject]] if subject in index else absent for subject in subjects]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.amount), 0))

    def begun(self) -> "Series":
        """Nothing is said of a subject before its first day."""
        seen = np.maximum.accumulate(np.nan_to_num(self.amount) != 0, axis=0)
        return replace(self, amount=np.where(seen, self.amount, np.nan))

    def where(self, said: Bools) -> "Series":
        """Nothing is said elsewhere. said: (days, subjects)."""
        return replace(self, amount=np.where(said, self.amount, np.nan))

    @staticmethod
    def joined(parts: Sequence["Series"]) -> "Series":
        """The subjects of all of them, of the same days."""
        return Series(
            subjects=tuple(subject for part in parts for subject in part.subjects),
            amount=np.concatenate([part.amount for part in parts], axis=1),
        )


def by_source(subject: Subject) -> Subject:
    """The source, whatever the part."""
    return (subject[0], "")


def by_part(subject: Subject) -> Subject:
    """The part, whatever the source."""
    return ("", subject[1])


@dataclass(frozen=True, kw_only=True)
class History:
    """What is known of some days and of those before them.

    profile: rows (day, measure, source_name, part, amount) of `core/event_profile` or `core/journey_profile`, from `first` on, and of what is ahead.
    first: the first day that could have rows; days: those to be judged; waited_until: from this day on, a source without rows of the day or a later one
    may only be late.
    """

    profile: pl.DataFrame
    first: date
    days: DayRange
    waited_until: date
    config: ChecksConfig
    _series: dict[str, Series] = field(default_factory=dict, compare=False, repr=False)

    @property
    def history_days(self) -> int:
        """How many days before a day are its history."""
        return 7 * self.config.history_weeks

    def row(self, day: date) -> int:
        """The row of a day in every series."""
        return (day - self.first).days

    def day(self, row: int) -> date:
        """The day of a row."""
        return self.first + timedelta(days=row)

    def total_since(self, measure: str, source: str, since: date) -> float:
        """The sum of a measure of one source over a day and all that follow, those that have not ended among them."""
        rows = self.profile.filter(pl.col("measure") == measure, pl.col("source_name") == source, pl.col("day") >= since)
        return float(rows["amount"].sum())

    def series(self, measure: str) -> Series:
        """A measure by source and part; days on which a source may only be late, and what was before a known change, are nan."""
        if measure not in self._series:
            self._series[measure] = self._known(self._read(measure))
        return self._series[measure]

    def _read(self, measure: str) -> Series:
        rows = self.profile.filter(pl.col("measure") == measure, pl.col("day").is_between(self.first, self.days.last))
        subjects = tuple(sorted(rows.select("source_name", "part").unique().iter_rows()))
        index = {subject: number for number, subject in enumerate(subjects)}
        amount = np.zeros((self.row(self.days.last) + 1, len(subjects)))
        columns = [index[subject] for subject in rows.select("source_name", "part").iter_rows()]
        days = rows.select((pl.col("day") - pl.lit(self.first)).dt.total_days()).to_series().to_numpy()
        amount[days, columns] = rows["amount"].to_numpy()
        return Series(subjects=subjects, amount=amount)

    def _known(self, series: Series) -> Series:
        said = np.ones_like(series.amount, dtype=np.bool_)
        newest: dict[str, date] = dict(self.profile.group_by("source_name").agg(pl.col("day").max()).iter_rows())
        for column, (source, part) in enumerate(series.subjects):
            may_be_late = max(self.waited_until, newest[source] + timedelta(days=1))
            said[self.row(may_be_late) :, column] = False
            for change in self.config.known_changes:
                if change.source in (None, source) and change.part in (None, part):
                    said[: max(self.row(change.day), 0), column] = False
        return series.where(said)


def window(days: DayRange, config: ChecksConfig) -> DayRange:
    """The days of which the profile is needed to judge these."""
    return DayRange(days.first - timedelta(days=7 * config.history_weeks), days.last)
