"""The facts of one moment, from lake, state store, machine and whatever else answers. What has to be asked of Dagster is given by `defs`."""

import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import psutil

from mta_assets.alerts.facts import DataAge, Facts, Machine, Run, Traffic
from mta_assets.alerts.parts import Parts
from mta_assets.alerts.rejections import rejections_of
from mta_assets.alerts.rules_of_load import WINDOW
from mta_assets.alerts.watcher import WATCH
from mta_assets.config import Config
from mta_assets.errors import MtaError
from mta_assets.jobs.daemon import DAEMON
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import build_models
from mta_assets.results.freshness import Age, Freshness
from mta_assets.results.questions import Marts
from mta_assets.results.snapshots import Snapshots
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.alerts import Alerts
from mta_assets.state.audit import Audit
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore
from mta_assets.state.vitals import Report, Vitals

log = logging.getLogger(__name__)
MOST_CHECKS: Final = 1_000
GIVEN_UP: Final = timedelta(days=1)  # for so long a message that was given up is worth an alert
LEAST_CPU_SECONDS: Final = 1.0  # over less than that a share says nothing
# A server that has said nothing for this long is not measured any more.
SPOKE_LATELY: Final = timedelta(seconds=60)
Known = TypeVar("Known")


class Processors:
    """How busy the machine's processors were since they were last asked. psutil's own answer is one per thread, and looks are made in several."""

    def __init__(self) -> None:
        self._before = _busy_and_all()
        self._percent = 0.0

    def percent(self) -> float:
        """The mean since the last call, or since this was made."""
        after = _busy_and_all()
        busy, all_ = after[0] - self._before[0], after[1] - self._before[1]
        if all_ > LEAST_CPU_SECONDS:
            self._before, self._percent = after, min(100.0, 100 * busy / all_)
        return self._percent


@dataclass(slots=True)
class Gatherer:
    """Gathers facts, again and again. What it has opened stays open."""

    config: Config
    lake: Lake
    freshness: Freshness
    store: StateStore
    parts: Parts
    now: Callable[[], datetime]
    processors: Processors = field(default_factory=Processors)

    @classmethod
    def of(cls, settings: Settings, api: ApiSettings, config: Config, store: StateStore, now: Callable[[], datetime]) -> "Gatherer":
        """Over what the environment names."""
        models = build_models(config.models)
        lake = Lake(settings.lake)
        parts = Parts.of(store=store, lake=lake, redis_url=api.redis_url.get_secret_value(), dagster_url=settings.dagster_postgres_url)
        freshness = Freshness(Marts(snapshots=Snapshots(lake), config=config, models=models))
        return cls(config=config, lake=lake, freshness=freshness, store=store, parts=parts, now=now)

    def facts(self, runs: tuple[Run, ...] | None = None) -> Facts:
        """What is known now. runs: those of the pipeline that have ended; None where nobody knows."""
        parts, now = self.parts.ask(), self.now()
        of_lake, of_state = parts.get("lake") is None, parts.get("state") is None
        vitals = _unless_away(lambda: Vitals(self.store).since(now - WINDOW - SPOKE_LATELY)) if of_state else None
        return Facts(
            at=now,
            parts=parts,
            runs=runs,
            checks=_unless_away(self._failed_checks) if of_state else None,
            ages=_unless_away(lambda: self._ages(now)) if of_lake else None,
            rejections=_unless_away(lambda: rejections_of(self.lake)) if of_lake else None,
            traffic=None if vitals is None else traffic(vitals, now - WINDOW),
            machines=machines(self._own(), vitals or (), now),
            failed_authentications=_unless_away(lambda: Audit(self.store).failures(now - WINDOW)) if of_state else None,
            undelivered=_unless_away(lambda: Alerts(self.store).undelivered(now - GIVEN_UP)) if of_state else None,
            daemon_heard_at=_unless_away(lambda: Heartbeats(self.store).last(DAEMON)) if of_state else None,
            watch_heard_at=_unless_away(lambda: Heartbeats(self.store).last(WATCH)) if of_state else None,
        )

    def _failed_checks(self) -> tuple[CheckResult, ...]:
        return Checks(self.store).latest(passed=False, limit=MOST_CHECKS).items

    def _ages(self, now: datetime) -> tuple[DataAge, ...]:
        """Of sources and marts: what lies between them is late when one of these is."""
        ages = self.freshness.ages(now)
        return tuple(_age(age) for age in ages if age.kind == "source" or age.name.startswith("marts/"))

    def _own(self) -> Machine:
        disk = None if "://" in self.lake.root else psutil.disk_usage(str(_nearest(Path(self.lake.root)))).percent
        memory, cpu = psutil.virtual_memory().percent, self.processors.percent()
        return Machine(name=socket.gethostname(), cpu_percent=cpu, memory_percent=memory, disk_percent=disk)


def traffic(reports: Iterable[Report], since: datetime) -> Traffic:
    """What the servers have answered since this moment. A server's counts begin at 0 when it does; what they were before is known from an older report."""
    before: dict[tuple[str, datetime], Report] = {}
    newest: dict[tuple[str, datetime], Report] = {}
    for report in reports:
        server = (report.server, report.began_at)
        newest[server] = report
        if report.at <= since or (server not in before and report.began_at < since):
            before[server] = report
    grown = [(report, before.get(server)) for server, report in newest.items()]
    names = ("requests", "errors", "rate_limited")
    return Traffic(**{name: sum(getattr(report, name) - (getattr(then, name) if then else 0) for report, then in grown) for name in names})


def machines(own: Machine, reports: Iterable[Report], now: datetime) -> tuple[Machine, ...]:
    """Our own machine, and those of the API's servers that spoke lately."""
    others = {
        host: Machine(name=host, cpu_percent=report.cpu_percent, memory_percent=report.memory_percent)
        for report in reports
        if now - report.at <= SPOKE_LATELY and (host := report.server.rpartition(":")[0]) != own.name
    }
    return (own, *others.values())


def _age(age: Age) -> DataAge:
    about = {name: getattr(age, name) for name in ("kind", "name", "status", "newest_day", "written_at", "age_hours", "silent")}
    allowed = age.policy.allowed_of_source if age.kind == "source" else age.policy.allowed  # no file of a table is waited for
    return DataAge(allowed=allowed, **about)


def _unless_away(ask: Callable[[], Known]) -> Known | None:
    """What was asked; None when the part went away since it was found to answer, or holds no such table yet."""
    try:
        return ask()
    except MtaError as error:
        log.info("a fact cannot be had: %s", error)
        return None


def _busy_and_all() -> tuple[float, float]:
    """Seconds that the processors worked, and seconds in all, since the machine was started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
    return busy, busy + idle


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
