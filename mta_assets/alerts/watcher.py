"""What one process needs to watch: it opens what the environment names, does one look, and sends what is to be told. Rules and words are elsewhere."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mta_assets.alerts.delivery import Courier, Variable, single
from mta_assets.alerts.facts import Facts
from mta_assets.alerts.fallback import FileLedger, ledger_path
from mta_assets.alerts.registry import RULES
from mta_assets.alerts.rounds import Told, look, tell
from mta_assets.alerts.rule import Rule
from mta_assets.alerts.rules_of_parts import STATE_UNREACHABLE
from mta_assets.config_alerts import AlertsConfig
from mta_assets.errors import ConfigError, StateError, did_you_mean
from mta_assets.settings import Settings, variable
from mta_assets.state.alert_records import Alert, Message, MessageState, Notice, Phase
from mta_assets.state.alerts import Alerts
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.store import StateStore

log = logging.getLogger(__name__)
WATCH: Final = "watch"  # the name of its heartbeat


def check_names(config: AlertsConfig) -> None:
    """Raises ConfigError, with the nearest right names, when mta.yaml names an alert that there is not."""
    named = [("silenced", config.silenced), *((f"targets.{name}.rules", target.rules) for name, target in config.targets.items())]
    for where, names in named:
        for name in names:
            if name not in RULES:
                raise ConfigError(f"alerts.{where} in mta.yaml names {name!r}, and there is no such alert. {did_you_mean(name, RULES)}")


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Watcher:
    """Looks and tells. What is known is in the state store; of the state store itself, in a file, so that its loss is told too."""

    config: AlertsConfig
    store: StateStore
    file: FileLedger
    variable: Variable = variable
    now: Callable[[], datetime] = utc_now
    _migrated: bool = False

    @classmethod
    def from_settings(cls, settings: Settings, config: AlertsConfig) -> "Watcher":
        """The one that the environment names. Raises ConfigError when mta.yaml names an alert that there is not."""
        check_names(config)
        file = FileLedger(ledger_path(settings.lake, settings.uploads))
        return cls(config=config, store=StateStore(settings.state_url), file=file)

    def tick(self, facts: Facts, seconds: float) -> Told:
        """Judge the facts, note what changed, and send what is due for about these seconds."""
        courier = self._courier()
        told = self._about_the_store(facts, courier, seconds)
        if facts.parts.get("state") is not None:
            return told
        others = [rule for rule in RULES.values() if rule is not STATE_UNREACHABLE]
        try:
            ledger = self.alerts()
            look(ledger, others, facts, self.config)
            return told + tell(ledger, courier, self.now, seconds)
        except StateError as error:  # it went away since it was asked
            parts = {**facts.parts, "state": str(error)}
            return told + self._about_the_store(Facts(at=facts.at, parts=parts), courier, seconds)

    def beat(self) -> None:
        """The watch that runs apart from the daemon is alive. Without the state store its silence cannot be judged either."""
        try:
            self.alerts()  # for the tables
            Heartbeats(self.store).beat(WATCH, self.now())
        except StateError as error:
            log.info("the heartbeat of the watch cannot be noted: %s", error)

    def began(self, rule: Rule, otherwise: datetime) -> datetime:
        """When the oldest alert of this rule that still fires began; `otherwise` when none does, or the store does not answer."""
        try:
            return min((alert.since for alert in self.alerts().list() if alert.rule == rule.name), default=otherwise)
        except StateError:
            return otherwise

    def send(self, seconds: float) -> Told:
        """Send what is due and look for nothing. Raises StateError when the store does not answer."""
        return tell(self.alerts(), self._courier(), self.now, seconds)

    def send_now(self, notice: Notice) -> str | None:
        """Send one notice past the outbox, once: None when the target has it, else what went wrong. It needs no state store."""
        message = Message(
            id=f"al_{secrets.token_hex(12)}",
            target=notice.target,
            state=MessageState.PENDING,
            tries=1,
            due_at=notice.at,
            created_at=notice.at,
            notices=(notice,),
        )
        return self._courier().deliver(message)

    def known(self, phases: Sequence[Phase]) -> tuple[Alert, ...]:
        """The alerts in these phases, those of the file first; only these while the store does not answer."""
        of_file = tuple(alert for alert in self.file.book().alerts if alert.phase in phases)
        try:
            return of_file + self.alerts().list(phases=phases)
        except StateError:
            if not of_file:
                raise
            return of_file

    def alerts(self) -> Alerts:
        """The ledger in the state store, at this version's tables. Raises StateError when the store does not answer."""
        if not self._migrated:
            self.store.migrate()
            self._migrated = True
        return Alerts(self.store, single(self.config.targets, self.variable))

    def _courier(self) -> Courier:
        return Courier(self.config.targets, variable=self.variable, now=self.now)

    def _about_the_store(self, facts: Facts, courier: Courier, seconds: float) -> Told:
        """The look at the store itself. While it answers and always has, there is no file and nothing to do."""
        if facts.parts.get("state") is None and not self.file.in_use:
            return Told()
        look(self.file, [STATE_UNREACHABLE], facts, self.config)
        return tell(self.file, courier, self.now, seconds)
