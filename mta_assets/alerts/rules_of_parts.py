"""Rules about the parts that everything stands on: databases, Redis, the lake, the daemon. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mta_assets.alerts.facts import Facts
from mta_assets.alerts.rule import Condition, Find, Rule
from mta_assets.config_alerts import AlertThresholds, Severity

DAEMON_SILENT_AFTER = timedelta(seconds=120)
WATCH_SILENT_AFTER = timedelta(minutes=5)


def _unreachable(part: str, severity: Severity) -> Find:
    """Finds whether a part is away; unknown where it is not set up or could not be asked."""

    def find(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
        if part not in facts.parts:
            return None
        wrong = facts.parts[part]
        return [] if wrong is None else [Condition(subject=part, severity=severity, message=wrong)]

    return find


STATE_UNREACHABLE = Rule(
    name="state_unreachable",
    title="The state store does not answer",
    find=_unreachable("state", "critical"),
    meaning="The database that holds keys, jobs, findings, alerts and webhooks cannot be reached from where alerts are looked for. The API answers 503, "
    "runs go on, and what they find is told when it is back; no other alert can be judged or told until then.",
    remedy="Start the database, or mend the network to it, and check MTA_STATE_URL; look at the free space and the log of the database server.",
    resolves="At the first look at which the database answers.",
)
DAGSTER_STORAGE_UNREACHABLE = Rule(
    name="dagster_storage_unreachable",
    title="Dagster's database does not answer",
    find=_unreachable("dagster_storage", "critical"),
    meaning="The Postgres of MTA_DAGSTER_POSTGRES_URL cannot be reached: no run starts, no sensor looks, the Dagster UI shows nothing.",
    remedy="Start the database, or mend the network to it, then restart the Dagster daemon if it has ended. What landed meanwhile is taken in by itself.",
    resolves="At the first look at which the database answers.",
)
REDIS_UNREACHABLE = Rule(
    name="redis_unreachable",
    title="Redis does not answer",
    find=_unreachable("redis", "error"),
    meaning="The Redis of MTA_API_REDIS_URL cannot be reached. The API answers on: each of its processes keeps limits and cache in its own memory, so that "
    "limits are looser by the number of processes and answers are slower at first.",
    remedy="Start Redis, or mend the network to it, and check MTA_API_REDIS_URL. Nothing in it needs to be restored.",
    resolves="At the first look at which Redis answers.",
)
LAKE_UNREACHABLE = Rule(
    name="lake_unreachable",
    title="The lake cannot be read",
    find=_unreachable("lake", "critical"),
    meaning="The tables under MTA_LAKE cannot be read from where alerts are looked for: runs fail, and the API answers 503 for what it has not in its cache.",
    remedy="Check the disk or the object store, its credentials and MTA_LAKE. If a file is damaged, call `mta heal` (docs/operations.md, Damage).",
    resolves="At the first look at which the lake can be read.",
)


def _silent(
    subject: str, title: str, heard: datetime | None, after: timedelta, at: datetime, severity: Severity
) -> Sequence[Condition] | None:
    """Whether a part has left no heartbeat for so long; unknown where it never left one."""
    if heard is None:
        return None
    silent = at - heard
    if silent <= after:
        return []
    message = f"{title} was last heard of at {heard:%Y-%m-%d %H:%M:%S} UTC, {silent.total_seconds() / 60:.0f} minutes ago."
    return [Condition(subject=subject, severity=severity, message=message, numbers={"silent_seconds": round(silent.total_seconds())})]


def _daemon_silent(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    return _silent("daemon", "The Dagster daemon", facts.daemon_heard_at, DAEMON_SILENT_AFTER, facts.at, "critical")


DAEMON_SILENT = Rule(
    name="daemon_silent",
    title="The Dagster daemon is silent",
    find=_daemon_silent,
    meaning="The daemon writes a heartbeat every few seconds and has written none for two minutes: what lands is not read, nothing is recomputed, jobs of "
    "clients wait. Only `mta alerts watch`, which runs apart from the daemon, can tell.",
    remedy="Restart the daemon (`mta up`, or its container) and read the end of its log. What landed meanwhile is taken in by itself.",
    resolves="When the daemon is heard of again.",
)


def _watch_silent(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    return _silent("watch", "`mta alerts watch`", facts.watch_heard_at, WATCH_SILENT_AFTER, facts.at, "error")


WATCH_SILENT = Rule(
    name="watch_silent",
    title="The watch for alerts is silent",
    find=_watch_silent,
    meaning="`mta alerts watch` leaves a heartbeat at every look and has left none for five minutes. Everything else goes on; but if the daemon or its "
    "database went away as well, nobody would tell.",
    remedy="Restart it (`mta up`, or the container `watch`) and read the end of its log. Where it is not to run any more, put the alert under "
    "alerts.silenced in mta.yaml.",
    resolves="When the watch is heard of again.",
)


def _target_unreachable(facts: Facts, _: AlertThresholds) -> Sequence[Condition] | None:
    if facts.undelivered is None:
        return None
    return [
        Condition(
            subject=target,
            severity="error",
            message=f"{count} messages to {target} were given up within the last day.",
            numbers={"messages": count},
        )
        for target, count in sorted(facts.undelivered.items())
    ]


TARGET_UNREACHABLE = Rule(
    name="target_unreachable",
    title="Alerts do not reach a target",
    find=_target_unreachable,
    meaning="Messages about alerts to one of the targets of mta.yaml were tried ten times within an hour and given up. The other targets hear of it here.",
    remedy="`mta alerts dead` shows the messages and what went wrong. Mend the address or the secret, check with `mta alerts test TARGET`, then send again "
    "what is worth it with `mta alerts retry MESSAGE`.",
    resolves="When its messages were sent again, or a day after the last was given up.",
)
