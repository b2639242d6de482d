"""core/* -> core/journeys and their daily statistics: one step for a range of closing days."""

import dagster as dg

from mta_assets.contracts.profiles import JOURNEY_PROFILE
from mta_assets.contracts.tables import CONVERSIONS, JOURNEYS, STATISTICS, TOUCHPOINTS
from mta_assets.defs.assets.core import POOL
from mta_assets.defs.assets.steps import Events, check_specs, made, reported
from mta_assets.defs.checks import judged, table_checks
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import closing_window, daily, days_of, in_pieces
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.versions import journeys_version
from mta_assets.defs.work import take
from mta_assets.pipeline.closings import close

TABLES = (JOURNEYS, *STATISTICS, JOURNEY_PROFILE)


def journey_assets(lake: LakeResource) -> dg.AssetsDefinition:
    """The step that closes days."""
    checks = [check for table in (JOURNEYS, *STATISTICS) for check in table_checks(table)]
    version = journeys_version(lake.config)
    window = closing_window(lake.config)
    events = [dg.AssetDep(key_of(table), partition_mapping=window) for table in (TOUCHPOINTS, CONVERSIONS)]

    @step(
        name="journeys",
        specs=[spec_of(table, uri=lake.uri(table.name), code_version=version, deps=events) for table in TABLES],
        check_specs=check_specs(checks),
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
        pool=POOL,
    )
    @observed
    def journeys_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Recompute the journeys that close on these days, and their statistics."""
        days = days_of(context)
        take(context, lake, days)
        close(lake.lake, lake.config, days)
        frames = {table.name: lake.lake.read(table, days) for table in TABLES}
        for table in TABLES:
            yield made(context, table, frames[table.name])
        yield from reported(context, lake, judged(checks, frames, frames[JOURNEYS.name]))

    return journeys_step
