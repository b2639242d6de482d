"""Conversions -> credits/<model>: one step and its checks per model, from the registry. What fails a check is not written."""

import dagster as dg

from mta_assets.contracts.tables import JOURNEYS, PLACEMENTS, credits_table
from mta_assets.defs.assets.steps import Events, check_specs, made, show_credit, stop_unless_passed
from mta_assets.defs.checks import credit_checks, judged, unavailable
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import daily, days_of, fitting_window, in_pieces
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.versions import model_version
from mta_assets.defs.work import take
from mta_assets.models.base import AttributionModel, LearnedModel
from mta_assets.pipeline.credits import credited
from mta_assets.pipeline.learning import learned_tables


def credit_assets(lake: LakeResource) -> list[dg.AssetsDefinition]:
    """One step per model in force."""
    return [_credit(lake, name, model) for name, model in lake.models.items()]


def _credit(lake: LakeResource, name: str, model: AttributionModel) -> dg.AssetsDefinition:
    table, checks, reason = credits_table(name), credit_checks(name, model, lake.config), unavailable(model, lake.config)
    spec = spec_of(
        table,
        uri=lake.uri(table.name),
        code_version=model_version(model, lake.config),
        deps=_deps(lake, name, model),
        description=_description(model, reason),
        tags={"model": name, "model_kind": "learned" if isinstance(model, LearnedModel) else "rule"},
    )

    @step(
        name=f"credits_{name}",
        specs=[spec],
        check_specs=check_specs(checks),
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
    )
    @observed
    def credit_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Share out the conversions of these days."""
        days = days_of(context)
        take(context, lake, days)
        with lake.lake.steady():
            converted = lake.converted.of(lake.lake, lake.config, days)
            frame = credited(lake.lake, lake.config, name, model, converted, days)
            yield from stop_unless_passed(context, lake, judged(checks, {table.name: frame}, converted.journeys))
            lake.lake.replace_days(table, frame, days)
        if reason:
            context.add_asset_metadata({"unavailable": reason}, asset_key=spec.key)
        show_credit(context, table, frame, "credit")
        yield made(context, table, frame)

    return credit_step


def _deps(lake: LakeResource, name: str, model: AttributionModel) -> list[dg.AssetDep]:
    deps = [dg.AssetDep(key_of(JOURNEYS))]
    if isinstance(model, LearnedModel):
        deps += [dg.AssetDep(key_of(table)) for table in learned_tables(name, model) if not table.name.endswith("_positions")]
        deps.append(dg.AssetDep(key_of(PLACEMENTS), partition_mapping=fitting_window(lake.config)))
    return deps


def _description(model: AttributionModel, reason: str | None) -> str:
    additive = "" if model.additive else "Not additive: credit sums to more than the conversions, so that its conservation is not checked."
    absent = f"**Unavailable**: {reason}. It has no rows until then, and its conservation is not checked." if reason else ""
    parts = (f"{model.title}: `{model.formula}`", f"Source: {model.source}.", model.when, additive, absent)
    return "\n\n".join(part for part in parts if part)
