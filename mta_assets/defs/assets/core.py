"""staged/* -> core/touchpoints, conversions, spend and conflicts: one step for a range of days."""

import dagster as dg
import polars as pl

from mta_assets.contracts.profiles import BOTS, EVENT_PROFILE
from mta_assets.contracts.tables import CONFLICTS, CORE, FILES, JOURNEYS, STAGED, UNCONSENTED
from mta_assets.defs.assets.steps import Events, check_specs, made, reported
from mta_assets.defs.checks import judged, table_checks
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import daily, days_of, in_pieces
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.versions import core_version
from mta_assets.pipeline.core import build_core

TABLES = (*CORE.values(), UNCONSENTED, CONFLICTS, EVENT_PROFILE, BOTS)
# One pool for what writes core tables and what reads them to close days: a core change must not pass a running closing unseen.
POOL = "core"


def core_assets(lake: LakeResource) -> dg.AssetsDefinition:
    """The step that rebuilds days of the core tables."""
    checks = [check for table in CORE.values() for check in table_checks(table)]
    sources = [key_of(table) for table in (FILES, *STAGED.values())]
    version = core_version(lake.config)

    @step(
        name="core_days",
        specs=[spec_of(table, uri=lake.uri(table.name), code_version=version, deps=sources) for table in TABLES],
        check_specs=check_specs(checks),
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
        pool=POOL,
    )
    @observed
    def core_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Deduplicate and sort these days, and note which closing days that makes stale."""
        days = days_of(context)
        report = build_core(lake.lake, lake.config, days, lake.now())
        context.log.info(f"{report.changed} rows changed; {len(report.closing_days)} closing days are stale")
        if report.final_days:
            context.log.warning(
                f"{len(report.final_days)} closing days would be stale and are final: what they are made of was removed (retention)"
            )
        frames: dict[str, pl.DataFrame] = {table.name: lake.lake.read(table, days) for table in TABLES}
        for table in TABLES:
            yield made(context, table, frames[table.name])
        yield from reported(context, lake, judged(checks, frames, JOURNEYS.empty()))

    return core_step
