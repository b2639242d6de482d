"""What the checks of the pipeline found: the latest of each, and those before it for a while. Checking itself is elsewhere."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sqlalchemy import Select, delete, func, insert, select

from mta_assets.state.deliveries import address
from mta_assets.state.pages import Page, page_of
from mta_assets.state.store import StateStore
from mta_assets.state.tables import CheckRow
from mta_assets.state.webhooks import Event

LONGEST_TEXT = 2_000
Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What one check of one asset found in one run. days: from the first to the last day that was checked; None where there are no days."""

    asset: str
    name: str
    passed: bool
    message: str
    run_id: str
    at: datetime
    severity: Severity = "error"
    recommendation: str = ""
    numbers: Mapping[str, object] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None


class Checks:
    """The findings of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def record(self, results: Iterable[CheckResult]) -> None:
        """Add them all in one transaction, in which each that failed is addressed to the subscribers of `check.failed`, once per run and check."""
        found = list(results)
        if not found:
            return
        with self._store.session() as session:
            session.execute(insert(CheckRow), [_values(result) for result in found])
            for result in found:
                if not result.passed:
                    address(session, _event_id(result), Event.CHECK_FAILED, _told(result), now=result.at)

    def latest(
        self, *, passed: bool | None = None, asset: str | None = None, after: str | None = None, limit: int = 100
    ) -> Page[CheckResult]:
        """The latest result of every check of every asset, the newest first. passed: only those whose latest result is so; asset: only of this one."""
        newest = select(func.max(CheckRow.number)).group_by(CheckRow.asset, CheckRow.name)
        return self._page(select(CheckRow).where(CheckRow.number.in_(newest)), passed, asset, after, limit)

    def history(
        self, *, passed: bool | None = None, asset: str | None = None, after: str | None = None, limit: int = 100
    ) -> Page[CheckResult]:
        """Every result that is kept, the newest first."""
        return self._page(select(CheckRow), passed, asset, after, limit)

    def prune(self, before: datetime) -> int:
        """Remove what was found before this moment, but for the latest of each check; how many."""
        newest = select(func.max(CheckRow.number)).group_by(CheckRow.asset, CheckRow.name)
        old = delete(CheckRow).where(CheckRow.at < before, CheckRow.number.not_in(newest)).returning(CheckRow.number)
        with self._store.session() as session:
            return len(session.scalars(old, execution_options={"synchronize_session": False}).all())

    def _page(
        self, query: Select[tuple[CheckRow]], passed: bool | None, asset: str | None, after: str | None, limit: int
    ) -> Page[CheckResult]:
        if passed is not None:
            query = query.where(CheckRow.passed.is_(passed))
        if asset is not None:
            query = query.where(CheckRow.asset == asset)
        with self._store.reading() as session:
            return page_of(session, query, CheckRow, _result, after=after, limit=limit)


def _values(result: CheckResult) -> dict[str, object]:
    names = ("asset", "name", "passed", "severity", "first_day", "last_day", "run_id", "at")
    texts = {"message": result.message[:LONGEST_TEXT], "recommendation": result.recommendation[:LONGEST_TEXT]}
    return {name: getattr(result, name) for name in names} | texts | {"numbers": dict(result.numbers)}


def _result(row: CheckRow) -> CheckResult:
    names = ("asset", "name", "passed", "severity", "message", "recommendation", "numbers", "first_day", "last_day", "run_id", "at")
    return CheckResult(**{name: getattr(row, name) for name in names})


def _event_id(result: CheckResult) -> str:
    """Equal for the same check of the same run, however often the step is tried."""
    return f"check_{hashlib.sha256('|'.join((result.run_id, result.asset, result.name)).encode()).hexdigest()[:24]}"


def _told(result: CheckResult) -> dict[str, object]:
    """What subscribers are told."""
    days = {"first_day": result.first_day and result.first_day.isoformat(), "last_day": result.last_day and result.last_day.isoformat()}
    about = {name: getattr(result, name) for name in ("asset", "name", "severity", "message", "recommendation", "run_id")}
    return about | days | {"numbers": dict(result.numbers), "at": result.at.isoformat()}
