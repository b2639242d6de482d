"""What is known of an alert, what is to be told of it, and the message in which it is: plain records, in the state store or in a file. No storage here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from mta_assets.config_alerts import Severity

MAX_TRIES: Final = 10
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
LEASE: Final = timedelta(minutes=2)  # longer than a sender waits for an answer
LONGEST_ERROR: Final = 1_000


class Phase(StrEnum):
    """Where an alert is. pending: its condition holds, but not for long enough yet."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class MessageState(StrEnum):
    """Where a message is; the last two are ends."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """An alert in its latest occurrence. subject: what it is about, within its rule.

    since: when the occurrence began; seen_at: when its condition last held; absent_since: from when on it did not, while it is still firing.
    told_severity: the severity that targets were told in this occurrence, None while they were told nothing; told_at: when they were last told of it,
    in whichever occurrence; told_parts: the single things that were told in this occurrence, of alerts that are about several.
    """

    rule: str
    subject: str
    severity: Severity
    phase: Phase
    message: str
    since: datetime
    seen_at: datetime
    numbers: Mapping[str, object] = field(default_factory=dict)
    told_severity: Severity | None = None
    told_at: datetime | None = None
    told_parts: tuple[str, ...] = ()
    absent_since: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def key(self) -> str:
        """What makes it the same alert."""
        return f"{self.rule}:{self.subject}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What one target is to be told of one alert: that it fires, that it is resolved, or (kind test) that messages arrive. due_at: not before."""

    target: str
    kind: str
    rule: str
    subject: str
    severity: Severity
    text: str
    since: datetime
    at: datetime
    due_at: datetime
    numbers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Some notices on their way to one target, together and never in others' company. due_at: when it is tried next, while it is pending.

    uncertain: a sender took it and was not heard of again, so that it may have arrived already.
    """

    id: str
    target: str
    state: MessageState
    tries: int
    due_at: datetime
    created_at: datetime
    uncertain: bool = False
    error: str | None = None
    ended_at: datetime | None = None
    notices: tuple[Notice, ...] = ()


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries: 30 seconds after the first, then twice as long each time, up to 10 minutes."""
    longest: timedelta = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
    return longest
