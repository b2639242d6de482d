"""Which targets hear of a change, and when: severities, rules, quiet hours. Pure; the clock is given."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mta_assets.alerts.transitions import Telling
from mta_assets.config_alerts import SEVERITIES, WEEKDAYS, AlertTarget, QuietHours, Severity
from mta_assets.state.alert_records import Notice


def notices_of(tellings: Iterable[Telling], targets: Mapping[str, AlertTarget], now: datetime) -> tuple[Notice, ...]:
    """One notice per change and target that is to hear of it. A resolution goes to those that heard of the alert."""
    return tuple(
        _notice(telling, name, due_at(target.quiet, severity, now), now)
        for telling in tellings
        for name, target in targets.items()
        if _concerns(target, telling.alert.rule, severity := telling.alert.told_severity or telling.alert.severity)
    )


def due_at(quiet: QuietHours | None, severity: Severity, now: datetime) -> datetime:
    """When a notice of this severity may be told: now, or at the end of the quiet hours."""
    if quiet is None or SEVERITIES.index(severity) >= SEVERITIES.index(quiet.pierced_by):
        return now
    return quiet_until(quiet, now) or now


def quiet_until(quiet: QuietHours, now: datetime) -> datetime | None:
    """The end of the quiet hours that this moment lies in; None when it lies in none. Times are those of the clock on the wall."""
    here = now.astimezone(zone := ZoneInfo(quiet.timezone))
    for begins in (here.date() - timedelta(days=1), here.date()):
        if WEEKDAYS[begins.weekday()] not in quiet.days:
            continue
        ends = begins if quiet.start < quiet.end else begins + timedelta(days=1)
        end = datetime.combine(ends, quiet.end, zone)
        if datetime.combine(begins, quiet.start, zone) <= here < end:
            return end.astimezone(now.tzinfo)
    return None


def _concerns(target: AlertTarget, rule: str, severity: Severity) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(target.least) and (not target.rules or rule in target.rules)


def _notice(telling: Telling, target: str, due: datetime, now: datetime) -> Notice:
    alert = telling.alert
    return Notice(
        target=target,
        kind=telling.kind,
        rule=alert.rule,
        subject=alert.subject,
        severity=alert.told_severity or alert.severity,
        text=alert.message,
        numbers=alert.numbers,
        since=alert.since,
        at=now,
        due_at=due,
    )
