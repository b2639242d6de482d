"""The runs of the pipeline that have ended, as alerts judge them. Reads only; what follows from them is a rule of `mta_assets.alerts`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from mta_assets import errors
from mta_assets.alerts.facts import Run
from mta_assets.contracts.days import DayRange
from mta_assets.defs.analyses import ANALYZE_UPLOAD
from mta_assets.defs.partitions import RANGE_END, RANGE_START
from mta_assets.defs.runs import failed_for_good

# Failures older than this are looked at only while their alert still fires.
LOOK_BACK = timedelta(days=7)
MOST = 500
LONGEST_REASON = 500
_REASONS: dict[str, str] = {}


def ended_runs(instance: dg.DagsterInstance, since: datetime) -> tuple[Run, ...]:
    """The runs that failed since this moment and will not be started again, and those of the same jobs that succeeded after the first of them."""
    failed = [record for record in _records(instance, [dg.DagsterRunStatus.FAILURE], since) if _counts(record.dagster_run)]
    if not failed:
        return ()
    first = min(record.update_timestamp for record in failed)
    jobs = {record.dagster_run.job_name for record in failed}
    succeeded = [record for record in _records(instance, [dg.DagsterRunStatus.SUCCESS], first) if record.dagster_run.job_name in jobs]
    return (*(_run(record, _kept_reason(instance, record.dagster_run.run_id)) for record in failed), *map(_run, succeeded))


def _records(instance: dg.DagsterInstance, statuses: Sequence[dg.DagsterRunStatus], since: datetime) -> Iterable[dg.RunRecord]:
    return instance.get_run_records(filters=dg.RunsFilter(statuses=list(statuses), updated_after=since), limit=MOST)


def _counts(run: dg.DagsterRun) -> bool:
    """An analysis of a client's file fails for reasons that its sender is told."""
    return run.job_name != ANALYZE_UPLOAD and failed_for_good(run)


def _run(record: dg.RunRecord, reason: str = "") -> Run:
    run = record.dagster_run
    ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp.replace(tzinfo=UTC)
    return Run(id=run.run_id, job=run.job_name, succeeded=run.is_success, ended_at=ended, days=_days(run), reason=reason)


def _days(run: dg.DagsterRun) -> DayRange | None:
    """The days of a run that was started for a range of them, or for one."""
    one = run.tags.get("dagster/partition")
    first, last = run.tags.get(RANGE_START, one), run.tags.get(RANGE_END, one)
    if first is None or last is None:
        return None
    return DayRange(date.fromisoformat(first), date.fromisoformat(last))


def _kept_reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """The reason, looked up once per process: a tick has an instance of its own, so that it cannot be part of a cache's key."""
    if run_id not in _REASONS:
        if len(_REASONS) >= MOST:
            _REASONS.clear()
        _REASONS[run_id] = _reason(instance, run_id)
    return _REASONS[run_id]


def _reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why it failed, in our own words; of any other error only its kind, for its text may hold what is in the data."""
    for entry in reversed(instance.all_logs(run_id, of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE})):
        event = entry.get_dagster_event()
        data = event.step_failure_data if event.is_step_failure else None
        if data is None:
            continue
        if data.user_failure_data is not None:
            return str(data.user_failure_data.description or "")[:LONGEST_REASON]
        error = data.error and (data.error.cause or data.error)
        if error is not None:
            return _worded(error.cls_name or "", error.message)[:LONGEST_REASON]
    return "Its process ended before it could say why."


def _worded(kind: str, message: str) -> str:
    ours = {each.__name__ for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.MtaError)}
    said = message.strip().partition(":")[2].strip() if kind in ours else ""
    return said or f"It ended with {kind or 'an error'}; the run's page has its text."
