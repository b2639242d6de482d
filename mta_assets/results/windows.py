"""Which days a question about journeys is of: those that were asked for, else the trailing fit window. No question itself."""

from dataclasses import dataclass
from datetime import date

from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.results.questions import Marts, QuestionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days of a table. asked: what to read; covered: from the first to the last of them that has rows, None when none has."""

    asked: DayRange
    covered: DayRange | None
    provisional: bool


def window(marts: Marts, table: Table, start: date | None, end: date | None) -> Window:
    """The days from start to end. Without end, to the newest that the table has; without start, as many as the fit window has, the end included.

    A table that is partitioned by day and too large to be held: its log alone is read. Raises QuestionError when start is after end.
    """
    if start and end and start > end:
        raise QuestionError("start", f"start {start} is after end {end}; exchange them.")
    there = marts.snapshots.lake.days(table)
    last = end or max([*there[-1:], *([start] if start else [])], default=date.min)
    asked = DayRange(start or date.fromordinal(max(1, last.toordinal() - marts.config.fit_window_days + 1)), last)
    within = [day for day in there if asked.first <= day <= asked.last]
    return Window(asked=asked, covered=DayRange(within[0], within[-1]) if within else None, provisional=marts.open_days().any_of(within))
