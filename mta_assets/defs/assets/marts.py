"""credits/* and core/spend -> marts/*: what people read. The last of them ends the run's restatement."""

import dagster as dg
import polars as pl

from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, MARTS, SPEND, SPEND_DAILY, credits_table, learned_table
from mta_assets.defs.assets.steps import Events, made, show_credit
from mta_assets.defs.partitions import ONE_RUN, daily, days_of, fitting_window
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.told import tell_results
from mta_assets.defs.versions import marts_version
from mta_assets.defs.work import finish, take
from mta_assets.models.base import LearnedModel
from mta_assets.pipeline.marts import write_channel_daily, write_channel_performance, write_spend_daily

SHOWN_MODEL = "linear"


def mart_assets(lake: LakeResource) -> list[dg.AssetsDefinition]:
    """The three marts."""
    return [_spend_daily(lake), _channel_daily(lake), _channel_performance(lake)]


def _spend_daily(lake: LakeResource) -> dg.AssetsDefinition:
    spec = spec_of(SPEND_DAILY, uri=lake.uri(SPEND_DAILY.name), code_version=marts_version(lake.config), deps=[key_of(SPEND)])

    @dg.multi_asset(name="spend_daily", specs=[spec], partitions_def=daily(lake.config), backfill_policy=ONE_RUN)
    def spend_daily_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Add up these days' spend."""
        days = days_of(context)
        take(context, lake, days)
        yield made(context, SPEND_DAILY, write_spend_daily(lake.lake, days))

    return spend_daily_step


def _channel_daily(lake: LakeResource) -> dg.AssetsDefinition:
    deps = [key_of(credits_table(name)) for name in lake.models]
    spec = spec_of(CHANNEL_DAILY, uri=lake.uri(CHANNEL_DAILY.name), code_version=marts_version(lake.config), deps=deps)

    @dg.multi_asset(name="channel_daily", specs=[spec], partitions_def=daily(lake.config), backfill_policy=ONE_RUN)
    def channel_daily_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Add up every model's credit of these days."""
        days = days_of(context)
        frame = write_channel_daily(lake.lake, lake.models, days)
        show_credit(context, CHANNEL_DAILY, _of_one_model(lake, frame), "conversions")
        yield made(context, CHANNEL_DAILY, frame)

    return channel_daily_step


def _channel_performance(lake: LakeResource) -> dg.AssetsDefinition:
    window = fitting_window(lake.config)
    learned = [learned_table(name) for name, model in lake.models.items() if isinstance(model, LearnedModel)]
    deps = [
        *(dg.AssetDep(key_of(table), partition_mapping=window) for table in (CHANNEL_DAILY, SPEND_DAILY)),
        *(dg.AssetDep(key_of(table)) for table in learned),
    ]
    spec = spec_of(CHANNEL_PERFORMANCE, uri=lake.uri(CHANNEL_PERFORMANCE.name), code_version=marts_version(lake.config), deps=deps)

    @dg.multi_asset(name="channel_performance", specs=[spec], partitions_def=daily(lake.config), backfill_policy=ONE_RUN)
    def channel_performance_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Put credit beside spend over the window that ends on each of these days; then strike the days off the list of what is pending."""
        days = days_of(context)
        frame = write_channel_performance(lake.lake, lake.config, lake.models, days)
        finish(context, lake, days)
        show_credit(context, CHANNEL_PERFORMANCE, _of_one_model(lake, frame), "conversions")
        yield made(context, CHANNEL_PERFORMANCE, frame)
        tell_results(context, lake, days, {table.name: lake.lake.version(table) for table in MARTS})

    return channel_performance_step


def _of_one_model(lake: LakeResource, frame: pl.DataFrame) -> pl.DataFrame:
    """What a materialisation shows of a mart: the rows of one model, for a sum over models says nothing."""
    shown = SHOWN_MODEL if SHOWN_MODEL in lake.models else next(iter(lake.models))
    return frame.filter(pl.col("model") == shown)
