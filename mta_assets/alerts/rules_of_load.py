"""Rules about the API's callers and the machines: errors, refusals, load, space. Pure."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from mta_assets.alerts.facts import Facts, Machine
from mta_assets.alerts.rule import Condition, Find, Rule
from mta_assets.config_alerts import AlertThresholds

WINDOW = timedelta(minutes=5)
MOST_ADDRESSES = 5


def _api_errors(facts: Facts, thresholds: AlertThresholds) -> Sequence[Condition] | None:
    traffic = facts.traffic
    if traffic is None:
        return None
    percent = 100 * traffic.errors / traffic.requests if traffic.requests else 0.0
    if traffic.requests < thresholds.api_least_requests or percent <= thresholds.api_error_percent:
        return []
    message = f"{traffic.errors:,} of {traffic.requests:,} requests of the last 5 minutes were answered with 500 or above, {percent:.1f} %."
    return [Condition(subject="api", severity="error", message=message, numbers={"error_percent": round(percent, 2)})]


API_ERRORS = Rule(
    name="api_errors",
    title="The API answers with errors",
    find=_api_errors,
    meaning="More than `api_error_percent` of the requests of the last five minutes, over all servers, were answered with a status from 500 on.",
    remedy="`/health/detailed` says which part is away, `/health/metrics` which codes were answered; the server's log has a traceback for each fault of ours, "
    "under the request's id. If a part is away, its own alert says what to do.",
    resolves="When the share over five minutes is below the threshold for two minutes.",
    calm=timedelta(minutes=2),
)


def _rate_limited(facts: Facts, thresholds: AlertThresholds) -> Sequence[Condition] | None:
    traffic = facts.traffic
    if traffic is None:
        return None
    if traffic.rate_limited < thresholds.rate_limited:
        return []
    message = f"Limits refused {traffic.rate_limited:,} requests in the last 5 minutes."
    return [Condition(subject="api", severity="warning", message=message, numbers={"refused": traffic.rate_limited})]


RATE_LIMITED = Rule(
    name="rate_limited",
    title="Many requests are refused by limits",
    find=_rate_limited,
    meaning="A caller, or all together, ask for more than their limit and are answered 429. The others are served.",
    remedy="`/health/metrics` says which limit refuses; the audit log (`/v1/audit?outcome=too_many_requests`) whose key it is. Speak to its owner, give "
    "the key a limit of its own (`mta keys create --limit-per-hour`), or revoke it.",
    resolves="When fewer than the threshold were refused for two minutes.",
    calm=timedelta(minutes=2),
)


def _failed_authentication(facts: Facts, thresholds: AlertThresholds) -> Sequence[Condition] | None:
    failed = facts.failed_authentications
    if failed is None:
        return None
    total = sum(failed.values())
    if total < thresholds.failed_authentications:
        return []
    most = sorted(failed.items(), key=lambda each: -each[1])[:MOST_ADDRESSES]
    named = ", ".join(f"{address} ({count:,})" for address, count in most)
    message = f"{total:,} requests with a bad key or token in the last 5 minutes, from {len(failed):,} addresses; the most from {named}."
    return [Condition(subject="api", severity="warning", message=message, numbers={"failed": total, "addresses": len(failed)})]


FAILED_AUTHENTICATION = Rule(
    name="failed_authentication",
    title="Repeated failed authentication",
    find=_failed_authentication,
    meaning="Somebody tries keys or tokens that are unknown, expired or revoked: a client with an old key, or an attack. After MTA_API_LIMIT_FAILURES an "
    "address is blocked for a while by itself; a good key behind it works on.",
    remedy="Look at the addresses in the audit log (`/v1/audit?kind=authentication`). One address with one key id is a client whose key has ended: give it a "
    "new one. Many ids or addresses are an attack: block them in front of the API.",
    resolves="When fewer than the threshold failed for two minutes.",
    calm=timedelta(minutes=2),
)


def _above(what: str, measure: Callable[[Machine], float | None], threshold: Callable[[AlertThresholds], float]) -> Find:
    """Finds machines of which a share in use is above its threshold; critical where less than half of what the threshold leaves is free."""

    def find(facts: Facts, thresholds: AlertThresholds) -> Sequence[Condition] | None:
        if facts.machines is None:
            return None
        limit, found = threshold(thresholds), []
        for machine in facts.machines:
            percent = measure(machine)
            if percent is not None and percent > limit:
                severe = what != "processors" and 100 - percent < (100 - limit) / 2
                message = f"{percent:.0f} % of the {what} of {machine.name} is in use; the threshold is {limit:g} %."
                numbers = {"percent": round(percent, 1)}
                found.append(
                    Condition(subject=machine.name, severity="critical" if severe else "warning", message=message, numbers=numbers)
                )
        return found

    return find


CPU_HIGH = Rule(
    name="cpu_high",
    title="The processors are busy",
    find=_above("processors", lambda machine: machine.cpu_percent, lambda thresholds: thresholds.cpu_percent),
    meaning="More than `cpu_percent` of a machine's processors were in use at every look for five minutes. A backfill does that, and is no fault.",
    remedy="See in the Dagster UI which runs are under way, and with `top` what else is. If it is daily work, give the machine more processors or the API a "
    "machine of its own; if it is requests, lower their limits.",
    resolves="When it was below the threshold for two minutes.",
    hold=WINDOW,
    calm=timedelta(minutes=2),
)
MEMORY_HIGH = Rule(
    name="memory_high",
    title="Memory runs short",
    find=_above("memory", lambda machine: machine.memory_percent, lambda thresholds: thresholds.memory_percent),
    meaning="More than `memory_percent` of a machine's memory is in use: a warning, and critical where less than half of the rest is free. When it is used up "
    "the system ends processes; runs that it ends are started again.",
    remedy="See with `top` what takes it. Lower MTA_API_ANALYSIS_PROCESSES or MTA_API_ANALYSIS_MEMORY_MB, backfill shorter ranges, or give the machine more.",
    resolves="When it was below the threshold for two minutes.",
    calm=timedelta(minutes=2),
)
DISK_FILLING = Rule(
    name="disk_filling",
    title="The disk fills",
    find=_above("disk of the lake", lambda machine: machine.disk_percent, lambda thresholds: thresholds.disk_percent),
    meaning="More than `disk_percent` of the disk that holds the lake is in use: a warning, and critical where less than half of the rest is free. On a full "
    "disk runs fail; what was written before stays whole.",
    remedy="Run the maintenance job, which compacts and vacuums the lake, or shorten its retention; remove files from the landing folder that were read and "
    "are kept elsewhere; enlarge the disk.",
    resolves="When it was below the threshold for two minutes.",
    calm=timedelta(minutes=2),
)
