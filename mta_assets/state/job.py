"""What a job is: its states, the moves between them, what is known of it. Pure; where jobs are kept is in `jobs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    """Where a job is. The last three are ends."""

    QUEUED = "queued"
    LAUNCHING = "launching"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_S = JobState
# From where to where a job may go; every other move is refused.
MOVES: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        _S.QUEUED: frozenset({_S.LAUNCHING, _S.CANCELLED, _S.FAILED}),
        _S.LAUNCHING: frozenset({_S.QUEUED, _S.RUNNING, _S.CANCELLING, _S.FAILED}),
        _S.RUNNING: frozenset({_S.CANCELLING, _S.SUCCEEDED, _S.FAILED}),
        _S.CANCELLING: frozenset({_S.CANCELLED, _S.SUCCEEDED, _S.FAILED}),
        _S.CANCELLED: frozenset(),
        _S.SUCCEEDED: frozenset(),
        _S.FAILED: frozenset(),
    }
)
ENDED = frozenset(state for state, onward in MOVES.items() if not onward)
UNDERWAY = frozenset({_S.LAUNCHING, _S.RUNNING, _S.CANCELLING})


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFile:
    """A file that was sent. stored: its name among the uploads; given: what the client called it."""

    stored: str
    given: str
    kind: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A one-off analysis as it stands. percent: 0 to 100; reason: why it failed, readable; times in UTC."""

    id: str
    owner: str
    key_id: str
    kind: str
    state: JobState
    stage: str | None
    percent: float
    options: Mapping[str, object]
    files: tuple[JobFile, ...]
    request_id: str
    traceparent: str | None
    run_id: str | None
    reason: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime

    @property
    def ended(self) -> bool:
        """Nothing will change any more."""
        return self.state in ENDED

    @property
    def expected_end(self) -> datetime | None:
        """When it will be done if it goes on as it went; None before there is anything to go by, and after its end."""
        if self.state is not JobState.RUNNING or self.started_at is None or self.percent < 1:
            return None
        return self.started_at + (self.updated_at - self.started_at) * (100 / self.percent)
