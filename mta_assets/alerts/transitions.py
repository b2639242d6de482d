"""From what was known and what is wrong now: the alerts' new state, and what is to be told. Pure; the clock is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mta_assets.alerts.rule import Condition, Rule
from mta_assets.config_alerts import SEVERITIES, Severity
from mta_assets.state.alert_records import Alert, Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """A change of an alert that is to be told: it fires, fires more severely or for more than was told, or is resolved."""

    kind: Literal["firing", "resolved"]
    alert: Alert


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """What becomes of the alerts. gone: keys of those that never fired and are over."""

    alerts: tuple[Alert, ...]
    gone: tuple[str, ...]
    tellings: tuple[Telling, ...]


Found = Mapping[str, Sequence[Condition]]


def progress(known: Mapping[str, Alert], rules: Iterable[Rule], found: Found, *, now: datetime, cool_down: timedelta) -> Progress:
    """The next state of every alert. found: rule -> its conditions, of every rule that could be judged; alerts of others stay as they are.

    An alert whose rule is no longer among the rules is over: nobody watches it.
    """
    by_name = {rule.name: rule for rule in rules}
    alerts, gone, tellings = [], [], []
    holding = {f"{name}:{condition.subject}": (by_name[name], condition) for name, conditions in found.items() for condition in conditions}
    for key, (rule, condition) in holding.items():
        alert = _seen(known.get(key), rule, condition, now)
        if _is_to_be_told(alert, condition, now, cool_down):
            parts = tuple(sorted(condition.parts.union(alert.told_parts)))
            alert = replace(alert, told_severity=_worse(alert.severity, alert.told_severity), told_at=now, told_parts=parts)
            tellings.append(Telling(kind="firing", alert=alert))
        alerts.append(alert)
    for key, alert in known.items():
        unknown = alert.rule in by_name and alert.rule not in found
        if key in holding or unknown or alert.phase is Phase.RESOLVED:
            continue
        if alert.phase is Phase.PENDING:
            gone.append(key)
            continue
        absent = _absent(alert, by_name.get(alert.rule), now)
        if absent.phase is Phase.RESOLVED and absent.told_severity is not None:
            tellings.append(Telling(kind="resolved", alert=absent))
        alerts.append(absent)
    return Progress(alerts=tuple(alerts), gone=tuple(gone), tellings=tuple(tellings))


def _seen(known: Alert | None, rule: Rule, condition: Condition, now: datetime) -> Alert:
    """The alert, as its condition holds: pending until it has held for long enough; what was resolved begins anew."""
    about = {"message": condition.message, "severity": condition.severity, "numbers": dict(condition.numbers), "seen_at": now}
    if known is None or known.phase is Phase.RESOLVED:
        told_at = known.told_at if known else None
        known = Alert(rule=rule.name, subject=condition.subject, phase=Phase.PENDING, since=now, told_at=told_at, **about)  # type: ignore[arg-type]
    long_enough = known.phase is Phase.FIRING or now - known.since >= rule.hold
    return replace(known, phase=Phase.FIRING if long_enough else Phase.PENDING, absent_since=None, **about)  # type: ignore[arg-type]


def _is_to_be_told(alert: Alert, condition: Condition, now: datetime, cool_down: timedelta) -> bool:
    """Once per occurrence, severity and part. One that came back soon after it was told waits for the cool-down, unless it is worse than it was then."""
    if alert.phase is not Phase.FIRING:
        return False
    if alert.told_severity is not None:
        return _rank(alert.severity) > _rank(alert.told_severity) or not condition.parts.issubset(alert.told_parts)
    return alert.told_at is None or now - alert.told_at >= cool_down


def _absent(alert: Alert, rule: Rule | None, now: datetime) -> Alert:
    since = alert.absent_since or now
    if rule is None or now - since >= rule.calm:
        return replace(alert, phase=Phase.RESOLVED, absent_since=None, resolved_at=now)
    return replace(alert, absent_since=since)


def _worse(severity: Severity, told: Severity | None) -> Severity:
    return severity if told is None or _rank(severity) > _rank(told) else told


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)
