"""One look: judge the facts, note what changed, tell whom it concerns. Where the facts are from is `gather`'s, where things are noted a ledger's."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mta_assets.alerts.delivery import Courier
from mta_assets.alerts.facts import Facts
from mta_assets.alerts.routing import notices_of
from mta_assets.alerts.rule import Rule
from mta_assets.alerts.transitions import Found, progress
from mta_assets.config_alerts import AlertsConfig, AlertThresholds
from mta_assets.errors import StateError
from mta_assets.state.alert_records import Alert, Message
from mta_assets.state.alerts import Change

log = logging.getLogger(__name__)
AT_ONCE = 8


class Ledger(Protocol):
    """Where alerts and messages about them are kept: `state.alerts.Alerts`, or a file."""

    def advance(self, step: Callable[[Mapping[str, Alert]], Change]) -> Change:
        """Apply what step makes of the known alerts, all or nothing."""

    def take(self, now: datetime) -> tuple[Message, ...]:
        """The messages that are yours to send."""

    def record(self, id_: str, *, delivered: bool, now: datetime, error: str | None = None) -> Message:
        """What came of a try."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of sending: messages that arrived, and those that did not and are to be tried again or are dead."""

    sent: int = 0
    failed: int = 0

    def __add__(self, other: "Told") -> "Told":
        return Told(self.sent + other.sent, self.failed + other.failed)


def judged(rules: Iterable[Rule], facts: Facts, thresholds: AlertThresholds) -> Found:
    """Rule -> what it finds, for every rule that can be judged by these facts."""
    found = {rule.name: rule.find(facts, thresholds) for rule in rules}
    return {name: conditions for name, conditions in found.items() if conditions is not None}


def look(ledger: Ledger, rules: Iterable[Rule], facts: Facts, config: AlertsConfig) -> Change:
    """Judge these rules and note what changed, with what is to be told of it, in one transaction of the ledger."""
    wanted = [rule for rule in rules if rule.name not in config.silenced]
    found = judged(wanted, facts, config.thresholds)

    def step(known: Mapping[str, Alert]) -> Change:
        made = progress(known, wanted, found, now=facts.at, cool_down=timedelta(minutes=config.cool_down_minutes))
        return Change(alerts=made.alerts, gone=made.gone, notices=notices_of(made.tellings, config.targets, facts.at))

    return ledger.advance(step)


def tell(ledger: Ledger, courier: Courier, now: Callable[[], datetime], seconds: float) -> Told:
    """Send what is due, one message per target at a time, until nothing is or these seconds are over; what has begun then is waited for."""
    told, ends = Told(), time.monotonic() + seconds
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert") as pool:
        while time.monotonic() < ends and (messages := ledger.take(now())):
            arrived = list(pool.map(lambda message: _handed_over(ledger, courier, message, now), messages))
            told += Told(sum(arrived), len(arrived) - sum(arrived))
    return told


def _handed_over(ledger: Ledger, courier: Courier, message: Message, now: Callable[[], datetime]) -> bool:
    """Send one and record what came of it. A record that is lost is made good by sending again, marked as such, when the lease is over."""
    wrong = courier.deliver(message)
    try:
        ledger.record(message.id, delivered=wrong is None, error=wrong, now=now())
    except StateError as lost:
        log.warning("what came of the message %s to %s cannot be recorded: %s", message.id, message.target, lost)
    return wrong is None
