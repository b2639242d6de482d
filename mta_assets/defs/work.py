"""Which restatements a run takes upon itself and strikes off when all of it succeeded. No computation."""

import dagster as dg
import polars as pl

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import RESTATEMENTS
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.specs import key_of
from mta_assets.lake.lake import Lake
from mta_assets.models.base import LearnedModel
from mta_assets.pipeline import restatements
from mta_assets.pipeline.kept import refuse_final
from mta_assets.pipeline.learning import learned_tables
from mta_assets.pipeline.run import tables

# What the run took, on the run itself: a run that is executed again from its failure inherits it, and one that fails never reaches `finish`,
# so that its days stay pending.
TAKEN = "mta/restatements"
SCOPES = "mta/scopes"


def take(context: dg.AssetExecutionContext, lake: LakeResource, days: DayRange) -> None:
    """Note, before the run's first step reads anything, what is pending for these days. To be called first by every step that may be the first.

    A run of a part of the graph takes nothing: it does not bring its days up to date. Raises FinalError when the days cannot be computed any more.
    """
    if TAKEN in _tags(context):
        return
    refuse_final(lake.lake, lake.config, days)
    scopes = _scopes(context, lake)
    pending = restatements.snapshot(lake.lake, days).filter(pl.col("scope").is_in(scopes))
    taken = ",".join(pending["restatement_id"].unique().sort())
    context.instance.add_run_tags(context.run.run_id, {TAKEN: taken, SCOPES: ",".join(scopes)})


def finish(context: dg.AssetExecutionContext, lake: LakeResource, days: DayRange) -> None:
    """Strike off what was taken, as the very last thing of a run. What was asked for meanwhile stays pending."""
    tags = _tags(context)
    if tags.get(TAKEN):
        taken = _rows(lake.lake, days, tags[TAKEN].split(","), tags[SCOPES].split(","))
        restatements.finish(lake.lake, lake.config, taken)
        for scope, restated in taken.group_by("scope").agg(pl.col("day").n_unique()).iter_rows():
            lake.count("mta_days_restated_total", restated, scope)


def _tags(context: dg.AssetExecutionContext) -> dict[str, str]:
    run = context.instance.get_run_by_id(context.run.run_id)
    return dict(run.tags) if run else {}


def _scopes(context: dg.AssetExecutionContext, lake: LakeResource) -> list[str]:
    """What this run brings up to date: closing when it makes everything that follows from core tables, fit when all that follows from statistics."""
    made = set(context.job_def.asset_layer.executable_asset_keys)
    fitted = {key_of(table) for table in tables(lake.models) if table.name.startswith("marts/")}
    closed = {key_of(table) for table in tables(lake.models) if table.name.startswith("credits/")} | {dg.AssetKey(["core", "journeys"])}
    for name, model in lake.models.items():
        if isinstance(model, LearnedModel):
            fitted |= {key_of(table) for table in learned_tables(name, model)} | {dg.AssetKey(["credits", name])}
    if not fitted <= made:
        return []
    return ["closing", "fit"] if closed <= made else ["fit"]


def _rows(lake: Lake, days: DayRange, restatement_ids: list[str], scopes: list[str]) -> pl.DataFrame:
    rows = lake.scan(RESTATEMENTS).filter(pl.col("restatement_id").is_in(restatement_ids), pl.col("scope").is_in(scopes))
    return lake.collect(rows.filter(pl.col("status") == "pending", pl.col("day").is_between(days.first, days.last)))
