"""How long the state store keeps what is over, and the one call that removes the rest. Keys and subscriptions stay until somebody removes them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mta_assets.errors import ConfigError
from mta_assets.state.alerts import Alerts
from mta_assets.state.audit import Audit
from mta_assets.state.checks import Checks
from mta_assets.state.deliveries import prune_deliveries
from mta_assets.state.idempotency import Idempotency
from mta_assets.state.jobs import Jobs
from mta_assets.state.store import StateStore
from mta_assets.state.vitals import Vitals

KEPT_VITALS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionPolicy:
    """Days for which things are kept after their end; each one at least."""

    jobs_days: int = 30
    audit_days: int = 365
    deliveries_days: int = 30
    checks_days: int = 30
    alerts_days: int = 90

    def __post_init__(self) -> None:
        for name in ("jobs_days", "audit_days", "deliveries_days", "checks_days", "alerts_days"):
            if getattr(self, name) < 1:
                raise ConfigError(f"The retention {name} is {getattr(self, name)}; it is 1 at least.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What a pruning removed: rows of each table. job_ids: the jobs, whose files can go too."""

    jobs: int
    audit: int
    deliveries: int
    idempotency: int
    checks: int
    alerts: int
    vitals: int
    job_ids: tuple[str, ...]


def prune(store: StateStore, *, now: datetime, policy: RetentionPolicy | None = None) -> Removed:
    """Remove what the policy no longer keeps, each table in a transaction of its own."""
    kept = policy or RetentionPolicy()
    job_ids = Jobs(store).prune(now - timedelta(days=kept.jobs_days))
    return Removed(
        jobs=len(job_ids),
        job_ids=job_ids,
        audit=Audit(store).prune(now - timedelta(days=kept.audit_days)),
        deliveries=prune_deliveries(store, now - timedelta(days=kept.deliveries_days)),
        idempotency=Idempotency(store).prune(now),
        checks=Checks(store).prune(now - timedelta(days=kept.checks_days)),
        alerts=Alerts(store).prune(now - timedelta(days=kept.alerts_days)),
        vitals=Vitals(store).prune(now - KEPT_VITALS),
    )
