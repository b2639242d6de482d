"""The list of closing days that must be recomputed, and why: announced before a core write, exact after it, done when the results are written."""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange, contiguous
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, CONVERSIONS, JOURNEYS, RESTATEMENTS, TOUCHPOINTS
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.kept import changes_since
from mta_assets.pipeline.window import closed_journeys
from mta_assets.telemetry.streams import business

DAY_ENDED = "the day has ended"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What to recompute: closing (journeys and all that follows) and fit (only what learned models and marts make of other days)."""

    closing: tuple[DayRange, ...]
    fit: tuple[DayRange, ...]

    @property
    def in_order(self) -> list[tuple[str, DayRange]]:
        """(scope, days), the oldest days first: what a day's window says needs the days before it to be up to date."""
        both = [*(("closing", days) for days in self.closing), *(("fit", days) for days in self.fit)]
        return sorted(both, key=lambda work: work[1])


def announce(lake: Lake, first: date | None, days: DayRange, now: datetime) -> str:
    """Note, before core days are written, from which day on results may become stale. Returns the restatement's id."""
    restatement = uuid.uuid4().hex
    if first is not None:
        _put(lake, restatement, [(first, "closing")], "announced", f"core days {days}", now)
    return restatement


def resolve(
    lake: Lake, config: Config, restatement: str, changed: pl.DataFrame, spend_days: pl.Series, now: datetime
) -> tuple[list[date], list[date]]:
    """Put the exact closing days in the place of the announcement. changed: (user, day) of core events that came, went or changed.

    Announcements that an earlier run left behind when it died are made whole too: everything from their day on counts as stale.
    Returns the closing days that are stale, and those that would be if their results were not final.
    """
    today = _last_day(lake, config, now)
    stale = set(_stale_closings(lake, config, changed, today))
    for restatement_id, day in _left_behind(lake, restatement):
        last = max(day, newest_day(lake) or day) + timedelta(days=math.ceil(config.lookback_days) + 1)
        stale.update(DayRange(day, max(day, min(today, last))))
        lake.delete_where(RESTATEMENTS, {"restatement_id": restatement_id})
    first = changes_since(lake, config) or date.min
    # A model that looks at the events themselves sees a change on its own day, which may be before any journey that it changes closes.
    fits = {day for day in _later_fits(stale | set(spend_days) | set(changed["day"]), config, today) if day >= first}
    final = sorted(day for day in stale if day < first)
    stale.difference_update(final)
    marked = [(day, "closing") for day in sorted(stale)] + [(day, "fit") for day in sorted(fits - stale)]
    _put(lake, restatement, marked, "pending", f"{changed.height} changed events, {len(spend_days)} changed rows of spend", now)
    return sorted(stale), final


def close_day(lake: Lake, day: date, now: datetime) -> None:
    """Ask for a day to be closed though nothing arrived for it: journeys expire all the same."""
    _put(lake, uuid.uuid4().hex, [(day, "closing")], "pending", DAY_ENDED, now)


def last_ended(lake: Lake) -> date | None:
    """The last day that `close_day` was called for."""
    ended = lake.scan(RESTATEMENTS).filter(pl.col("cause") == DAY_ENDED)
    day: date | None = lake.collect(ended.select(pl.col("day").max())).item()
    return day


def pending(lake: Lake) -> Work:
    """What is to be recomputed now, as the fewest ranges. A day whose journeys are to be closed anyway is not fitted twice."""
    rows = lake.read(RESTATEMENTS).filter(pl.col("status") == "pending")
    closing = set(rows.filter(pl.col("scope") == "closing")["day"])
    fit = set(rows.filter(pl.col("scope") == "fit")["day"]) - closing
    return Work(closing=tuple(contiguous(closing)), fit=tuple(contiguous(fit)))


def snapshot(lake: Lake, days: DayRange) -> pl.DataFrame:
    """The pending rows of these days as they stand before the work on them begins: what `finish` may strike off."""
    return lake.read(RESTATEMENTS).filter(pl.col("status") == "pending", pl.col("day").is_between(days.first, days.last))


def finish(lake: Lake, taken: pl.DataFrame) -> None:
    """Mark as done what was taken; what was asked for meanwhile stays pending."""
    for restatement in taken["restatement_id"].unique():
        rows = lake.read(RESTATEMENTS).filter(pl.col("restatement_id") == restatement)
        done = rows.join(taken, on=["restatement_id", "day", "scope"], how="semi").with_columns(status=pl.lit("done"))
        rest = rows.join(taken, on=["restatement_id", "day", "scope"], how="anti")
        lake.replace_where(RESTATEMENTS, pl.concat([rest, done]), {"restatement_id": restatement})
    restated = {scope: taken.filter(scope=scope)["day"].n_unique() for scope in ("closing", "fit")}
    business.info("days restated", **restated, first_day=taken["day"].min(), last_day=taken["day"].max())


def newest_day(lake: Lake) -> date | None:
    """The last day that has a touch or a conversion: what the data reach to."""
    return max((day for table in (TOUCHPOINTS, CONVERSIONS) for day in lake.days(table)[-1:]), default=None)


def _last_day(lake: Lake, config: Config, now: datetime) -> date:
    """The last day that may have results: today, or one that has some though the clock says that it is still to come."""
    today = now.astimezone(ZoneInfo(config.reporting_timezone)).date()
    return max([today, *(days[-1] for table in (JOURNEYS, CHANNEL_PERFORMANCE) if (days := lake.days(table)))])


def _stale_closings(lake: Lake, config: Config, changed: pl.DataFrame, today: date) -> Iterable[date]:
    """The days on which the changed users' journeys are not what `core/journeys` says. A closing never depends on what comes after it."""
    if changed.is_empty():
        return []
    first, last = min(changed["day"]), max(changed["day"])
    days = DayRange(first, max(today, last))
    users = changed["user"].unique()
    after = closed_journeys(lake, config, days, users)
    before = lake.collect(lake.scan(JOURNEYS, days).filter(pl.col("user").is_in(users.implode())))
    differing = [one.join(other, on=one.columns, how="anti", nulls_equal=True) for one, other in ((before, after), (after, before))]
    return pl.concat(differing)["day"].unique()


def _left_behind(lake: Lake, restatement: str) -> list[tuple[str, date]]:
    """(id, first day) of announcements that other runs never made exact."""
    announced = lake.read(RESTATEMENTS).filter(pl.col("status") == "announced", pl.col("restatement_id") != restatement)
    return list(announced.select("restatement_id", "day").iter_rows())


def _later_fits(days: set[date], config: Config, today: date) -> set[date]:
    """The days whose fit window reaches back to one of these."""
    reached = (DayRange(day, max(day, min(today, day + timedelta(days=config.fit_window_days - 1)))) for day in days)
    return {later for window in reached for later in window}


def _put(lake: Lake, restatement: str, days: list[tuple[date, str]], status: str, cause: str, now: datetime) -> None:
    rows = [
        {"restatement_id": restatement, "day": day, "scope": scope, "status": status, "cause": cause, "created_at": now}
        for day, scope in days
    ]
    lake.replace_where(RESTATEMENTS, pl.DataFrame(rows, schema=RESTATEMENTS.schema), {"restatement_id": restatement})
