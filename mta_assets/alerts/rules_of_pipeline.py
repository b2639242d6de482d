"""Rules about the pipeline: its runs, its checks, how old its data are, what it has to reject. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from mta_assets.alerts.facts import DataAge, Facts, Rejections, Run
from mta_assets.alerts.rule import Condition, Rule
from mta_assets.config_alerts import AlertThresholds, Severity
from mta_assets.contracts.days import contiguous
from mta_assets.quality.findings import PARTS

LEAST_REJECTED = 5
MOST_SHOWN = 5
_UNDATED = None


def _run_failed(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    """One condition per job: the days that failed and that no later run of the job has made good."""
    if facts.runs is None:
        return None
    jobs: dict[str, dict[date | None, Run]] = {}
    for run in sorted(facts.runs, key=lambda run: run.ended_at):
        failed = jobs.setdefault(run.job, {})
        days: Iterable[date | None] = run.days or (_UNDATED,)
        for day in days:
            if run.succeeded:
                failed.pop(day, None)
            else:
                failed[day] = run
    return [_failed(job, failed) for job, failed in jobs.items() if failed]


def _failed(job: str, failed: dict[date | None, Run]) -> Condition:
    last = max(failed.values(), key=lambda run: run.ended_at)
    ranges = [str(days) for days in contiguous(sorted(day for day in failed if day is not None))]
    about = f" of {', '.join(ranges[:MOST_SHOWN])}{' and more' if len(ranges) > MOST_SHOWN else ''}" if ranges else ""
    message = f"The last run of {job} that failed{about} is {last.id[:8]}, at {last.ended_at:%Y-%m-%d %H:%M:%S} UTC. {last.reason}".strip()
    return Condition(subject=job, severity="error", message=message, numbers={"run_id": last.id, "days": len(failed) if ranges else 0})


RUN_FAILED = Rule(
    name="run_failed",
    title="A run failed",
    find=_run_failed,
    meaning="A run of the pipeline ended with an error and the daemon will not start it again. What was there before stays in place and is served, and the "
    "days it was to make stay pending: a range that failed was halved until the bad day stands alone. An analysis that a client asked for is not meant: its "
    "sender is told.",
    remedy="Open the run in the Dagster UI, read the message of the step that failed and mend its cause, then re-execute the run, or touch the landing file "
    "that it was to read; or put a corrected file into the landing folder.",
    resolves="When later runs of the same job have made the same days.",
)


def _check_failed(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    if facts.checks is None:
        return None
    return [
        Condition(
            subject=f"{check.asset} {check.name}",
            severity=check.severity,
            message=f"{_sentence(check.message)} {check.recommendation}".strip() + _of_days(check.first_day, check.last_day),
            numbers={"run_id": check.run_id, **check.numbers},
            parts=frozenset(str(check.numbers.get("parts", "")).split(PARTS)) - {""},
        )
        for check in facts.checks
        if not check.passed
    ]


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _of_days(first: date | None, last: date | None) -> str:
    if first is None:
        return ""
    return f" Judged were the days {first} to {last}." if last is not None and last != first else f" Judged was the day {first}."


CHECK_FAILED = Rule(
    name="check_failed",
    title="A check did not pass",
    find=_check_failed,
    meaning="The latest result of a check of a table is that it did not pass. An error stopped what is downstream of the table, and what was there before "
    "is served; a warning stopped nothing, and the numbers that are served may be odd.",
    remedy="Do what the message recommends; docs/checks.md has an entry for each check. `/v1/checks` and the asset's page in the Dagster UI show its numbers.",
    resolves="When the check passes, at its next run. A check of days judges those that the run wrote and the newest two: a bad day that nobody mends "
    "is left behind by newer ones that are good, and stays bad.",
)


def _data_late(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    """Sources that deliver, but only old days, and marts that lag behind them. A source that delivers nothing is another alert."""
    if facts.ages is None:
        return None
    sources = [age for age in facts.ages if age.kind == "source" and age.newest_day is not None]
    return [_late(age) for age in facts.ages if age.status in {"late", "stale"} and not age.silent and not _for_want_of_data(age, sources)]


def _for_want_of_data(age: DataAge, sources: Sequence[DataAge]) -> bool:
    """Whether a table has all days that its sources brought, and each of these is told to be as late itself: one cause, told where it is."""
    if age.kind == "source" or not sources:
        return False
    newest = max(source.newest_day or date.min for source in sources)
    told = all(source.silent or source.status in {age.status, "stale"} for source in sources)
    return told and age.newest_day is not None and age.newest_day >= newest


def _late(age: DataAge) -> Condition:
    since = "" if age.written_at is None else f", written at {age.written_at:%Y-%m-%d %H:%M} UTC"
    hours = age.age_hours or 0.0  # none on a day that has not ended, which a policy with deadlines may call late
    ended = f", which ended {hours:,.0f} hours ago" if hours else ""
    message = f"The newest day of {age.name} is {age.newest_day}{ended}{since}; its policy asks for {age.allowed}."
    severity: Severity = "error" if age.status == "stale" else "warning"
    return Condition(subject=f"{age.kind} {age.name}", severity=severity, message=message, numbers={"age_hours": round(hours, 1)})


DATA_LATE = Rule(
    name="data_late",
    title="Data are late",
    find=_data_late,
    meaning="The newest day of a source or of a mart is older than its policy under `freshness` in mta.yaml allows: late is a warning, stale an error. What "
    "is served is right, and ends earlier than it should. A mart that has all days of sources that are as late is not told: they are.",
    remedy="For a source: ask who delivers why the files that come hold only old days. For a mart: look for a failed or hanging run in the Dagster UI, and "
    "at `mta status` for days that are pending. `/v1/freshness` shows all ages.",
    resolves="When a newer day has arrived, or the policy allows the age.",
)


def _source_silent(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    if facts.ages is None:
        return None
    return [_silent(age, facts) for age in facts.ages if age.silent and age.written_at is not None]


def _silent(age: DataAge, facts: Facts) -> Condition:
    hours = (facts.at - age.written_at).total_seconds() / 3600 if age.written_at else 0.0
    message = (
        f"No file of the source {age.name} was read since {age.written_at:%Y-%m-%d %H:%M} UTC, {hours:.0f} hours ago. "
        f"Its newest day is {age.newest_day}; its policy asks for {age.allowed}."
    )
    return Condition(subject=age.name, severity="error", message=message, numbers={"silent_hours": round(hours, 1)})


SOURCE_SILENT = Rule(
    name="source_silent",
    title="A source is silent",
    find=_source_silent,
    meaning="A source that has delivered before has delivered no file for longer than `silent_after_hours` of its policy under `freshness` in mta.yaml, or "
    "has missed its `deadline_cron`. Days that lack it are computed without it: their numbers will change when it comes.",
    remedy="Ask who delivers the source whether the export ran, and look whether files wait in the landing folder that no glob of mta.yaml takes. Files that "
    "come late are taken in by themselves, and the days they change are recomputed.",
    resolves="When a file of the source has been read.",
)


def _quarantine_growing(facts: Facts, thresholds: AlertThresholds) -> Sequence[Condition] | None:
    if facts.rejections is None:
        return None
    return [found for rejections in facts.rejections if (found := _growing(rejections, thresholds)) is not None]


def _growing(rejections: Rejections, thresholds: AlertThresholds) -> Condition | None:
    share = rejections.quarantined / rejections.read if rejections.read else 0.0
    before = rejections.quarantined_before / rejections.read_before if rejections.read_before else 0.0
    grows = (
        rejections.quarantined >= LEAST_REJECTED
        and share * 100 > thresholds.quarantine_percent
        and share > before * thresholds.quarantine_growth
    )
    if not grows and not rejections.unreadable:
        return None
    parts = []
    if grows:
        parts.append(
            f"{rejections.quarantined:,} of {rejections.read:,} rows of the newest deliveries of {rejections.source} were rejected, {share:.1%}; "
            f"before, it was {before:.1%}."
        )
    if rejections.unreadable:
        parts.append(f"Files that cannot be read: {', '.join(rejections.unreadable[:MOST_SHOWN])}.")
    severe = bool(rejections.unreadable) or share > 0.5
    numbers = {
        "share": round(share, 4),
        "share_before": round(before, 4),
        "rows": rejections.quarantined,
        "files": len(rejections.unreadable),
    }
    return Condition(subject=rejections.source, severity="error" if severe else "warning", message=" ".join(parts), numbers=numbers)


QUARANTINE_GROWING = Rule(
    name="quarantine_growing",
    title="The quarantine grows",
    find=_quarantine_growing,
    meaning="Of the newest deliveries of a source (24 hours up to its newest file) far more rows were rejected than of the four weeks before, or a file "
    "could not be read at all. Rejected rows are in no result.",
    remedy="`mta status` counts rejected rows by source and reason; `staged/quarantine` has each with its reason and what to do. Have the export corrected, "
    "or map the changed column in mta.yaml, and put the corrected file into the landing folder under the same name.",
    resolves="When newer deliveries of the source, or the corrected file, are in order.",
)
