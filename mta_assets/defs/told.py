"""What runs tell the state store, where the API and subscribers find it: findings and new results.

A store that is away fails no run: what it is to know is told when it is back.
"""

from collections.abc import Mapping
from datetime import datetime

import dagster as dg

from mta_assets.contracts.days import DayRange
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.untold import Told, keep
from mta_assets.errors import MtaError
from mta_assets.quality.findings import AnyCheck, Finding, Named
from mta_assets.state.checks import CheckResult

Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def tell_findings(context: Context, lake: LakeResource, days: DayRange | None, findings: Mapping[AnyCheck, Finding]) -> None:
    """Record what the checks of a step found, in one transaction. days: those that were checked; None where it was not about days."""
    run_id, now = context.run.run_id, lake.now()
    found = tuple(_result(check, finding, days, run_id, now) for check, finding in findings.items())
    _tell(context, lake, Told(run_id=run_id, at=now, findings=found))


def tell_results(context: dg.AssetExecutionContext, lake: LakeResource, days: DayRange, versions: Mapping[str, int]) -> None:
    """Tell subscribers that the results of these days are new, once per run. versions: of the tables that say so."""
    run_id, now = context.run.run_id, lake.now()
    payload = {"first_day": str(days.first), "last_day": str(days.last), "run_id": run_id, "table_versions": dict(versions)}
    _tell(context, lake, Told(run_id=run_id, at=now, results=payload))


def _tell(context: Context, lake: LakeResource, told: Told) -> None:
    """Tell the store. One that was found to be away is not asked again by this run, for each step would wait for it: what it is to know is kept."""
    try:
        if (store := lake.state) is not None:
            told.record(store)
            return
    except MtaError as error:
        lake.lose_state()
        context.log.warning(f"Findings and events of this run are told when the state store is back; the run goes on. {error}")
    if lake.project.state_url:
        keep(context.instance, told)


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
