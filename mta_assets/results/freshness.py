"""How old the newest data of each source and table are, against the policy that `mta.yaml` has for it. The clock is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

import polars as pl

from mta_assets.config_freshness import FreshnessPolicy
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CORE, FILES
from mta_assets.pipeline.run import tables
from mta_assets.results.questions import Marts

Status = Literal["fresh", "late", "stale", "empty"]
WORST: Final[tuple[Status, ...]] = ("stale", "late", "fresh")  # the word for many is the first of these that one of them has
# How many of the newest days are searched for a source before all of them are.
RECENT_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old a source or a table is. newest_day: the last that has rows; written_at: when rows last came; age_hours: since the end of that day.

    age_hours is 0 on a day that has not ended, and None where there is no row. silent: whether a source that has delivered delivers nothing any more.
    """

    kind: Literal["source", "table"]
    name: str
    newest_day: date | None
    written_at: datetime | None
    age_hours: float | None
    policy: FreshnessPolicy
    status: Status
    silent: bool


def status_of(policy: FreshnessPolicy, age_hours: float | None, written: datetime | None, now: datetime) -> Status:
    """What the policy calls data of this age, or data that last came at this moment where it has deadlines."""
    if age_hours is None:
        return "empty"
    needed = policy.needed_since(now)
    if needed is None:
        return "fresh" if age_hours <= policy.late_after_hours else "late" if age_hours <= policy.stale_after_hours else "stale"
    if written is not None and written >= needed:
        return "fresh"
    needed_before = policy.needed_since(now, deadlines=2)
    return "late" if written is not None and needed_before is not None and written >= needed_before else "stale"


def is_silent(policy: FreshnessPolicy, written: datetime | None, now: datetime) -> bool:
    """Whether a source of which a file was last read at this moment should have delivered since. One that never has is not missed."""
    if written is None:
        return False
    needed = policy.needed_since(now)
    return written < (needed or now - timedelta(hours=policy.silent_after_hours))


@dataclass(slots=True)
class Freshness:
    """The newest day of everything, looked up anew when its table has another version."""

    marts: Marts
    _known: dict[str, tuple[str, date | None, datetime | None]] = field(default_factory=dict)
    _sources: tuple[str, Mapping[str, tuple[date | None, datetime | None]]] = ("", MappingProxyType({}))

    def watched(self) -> tuple[Table, ...]:
        """The tables that have days."""
        return tuple(table for table in tables(self.marts.models) if table.partition)

    def version(self) -> str:
        """Of all that it is made of."""
        return self.marts.snapshots.version_unread(FILES, *self.watched())

    def ages(self, now: datetime) -> list[Age]:
        """Every source, then every table in the order in which data flow."""
        config = self.marts.config.freshness
        sources = [self._age("source", name, *found, config.of_source(name), now) for name, found in sorted(self._of_sources().items())]
        return sources + [
            self._age("table", table.name, *self._of_table(table), config.of_table(table.name), now) for table in self.watched()
        ]

    def _age(
        self,
        kind: Literal["source", "table"],
        name: str,
        newest: date | None,
        written: datetime | None,
        policy: FreshnessPolicy,
        now: datetime,
    ) -> Age:
        hours = None if newest is None else max(0.0, (now - self._end_of(newest)) / timedelta(hours=1))
        return Age(
            kind=kind,
            name=name,
            newest_day=newest,
            written_at=written,
            age_hours=hours,
            policy=policy,
            status=status_of(policy, hours, written, now),
            silent=kind == "source" and is_silent(policy, written, now),
        )

    def _end_of(self, day: date) -> datetime:
        return DayRange(day, day).bounds(self.marts.config.reporting_timezone)[1]

    def _of_table(self, table: Table) -> tuple[date | None, datetime | None]:
        version, lake = self.marts.snapshots.version_unread(table), self.marts.snapshots.lake
        known = self._known.get(table.name)
        if known is None or known[0] != version:
            newest = max(lake.days(table), default=None)
            known = self._known[table.name] = (version, newest, lake.written_at(table))
        return known[1:]

    def _of_sources(self) -> Mapping[str, tuple[date | None, datetime | None]]:
        """Source -> its newest day of core rows, and when a file of it was last read."""
        version = self.marts.snapshots.version_unread(FILES, *CORE.values())
        if self._sources[0] != version:
            days = self._newest_of_sources(RECENT_DAYS)
            read = self.marts.snapshots.lake.read(FILES).group_by("source_name").agg(pl.col("ingested_at").max())
            ingested: dict[str, datetime] = dict(read.iter_rows())
            if set(ingested) - set(days):
                days = self._newest_of_sources(None)
            names = {*self.marts.config.declared_sources, *ingested} if self.marts.config.sources else set(ingested)
            self._sources = (version, {name: (days.get(name), ingested.get(name)) for name in names})
        return self._sources[1]

    def _newest_of_sources(self, recent: int | None) -> dict[str, date]:
        """Source -> the newest day among the last so many of each core table, or among all."""
        lake, found = self.marts.snapshots.lake, [pl.LazyFrame(schema={"source_name": pl.String, "day": pl.Date})]
        for table in CORE.values():
            there = lake.days(table)
            if there:
                first = there[0] if recent is None else there[-1] - timedelta(days=recent)
                found.append(lake.scan(table, DayRange(first, there[-1])).select("source_name", "day").unique())
        return dict(lake.collect(pl.concat(found).group_by("source_name").agg(pl.col("day").max()), "core").iter_rows())
