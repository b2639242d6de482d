"""What the API's servers say of themselves, so that whoever watches need not reach them: counts since they began, and their machine. Kept for a day."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from mta_assets.state.store import StateStore
from mta_assets.state.tables import VitalsRow

_NAMES = ("server", "began_at", "at", "requests", "errors", "rate_limited", "cpu_percent", "memory_percent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What one server says at one moment. server: host:port; requests, errors, rate_limited: since it began, over all its processes."""

    server: str
    began_at: datetime
    at: datetime
    requests: int
    errors: int
    rate_limited: int
    cpu_percent: float
    memory_percent: float


class Vitals:
    """The reports in one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def report(self, report: Report) -> bool:
        """Keep it, unless another process of the same server has spoken at the same moment; whether it was kept."""
        with self._store.session() as session:
            self._store.alone(session, f"vitals of {report.server}")
            said = select(VitalsRow.number).where(VitalsRow.server == report.server, VitalsRow.at == report.at)
            if session.scalar(said) is not None:
                return False
            session.add(VitalsRow(**{name: getattr(report, name) for name in _NAMES}))
        return True

    def since(self, moment: datetime) -> tuple[Report, ...]:
        """The reports from this moment on, the oldest first."""
        query = select(VitalsRow).where(VitalsRow.at >= moment).order_by(VitalsRow.at, VitalsRow.number)
        with self._store.reading() as session:
            return tuple(Report(**{name: getattr(row, name) for name in _NAMES}) for row in session.scalars(query))

    def prune(self, before: datetime) -> int:
        """Remove what was said before this moment; how many reports."""
        old = delete(VitalsRow).where(VitalsRow.at < before).returning(VitalsRow.number)
        with self._store.session() as session:
            return len(session.scalars(old, execution_options={"synchronize_session": False}).all())
