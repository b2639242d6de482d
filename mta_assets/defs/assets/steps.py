"""What every daily step shares: how it reports what it made, and what happens when a check fails before the write. No knowledge of any table."""

from collections.abc import Iterable, Iterator, Mapping

import dagster as dg
import polars as pl

from mta_assets.contracts.columns import Table
from mta_assets.defs.checks import Check, failed, results
from mta_assets.defs.partitions import days_of
from mta_assets.defs.reports import ROW_COUNT, credit_per_day, per_day, top_channels
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.specs import key_of
from mta_assets.defs.told import tell_findings
from mta_assets.quality.findings import Finding

Events = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def made(context: dg.AssetExecutionContext, table: Table, frame: pl.DataFrame) -> dg.MaterializeResult[None]:
    """The materialisation of a table's days: each says its row count. A run makes one event per day and table, so that each must stay small."""
    counts = per_day(frame)
    for day in map(str, days_of(context)):
        context.add_asset_metadata({ROW_COUNT: counts.get(day, 0)}, asset_key=key_of(table), partition_key=day)
    return dg.MaterializeResult(asset_key=key_of(table))


def show_credit(context: dg.AssetExecutionContext, table: Table, frame: pl.DataFrame, credit: str) -> None:
    """Add to the materialisation to come: each day's credit total, and the newest day's top channels. frame: one model's rows with channel and `credit`."""
    totals, days = credit_per_day(frame, credit), days_of(context)
    for day in map(str, days):
        context.add_asset_metadata({"credit": totals.get(day, 0.0)}, asset_key=key_of(table), partition_key=day)
    newest = top_channels(frame.filter(pl.col("day") == days.last), credit)
    context.add_asset_metadata(newest, asset_key=key_of(table), partition_key=str(days.last))


def reported(context: dg.AssetExecutionContext, lake: LakeResource, findings: Mapping[Check, Finding]) -> Iterator[dg.AssetCheckResult]:
    """The findings, for Dagster and for the state store."""
    tell_findings(context, lake, days_of(context), findings)
    yield from results(findings)


def stop_unless_passed(
    context: dg.AssetExecutionContext, lake: LakeResource, findings: Mapping[Check, Finding]
) -> Iterator[dg.AssetCheckResult]:
    """Report findings on what is about to be written, and end the step when one of them failed: what was written before stays in place."""
    yield from reported(context, lake, findings)
    if wrong := failed(findings):
        raise dg.Failure("Nothing was written, and nothing downstream of it runs. " + "; ".join(wrong), allow_retries=False)


def check_specs(checks: Iterable[Check]) -> list[dg.AssetCheckSpec]:
    """The specifications of some checks."""
    return [check.spec for check in checks]
