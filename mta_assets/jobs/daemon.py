"""Whether anything launches jobs: the name of the daemon's heartbeat, and what its silence means. Who beats is the daemon's side."""

from datetime import datetime, timedelta
from typing import Final

from mta_assets.state.heartbeats import Heartbeats

DAEMON: Final = "daemon"
SILENT_AFTER: Final = timedelta(seconds=60)


def daemon_warning(heartbeats: Heartbeats, now: datetime) -> str | None:
    """What one who waits for a job should know; None while the daemon is heard of."""
    last = heartbeats.last(DAEMON)
    if last is not None and abs(now - last) <= SILENT_AFTER:
        return None
    since = "was never heard of" if last is None else f"was last heard of at {last.isoformat(timespec='seconds')}"
    return f"The Dagster daemon, which launches jobs, {since}. The job waits until it runs; `mta up` starts it."
