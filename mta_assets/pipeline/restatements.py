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
from mta_assets.errors import DamagedError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.kept import changes_since
from mta_assets.pipeline.window import closed_journeys
from mta_assets.telemetry.streams import business

DAY_ENDED = "the day has ended"
DAMAGED = "a file was damaged"
HASTY = "a day of the fit window was closed later"


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
    lake: Lake, config: Config, restatement: str, changed: pl.DataFrame | None, spend_days: pl.Series, now: datetime
) -> tuple[list[date], list[date]]:
    """Put the exact closing days in the place of the announcement. changed: (user, day) of core events that came, went or changed; None when nobody knows.

    Announcements that an earlier run left behind when it died are made whole too: everything from their day on counts as stale. So it is with our own
    when what changed, or what it is to be compared with, is damaged.
    Returns the closing days that are stale, and those that would be if their results were not final.
    """
    today = _last_day(lake, config, now)
    exact = None if changed is None else _stale_closings(lake, config, changed, today)
    stale = exact or set()
    for restatement_id, day in _left_behind(lake, but=None if exact is None else restatement):
        stale.update(DayRange(day, max(day, min(today, _last_expiry(lake, config, day)))))
        lake.delete_where(RESTATEMENTS, {"restatement_id": restatement_id})
    first = changes_since(lake, config) or date.min
    # A model that looks at the events themselves sees a change on its own day, which may be before any journey that it changes closes.
    touched = set() if changed is None else set(changed["day"])
    fits = {day for day in _later_fits(stale | set(spend_days) | touched, config, today) if day >= first}
    final = sorted(day for day in stale if day < first)
    stale.difference_update(final)
    marked = [(day, "closing") for day in sorted(stale)] + [(day, "fit") for day in sorted(fits - stale)]
    events = "events that nobody knows" if changed is None else f"{changed.height} changed events"
    _put(lake, restatement, marked, "pending", f"{events}, {len(spend_days)} changed rows of spend", now)
    return sorted(stale), final


def close_day(lake: Lake, day: date, now: datetime) -> None:
    """Ask for a day to be closed though nothing arrived for it: journeys expire all the same."""
    _put(lake, uuid.uuid4().hex, [(day, "closing")], "pending", DAY_ENDED, now)


def ask_again(lake: Lake, closing: Iterable[date], now: datetime) -> None:
    """Ask for these days to be computed again, and anew for whatever is pending: what failed for the damage is tried again."""
    work = pending(lake)
    closings = {*closing, *(day for days in work.closing for day in days)}
    fits = {day for days in work.fit for day in days} - closings
    marked = [(day, "closing") for day in sorted(closings)] + [(day, "fit") for day in sorted(fits)]
    lake.append(RESTATEMENTS, _rows(uuid.uuid4().hex, marked, "pending", DAMAGED, now))


def ask_from(lake: Lake, config: Config, first: date, now: datetime) -> None:
    """Ask for every day from this one on: of what the list said of them, something is lost. Nothing of the list is read."""
    closings = DayRange(first, max(first, _last_expiry(lake, config, first)))
    lake.append(RESTATEMENTS, _rows(uuid.uuid4().hex, [(day, "closing") for day in closings], "pending", DAMAGED, now))


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


def finish(lake: Lake, config: Config, taken: pl.DataFrame) -> None:
    """Mark as done what was taken; what was asked for meanwhile stays pending.

    Days that were done before a day in their fit window was closed are asked for again: a day that failed stops no other, and may be mended last.
    """
    for restatement in taken["restatement_id"].unique():
        rows = lake.read(RESTATEMENTS).filter(pl.col("restatement_id") == restatement)
        done = rows.join(taken, on=["restatement_id", "day", "scope"], how="semi").with_columns(status=pl.lit("done"))
        rest = rows.join(taken, on=["restatement_id", "day", "scope"], how="anti")
        _ask_for_the_hasty(lake, config, done.filter(scope="closing")["day"], rest.filter(status="done"))
        lake.replace_where(RESTATEMENTS, pl.concat([rest, done]), {"restatement_id": restatement})
    restated = {scope: taken.filter(scope=scope)["day"].n_unique() for scope in ("closing", "fit")}
    business.info("days restated", **restated, first_day=taken["day"].min(), last_day=taken["day"].max())


def _ask_for_the_hasty(lake: Lake, config: Config, closed: pl.Series, done: pl.DataFrame) -> None:
    """Ask for what was done of a restatement before some of its days, which are closed only now, and needed them."""
    reached = _later_fits(set(closed), config, date.max)
    if days := sorted(reached.intersection(done["day"]) - set(closed)):
        asked_at: datetime = done.select(pl.col("created_at").max()).item()
        _put(lake, uuid.uuid4().hex, [(day, "fit") for day in days], "pending", HASTY, asked_at)


def newest_day(lake: Lake) -> date | None:
    """The last day that has a touch or a conversion: what the data reach to."""
    return max((day for table in (TOUCHPOINTS, CONVERSIONS) for day in lake.days(table)[-1:]), default=None)


def _last_day(lake: Lake, config: Config, now: datetime) -> date:
    """The last day that may have results: today, or one that has some though the clock says that it is still to come."""
    today = now.astimezone(ZoneInfo(config.reporting_timezone)).date()
    return max([today, *(days[-1] for table in (JOURNEYS, CHANNEL_PERFORMANCE) if (days := lake.days(table)))])


def _stale_closings(lake: Lake, config: Config, changed: pl.DataFrame, today: date) -> set[date] | None:
    """The days on which the changed users' journeys are not what `core/journeys` says. A closing never depends on what comes after it.

    None when that cannot be known: a day of what is to be compared is damaged.
    """
    if changed.is_empty():
        return set()
    first, last = min(changed["day"]), max(changed["day"])
    days = DayRange(first, max(today, last))
    users = changed["user"].unique()
    try:
        after = closed_journeys(lake, config, days, users)
        before = lake.collect(lake.scan(JOURNEYS, days).filter(pl.col("user").is_in(users.implode())))
    except DamagedError:
        return None
    differing = [one.join(other, on=one.columns, how="anti", nulls_equal=True) for one, other in ((before, after), (after, before))]
    return set(pl.concat(differing)["day"])


def _left_behind(lake: Lake, but: str | None) -> list[tuple[str, date]]:
    """(id, first day) of announcements that nobody made exact, but for one that somebody does."""
    announced = lake.read(RESTATEMENTS).filter(pl.col("status") == "announced", pl.col("restatement_id").ne_missing(but))
    return list(announced.select("restatement_id", "day").iter_rows())


def _later_fits(days: set[date], config: Config, today: date) -> set[date]:
    """The days whose fit window reaches back to one of these."""
    reached = (DayRange(day, max(day, min(today, day + timedelta(days=config.fit_window_days - 1)))) for day in days)
    return {later for window in reached for later in window}


def _last_expiry(lake: Lake, config: Config, day: date) -> date:
    """The last day on which a journey that the data know of, or one of this day, can expire."""
    return max(day, newest_day(lake) or day) + timedelta(days=math.ceil(config.lookback_days) + 1)


def _put(lake: Lake, restatement: str, days: list[tuple[date, str]], status: str, cause: str, now: datetime) -> None:
    lake.replace_where(RESTATEMENTS, _rows(restatement, days, status, cause, now), {"restatement_id": restatement})


def _rows(restatement: str, days: list[tuple[date, str]], status: str, cause: str, now: datetime) -> pl.DataFrame:
    rows = [
        {"restatement_id": restatement, "day": day, "scope": scope, "status": status, "cause": cause, "created_at": now}
        for day, scope in days
    ]
    return pl.DataFrame(rows, schema=RESTATEMENTS.schema)
