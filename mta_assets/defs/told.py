"""What runs tell the state store, where the API and subscribers find it: findings and new results. A store that is away never fails a run."""

from collections.abc import Callable, Mapping
from datetime import datetime

import dagster as dg

from mta_assets.contracts.days import DayRange
from mta_assets.defs.resources import LakeResource
from mta_assets.errors import MtaError
from mta_assets.quality.findings import AnyCheck, Finding, Named
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.deliveries import address
from mta_assets.state.store import StateStore
from mta_assets.state.webhooks import Event

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def tell_findings(context: Context, lake: LakeResource, days: DayRange | None, findings: Mapping[AnyCheck, Finding]) -> None:
    """Record what the checks of a step found, in one transaction. days: those that were checked; None where it was not about days."""
    run_id, now = context.run.run_id, lake.now()
    found = [_result(check, finding, days, run_id, now) for check, finding in findings.items()]
    _tell(context, lake, lambda store: Checks(store).record(found))


def tell_results(context: dg.AssetExecutionContext, lake: LakeResource, days: DayRange, versions: Mapping[str, int]) -> None:
    """Tell subscribers that the results of these days are new, once per run. versions: of the tables that say so."""
    run_id, now = context.run.run_id, lake.now()
    payload = {"first_day": str(days.first), "last_day": str(days.last), "run_id": run_id, "table_versions": dict(versions)}

    def enqueue(store: StateStore) -> None:
        with store.session() as session:
            address(session, f"results_{run_id}", Event.RESULTS_UPDATED, payload, now=now)

    _tell(context, lake, enqueue)


def _tell(context: Context, lake: LakeResource, tell: Callable[[StateStore], None]) -> None:
    """Tell the store, if it is there. One that was found to be away is not asked again by this run: each step would wait for it."""
    try:
        if (store := lake.state) is not None:
            tell(store)
    except MtaError as error:
        lake.lose_state()
        context.log.warning(f"Findings and events of this run are not recorded from here on; the run goes on. {error}")


def _result(check: Named, finding: Finding, days: DayRange | None, run_id: str, now: datetime) -> CheckResult:
    return CheckResult(
        asset=check.table.name,
        name=check.name,
        passed=finding.passed,
        severity=finding.severity,
        message=finding.message,
        recommendation=finding.recommendation,
        numbers=finding.numbers,
        first_day=days.first if days else None,
        last_day=days.last if days else None,
        run_id=run_id,
        at=now,
    )
