"""Daily statistics -> learned/*: one step per learned model, from the registry."""

import dagster as dg

from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import learned_table
from mta_assets.defs.assets.core import POOL
from mta_assets.defs.assets.steps import Events, check_specs, made, reported, show_credit
from mta_assets.defs.checks import judged, learned_checks
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import daily, days_of, fitting_window, in_pieces
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.versions import model_version
from mta_assets.defs.work import take
from mta_assets.models.base import LearnedModel
from mta_assets.pipeline.learning import learn, learned_tables, tables_of


def learned_assets(lake: LakeResource) -> list[dg.AssetsDefinition]:
    """One step per learned model in force."""
    return [_learned(lake, name, model) for name, model in lake.models.items() if isinstance(model, LearnedModel)]


def statistics_of(model: LearnedModel) -> list[Table]:
    """The statistics that a model learns from."""
    return list(dict.fromkeys(table for need in model.needs for table in sorted(tables_of([need]), key=lambda table: table.name)))


def _learned(lake: LakeResource, name: str, model: LearnedModel) -> dg.AssetsDefinition:
    written, checks = learned_tables(name, model), learned_checks(name, model)
    window = fitting_window(lake.config)
    deps = [dg.AssetDep(key_of(table), partition_mapping=window) for table in statistics_of(model)]
    about = {"code_version": model_version(model, lake.config), "description": f"{model.title}: {model.source}. {model.when}"}

    @step(
        name=f"learned_{name}",
        specs=[spec_of(table, uri=lake.uri(table.name), deps=deps, tags={"model": name}, **about) for table in written],
        check_specs=check_specs(checks),
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
        pool=POOL,
    )
    @observed
    def learned_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Refit the model for each of these days over the fit window that ends on it."""
        days = days_of(context)
        take(context, lake, days)
        learned = learn(lake.lake, lake.config, name, model, days)
        show_credit(context, learned_table(name), learned, "conversions")
        yield made(context, learned_table(name), learned)
        frames = {table.name: lake.lake.read(table, days) for table in written[1:]}
        for table in written[1:]:
            yield made(context, table, frames[table.name])
        yield from reported(context, lake, judged(checks, frames, learned))

    return learned_step
