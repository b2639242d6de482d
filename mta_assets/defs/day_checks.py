"""The checks that compare days with those before them as asset checks: they follow what wrote the days, stop nothing, and can be run by themselves."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.defs.checks import results
from mta_assets.defs.jobs import IN_PROCESS
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import RANGE_END, RANGE_START
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.specs import key_of
from mta_assets.defs.told import tell_findings
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.judging import DataCheck, Findings, days_to_judge, judge_events, judge_journeys, judge_shares
from mta_assets.quality.registry import CONTROL_CHECK, EVENT_CHECKS, JOURNEY_CHECKS, SHARE_CHECKS

JUDGE = "judge"
Judge = Callable[[Lake, Config, Path, DayRange, datetime], Findings]


def day_checks() -> list[dg.AssetChecksDefinition]:
    """A step for each of the three profiles: a job takes a step as a whole."""
    return [
        _step("judge_events", (*EVENT_CHECKS, CONTROL_CHECK), judge_events),
        _step("judge_journeys", JOURNEY_CHECKS, judge_journeys),
        _step("judge_shares", SHARE_CHECKS, judge_shares),
    ]


def judge_job(checks: Sequence[dg.AssetChecksDefinition]) -> UnresolvedAssetJobDefinition:
    """The job that judges without computing anything."""
    return dg.define_asset_job(
        JUDGE, selection=dg.AssetSelection.checks(*checks), description="Judge the newest days again.", executor_def=IN_PROCESS
    )


def spec_of_check(check: DataCheck) -> dg.AssetCheckSpec:
    """Its specification: what it finds is told, and stops nothing."""
    return dg.AssetCheckSpec(check.name, asset=key_of(check.table), description=f"{check.fires}\n\n{check.remedy}")


def _step(name: str, checks: Sequence[DataCheck], judge: Judge) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=name, specs=[spec_of_check(check) for check in checks])
    @observed
    def check_step(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> Iterator[dg.AssetCheckResult]:
        """Compare the days of the run and the newest ones with the days before them."""
        days = days_to_judge(_days_of(context), lake.config, lake.now())
        findings = judge(lake.lake, lake.config, lake.landing_folder, days, lake.now())
        tell_findings(context, lake, days, findings)
        yield from results(findings)

    return check_step


def _days_of(context: dg.AssetCheckExecutionContext) -> DayRange | None:
    """The days that the run is about; None when it is about none."""
    tags = context.run.tags
    first = tags.get(RANGE_START) or tags.get("dagster/partition")
    return DayRange(date.fromisoformat(first), date.fromisoformat(tags.get(RANGE_END) or first)) if first else None
