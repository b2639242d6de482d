"""staged tables -> core tables: each day deduplicated over all files and sorted, and the closing days that the change makes stale."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange, contiguous
from mta_assets.contracts.profiles import BOTS, EVENT_PROFILE
from mta_assets.contracts.tables import BUCKETS, CONFLICTS, CORE, FILES, IDENTIFIER, UNCONSENTED
from mta_assets.errors import DamagedError
from mta_assets.ingest.consent import apart, unconsented
from mta_assets.ingest.duplicates import Resolved, resolve
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import restatements
from mta_assets.pipeline.staged import on_days, rivals
from mta_assets.quality.bots import bots
from mta_assets.quality.event_profile import event_profile
from mta_assets.telemetry.streams import business

# Where a row came from is not what it says: a renamed copy changes no number.
NOT_MEANING = ("source_name", "file", "row")


@dataclass(frozen=True, kw_only=True)
class CoreReport:
    """What a rebuild of core days changed. rows: per kind; changed: rows that differ from before; closing_days: what became stale.

    final_days: closing days that the change does not reach, because their results are final.
    """

    rows: dict[str, int]
    conflicts: int
    changed: int
    closing_days: tuple[date, ...]
    final_days: tuple[date, ...] = ()


def pending_core_days(lake: Lake) -> list[date]:
    """The days whose core tables do not yet say what the staged files say."""
    return sorted(lake.read(FILES)["pending_days"].explode().drop_nulls().unique())


def ask_core(lake: Lake, days: Collection[date]) -> None:
    """Ask for these days to be built again though no file changed."""
    files = lake.read(FILES)
    if not days or files.is_empty():  # without a file no day has a row
        return
    name, file = files.sort("ingested_at", "source_name", "file").select("source_name", "file").row(-1)
    asked = pl.col("pending_days").list.set_union(pl.lit(sorted(days), dtype=pl.List(pl.Date)))
    versions = files.filter(source_name=name, file=file).sort("ingested_at")
    last = pl.int_range(pl.len()) == pl.len() - 1
    marked = versions.with_columns(pending_days=pl.when(last).then(asked).otherwise("pending_days"))
    lake.replace_where(FILES, marked, {"source_name": name, "file": file})


def build_core(lake: Lake, config: Config, days: DayRange, now: datetime) -> CoreReport:
    """Rebuild these days of the core tables from what is staged, and note which closing days must be recomputed.

    Crash-safe: the change is announced before the first table is written and made exact after the last; a run that died in between leaves the
    announcement, and the next one restates everything it could have touched.
    """
    with lake.alone():
        return _build(lake, config, days, now)


def _build(lake: Lake, config: Config, days: DayRange, now: datetime) -> CoreReport:
    files = lake.read(FILES)
    rebuilt = {kind: _rebuilt(lake, kind, days) for kind in CORE}
    counted = pl.concat([UNCONSENTED.empty(), *(unconsented(kind, kept) for kind, (_, _, kept) in rebuilt.items() if kind != "spend")])
    before = {table: _before(lake, table, days) for table in (*CORE.values(), UNCONSENTED)}
    changes = {kind: _changed(before[CORE[kind]], frame) for kind, (frame, _, _) in rebuilt.items()}
    recounted = _changed(before[UNCONSENTED], counted)
    damaged = any(rows is None for rows in before.values())
    first = min((day for frame in (*changes.values(), recounted) for day in frame["day"]), default=None)
    announced = restatements.announce(lake, days.first if damaged else first, days, now)
    for kind, (frame, _, _) in rebuilt.items():
        lake.replace_days(CORE[kind], frame, days)
    lake.replace_days(UNCONSENTED, counted, days)
    conflicts = pl.concat([conflict for _, conflict, _ in rebuilt.values()])
    lake.replace_days(CONFLICTS, conflicts, days)
    _write_profile(lake, config, {kind: frame for kind, (frame, _, _) in rebuilt.items()}, files, days)
    events = pl.concat([changes["touchpoints"].select("user", "day"), changes["conversions"].select("user", "day")])
    beside = pl.concat([changes["spend"]["day"], recounted["day"]])
    stale, final = restatements.resolve(lake, config, announced, None if damaged else events, beside, now)
    _settle(lake, files, days)
    report = CoreReport(
        rows={kind: frame.height for kind, (frame, _, _) in rebuilt.items()},
        conflicts=conflicts.height,
        changed=sum(frame.height for frame in changes.values()),
        closing_days=tuple(stale),
        final_days=tuple(final),
    )
    business.info(
        "core days rebuilt",
        first_day=days.first,
        last_day=days.last,
        **report.rows,
        conflicts=report.conflicts,
        changed=report.changed,
        stale_closing_days=len(stale),
        final_closing_days=len(final),
    )
    return report


def _write_profile(lake: Lake, config: Config, core: dict[str, pl.DataFrame], files: pl.DataFrame, days: DayRange) -> None:
    """What these days of the core tables look like, for the checks, and which of their users are like bots."""
    flagged = bots(core["touchpoints"], config.checks.bots)
    lake.replace_days(BOTS, flagged, days)
    lake.replace_days(EVENT_PROFILE, event_profile(**core, flagged=flagged, files=files, timezone=config.reporting_timezone), days)


def build_pending(lake: Lake, config: Config, now: datetime) -> list[CoreReport]:
    """Rebuild every pending day of the core tables."""
    return [build_core(lake, config, days, now) for days in contiguous(pending_core_days(lake))]


def _rebuilt(lake: Lake, kind: str, days: DayRange) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(core rows, conflicts, staged rows without consent) of these days."""
    identifier = IDENTIFIER[kind]
    resolved = resolve(rivals(lake, kind, on_days(lake, kind, days)), identifier)
    within = pl.col("day").is_between(days.first, days.last)
    kept, refused = resolved.kept.filter(within), resolved.kept.clear()
    if kind != "spend":
        kept, refused = apart(kept)
    return _core_rows(kept, CORE[kind], identifier), _conflicts(resolved, kind, identifier).filter(within), refused


def _core_rows(kept: pl.DataFrame, table: Table, identifier: str) -> pl.DataFrame:
    if "user" not in kept.columns:
        return table.conform(kept).sort("day", "channel", "campaign", "currency", identifier, "source_name")
    bucketed = kept.with_columns(bucket=(pl.col("user") & (BUCKETS - 1)).cast(pl.Int8))
    return table.conform(bucketed).sort("day", "bucket", "user", "ts", identifier, "source_name")


def _conflicts(resolved: Resolved, kind: str, identifier: str) -> pl.DataFrame:
    rows = resolved.conflicts.select(
        "day",
        pl.lit(kind).alias("kind"),
        *NOT_MEANING,
        pl.lit(identifier).alias("column"),
        pl.col(identifier).alias("value"),
        "reason",
        pl.lit("correct one of the two files, or give the rows identities of their own").alias("remedy"),
    )
    return CONFLICTS.conform(rows)


def _before(lake: Lake, table: Table, days: DayRange) -> pl.DataFrame | None:
    """What the lake has of these days; None when it is damaged, so that nobody knows what it said."""
    try:
        return lake.read(table, days)
    except DamagedError:
        return None


def _changed(before: pl.DataFrame | None, after: pl.DataFrame) -> pl.DataFrame:
    """The rows that are in one of the two only, judged by what they say; all of them when nobody knows what was before."""
    if before is None:
        return after
    said = [column for column in after.columns if column not in NOT_MEANING]
    gone, come = (one.join(other, on=said, how="anti", nulls_equal=True) for one, other in ((before, after), (after, before)))
    return pl.concat([gone, come])


def _settle(lake: Lake, files: pl.DataFrame, days: DayRange) -> None:
    """Strike these days off the list of the files that were read; a file that came meanwhile keeps its own."""
    left = pl.col("pending_days").list.eval(pl.element().filter(~pl.element().is_between(days.first, days.last)))
    waiting = files.filter(pl.col("pending_days").list.len() > 0)
    settled = files.with_columns(pending_days=left)
    for name, file in waiting.select("source_name", "file").unique().iter_rows():
        lake.replace_where(FILES, settled.filter(source_name=name, file=file), {"source_name": name, "file": file})


def touched(reports: Iterable[CoreReport]) -> list[date]:
    """The closing days that the reports made stale."""
    return sorted({day for report in reports for day in report.closing_days})
