"""Which parts of the system are alive: each says so now and then, under its name. What follows from silence is decided by whoever asks."""

from datetime import datetime, timedelta

from sqlalchemy import select

from mta_assets.state.store import StateStore
from mta_assets.state.tables import HeartbeatRow

# Beats of one part come a few seconds out of order at most.
SET_BACK = timedelta(minutes=5)


class Heartbeats:
    """The heartbeats of one store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def beat(self, name: str, now: datetime) -> None:
        """The part is alive at this moment. A moment a little before the known one changes nothing; one long before means that the clock was set right."""
        with self._store.session() as session:
            self._store.alone(session, f"heartbeat of {name}")
            row = session.scalar(select(HeartbeatRow).where(HeartbeatRow.name == name))
            if row is None:
                session.add(HeartbeatRow(name=name, at=now))
            else:
                row.at = now if row.at - now > SET_BACK else max(row.at, now)

    def last(self, name: str) -> datetime | None:
        """When this part was last heard of; None when it never was."""
        with self._store.reading() as session:
            return session.scalar(select(HeartbeatRow.at).where(HeartbeatRow.name == name))
