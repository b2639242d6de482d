"""What rules judge: plain figures about the system at one moment. None stands for what could not be asked: rules then leave their alerts as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mta_assets.contracts.days import DayRange
from mta_assets.state.checks import CheckResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of the pipeline that has ended. days: what it was to make, None where a job has no days; reason: why it failed."""

    id: str
    job: str
    succeeded: bool
    ended_at: datetime
    days: DayRange | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataAge:
    """How old a source or a table is. written_at: when rows last came. silent: whether a source has delivered nothing for longer than it may.

    age_hours: since the end of the newest day; allowed: what its policy allows, in words.
    """

    kind: Literal["source", "table"]
    name: str
    status: Literal["fresh", "late", "stale", "empty"]
    newest_day: date | None
    written_at: datetime | None
    age_hours: float | None
    allowed: str
    silent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejections:
    """Rows of a source: of its newest day of deliveries, and of the four weeks before it. unreadable: files that could not be read at all, among the newest."""

    source: str
    read: int
    quarantined: int
    read_before: int
    quarantined_before: int
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """Requests that the servers of the API answered in the last minutes, and those of them with a status from 500 on."""

    requests: int
    errors: int
    rate_limited: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A machine: shares in use, in percent. cpu_percent: mean since it was last measured; disk_percent: of the disk with the lake, None where it has none."""

    name: str
    cpu_percent: float
    memory_percent: float
    disk_percent: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything that is known at one moment.

    parts: state, lake, redis, dagster_storage -> None while it answers, else what is wrong; only parts that are set up and could be asked.
    failed_authentications: network address -> refused requests of the last minutes. daemon_heard_at: the daemon's last heartbeat;
    watch_heard_at: the last of `mta alerts watch`.
    undelivered: target -> messages about alerts that were given up within the last day.
    """

    at: datetime
    parts: Mapping[str, str | None]
    runs: tuple[Run, ...] | None = None
    checks: tuple[CheckResult, ...] | None = None
    ages: tuple[DataAge, ...] | None = None
    rejections: tuple[Rejections, ...] | None = None
    traffic: Traffic | None = None
    machines: tuple[Machine, ...] | None = None
    failed_authentications: Mapping[str, int] | None = None
    daemon_heard_at: datetime | None = None
    watch_heard_at: datetime | None = None
    undelivered: Mapping[str, int] | None = None
