"""Profiles in the lake -> findings: which days are judged, and what is read for it. What is judged is in `quality`."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import EVENT_PROFILE, JOURNEY_PROFILE, SHARES_DAILY
from mta_assets.contracts.tables import CONVERSIONS, FILES
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.control import control_totals
from mta_assets.quality.control import ControlCheck
from mta_assets.quality.daily import DailyCheck
from mta_assets.quality.findings import Finding
from mta_assets.quality.history import History, window
from mta_assets.quality.intake import IntakeCheck
from mta_assets.quality.registry import CONTROL_CHECK, EVENT_CHECKS, INTAKE_CHECKS, JOURNEY_CHECKS, SHARE_CHECKS

# Of a long range, which is a backfill, only the newest days are judged: nobody acts on what was odd a year ago.
MOST_DAYS = 14
DataCheck = IntakeCheck | DailyCheck | ControlCheck
Findings = Mapping[DataCheck, Finding]


def judge_intake(lake: Lake, config: Config, files: Sequence[str]) -> Findings:
    """What the checks of files find on these, which were just ingested."""
    known = lake.read(FILES).filter(pl.col("status") != "replaced").with_columns(new=pl.col("file").is_in(list(files)))
    return {check: check.finding(known, config.checks) for check in INTAKE_CHECKS}


def judge_events(lake: Lake, config: Config, landing: Path, days: DayRange, now: datetime) -> Findings:
    """What the checks of events find on those of these days that have ended."""
    history = history_of(lake, EVENT_PROFILE, config, days, now)
    found: dict[DataCheck, Finding] = {check: _finding(check, history) for check in EVENT_CHECKS}
    control = control_totals(landing, config)
    return found | {CONTROL_CHECK: CONTROL_CHECK.finding(_conversions(lake, control, days), control, config.checks)}


def judge_journeys(lake: Lake, config: Config, _landing: Path, days: DayRange, now: datetime) -> Findings:
    """What the checks of journeys find on those of these days that have ended."""
    history = history_of(lake, JOURNEY_PROFILE, config, days, now)
    return {check: _finding(check, history) for check in JOURNEY_CHECKS}


def judge_shares(lake: Lake, config: Config, _landing: Path, days: DayRange, now: datetime) -> Findings:
    """What the checks of credit find on those of these days that have ended."""
    history = history_of(lake, SHARES_DAILY, config, days, now)
    return {check: _finding(check, history) for check in SHARE_CHECKS}


def newest_days(config: Config, now: datetime) -> DayRange:
    """The days of which a source may still be awaited: what is judged when no run says which days are."""
    last = _last_ended(now, config)
    return DayRange(last, last).back(math.ceil(config.checks.grace_hours / 24))


def days_to_judge(changed: DayRange | None, config: Config, now: datetime) -> DayRange:
    """The days that a run has changed, with the newest ones: what is wrong there stays told while other days are computed.

    Old days that a backfill has changed are judged by themselves.
    """
    newest = newest_days(config, now)
    if changed is None:
        return newest
    whole = DayRange(min(changed.first, newest.first), max(changed.last, newest.last))
    return whole if (whole.last - whole.first).days < MOST_DAYS else changed


def history_of(lake: Lake, table: Table, config: Config, days: DayRange, now: datetime) -> History | None:
    """The days to be judged, at most `MOST_DAYS` that have ended, with the days before them and what lies ahead; None when no day has, or none has rows."""
    last = min(days.last, _last_ended(now, config))
    known = lake.days(table)
    if last < days.first or not known:
        return None
    judged = DayRange(max(days.first, last - timedelta(days=MOST_DAYS - 1)), last)
    read = window(judged, config.checks)
    ahead = timedelta(days=1 + math.ceil(config.latest_ahead_hours / 24))
    waited = _last_ended(now - timedelta(hours=config.checks.grace_hours), config) + timedelta(days=1)
    rows = lake.read(table, DayRange(read.first, read.last + ahead))
    return History(
        profile=share_profile(rows) if table is SHARES_DAILY else rows,
        first=min(max(read.first, known[0]), judged.first),
        days=judged,
        waited_until=waited,
        config=config.checks,
    )


def share_profile(shares: pl.DataFrame) -> pl.DataFrame:
    """`marts/shares_daily` as a profile: the model as source, the channel as part."""
    columns = [pl.col("day"), pl.col("model").alias("source_name"), pl.col("channel").alias("part")]
    measures = {"credited": "conversions", "share_error": "share_error"}
    return pl.concat(shares.select(*columns, pl.lit(name).alias("measure"), pl.col(of).alias("amount")) for name, of in measures.items())


def _conversions(lake: Lake, control: pl.DataFrame, days: DayRange) -> pl.DataFrame:
    """(day, source_name, goal, conversions, value) of the days for which there are control totals and rows of ours."""
    asked = control.filter(pl.col("day").is_between(days.first, days.last))["day"].unique()
    rows = lake.scan(CONVERSIONS, days).filter(pl.col("day").is_in(asked.implode()))
    summed = rows.group_by("day", "source_name", "goal").agg(pl.len().alias("conversions"), pl.col("value").sum().cast(pl.Float64))
    return lake.collect(summed)


def _last_ended(now: datetime, config: Config) -> date:
    return now.astimezone(ZoneInfo(config.reporting_timezone)).date() - timedelta(days=1)


def _finding(check: DailyCheck, history: History | None) -> Finding:
    if history is None:
        return Finding(passed=True, severity=check.severity, message="no day has ended that has rows", numbers={"days": 0})
    return check.finding(history)
