"""A range of reporting days: the unit in which the lake is read, replaced and restated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mta_assets.errors import MtaError


@dataclass(frozen=True, slots=True, order=True)
class DayRange:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise MtaError(f"The day range {self.first} to {self.last} ends before it begins; swap the two.")

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"

    def back(self, days: int) -> "DayRange":
        """The same range, begun so many days earlier."""
        return DayRange(self.first - timedelta(days=days), self.last)

    def pieces(self, days: int) -> "list[DayRange]":
        """The same days in ranges of at most so many, oldest first."""
        firsts = (self.first + timedelta(days=n) for n in range(0, len(self), days))
        return [DayRange(first, min(self.last, first + timedelta(days=days - 1))) for first in firsts]

    def widened(self, days: int) -> "DayRange":
        """The same range with so many days more on either side."""
        return DayRange(self.first - timedelta(days=days), self.last + timedelta(days=days))

    def bounds(self, timezone: str) -> tuple[datetime, datetime]:
        """The first moment of the range and the first moment after it, in UTC."""
        zone = ZoneInfo(timezone)
        start = datetime.combine(self.first, time(), zone)
        end = datetime.combine(self.last + timedelta(days=1), time(), zone)
        return start.astimezone(UTC), end.astimezone(UTC)


def contiguous(days: Iterable[date]) -> list[DayRange]:
    """The fewest ranges that hold exactly these days, in order."""
    found: list[DayRange] = []
    for day in sorted(set(days)):
        if found and day == found[-1].last + timedelta(days=1):
            found[-1] = DayRange(found[-1].first, day)
        else:
            found.append(DayRange(day, day))
    return found
