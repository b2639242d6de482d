"""credits/* and core/spend -> marts/*: what people read. The last of them ends the run's restatement."""

import dagster as dg
import polars as pl

from mta_assets.contracts.profiles import SHARES_DAILY
from mta_assets.contracts.tables import (
    CHANNEL_DAILY,
    CHANNEL_PERFORMANCE,
    MARTS,
    SPEND,
    SPEND_DAILY,
    UNCONSENTED,
    credits_table,
    learned_table,
)
from mta_assets.defs.assets.steps import Events, made, show_credit, stop_unless_passed
from mta_assets.defs.checks import mart_checks
from mta_assets.defs.observed import observed
from mta_assets.defs.partitions import daily, days_of, fitting_window, in_pieces
from mta_assets.defs.resources import LakeResource
from mta_assets.defs.retries import step
from mta_assets.defs.specs import key_of, spec_of
from mta_assets.defs.told import tell_results
from mta_assets.defs.versions import marts_version
from mta_assets.defs.work import finish, take
from mta_assets.marts.performance import spend_daily
from mta_assets.models.base import LearnedModel
from mta_assets.pipeline.kept import refuse_final
from mta_assets.pipeline.marts import channel_performance, converted_daily, credited_windows, daily_marts, refresh

SHOWN_MODEL = "linear"


def mart_assets(lake: LakeResource) -> list[dg.AssetsDefinition]:
    """The marts. What does not add up to what it was made from is not written."""
    return [_spend_daily(lake), _channel_daily(lake), _channel_performance(lake)]


def _spend_daily(lake: LakeResource) -> dg.AssetsDefinition:
    spec = spec_of(SPEND_DAILY, uri=lake.uri(SPEND_DAILY.name), code_version=marts_version(lake.config), deps=[key_of(SPEND)])
    check = mart_checks(lake.models, lake.config)[SPEND_DAILY]

    @step(
        name="spend_daily",
        specs=[spec],
        check_specs=[check.spec],
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
    )
    @observed
    def spend_daily_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Add up these days' spend."""
        days = days_of(context)
        take(context, lake, days)
        spend = lake.lake.read(SPEND, days)
        frame = spend_daily(spend)
        yield from stop_unless_passed(context, lake, {check: check.find(frame, spend)})
        refresh(lake.lake, SPEND_DAILY, frame, days)
        yield made(context, SPEND_DAILY, frame)

    return spend_daily_step


def _channel_daily(lake: LakeResource) -> dg.AssetsDefinition:
    deps = [key_of(UNCONSENTED), *(key_of(credits_table(name)) for name in lake.models)]
    version, tables = marts_version(lake.config), (CHANNEL_DAILY, SHARES_DAILY)
    check = mart_checks(lake.models, lake.config)[CHANNEL_DAILY]

    @step(
        name="channel_daily",
        specs=[spec_of(table, uri=lake.uri(table.name), code_version=version, deps=deps) for table in tables],
        check_specs=[check.spec],
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
    )
    @observed
    def channel_daily_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Add up every model's credit of these days."""
        days = days_of(context)
        refuse_final(lake.lake, lake.config, days)
        with lake.lake.steady():
            frames = daily_marts(lake.lake, lake.config, lake.models, days)
            due = converted_daily(lake.lake, lake.config, days)
            yield from stop_unless_passed(context, lake, {check: check.find(frames[CHANNEL_DAILY], due)})
            for table in tables:
                refresh(lake.lake, table, frames[table], days)
        for table in tables:
            show_credit(context, table, _of_one_model(lake, frames[table]), "conversions")
            yield made(context, table, frames[table])

    return channel_daily_step


def _channel_performance(lake: LakeResource) -> dg.AssetsDefinition:
    window = fitting_window(lake.config)
    learned = [learned_table(name) for name, model in lake.models.items() if isinstance(model, LearnedModel)]
    deps = [
        *(dg.AssetDep(key_of(table), partition_mapping=window) for table in (CHANNEL_DAILY, SPEND_DAILY)),
        *(dg.AssetDep(key_of(table)) for table in learned),
    ]
    spec = spec_of(CHANNEL_PERFORMANCE, uri=lake.uri(CHANNEL_PERFORMANCE.name), code_version=marts_version(lake.config), deps=deps)

    check = mart_checks(lake.models, lake.config)[CHANNEL_PERFORMANCE]

    @step(
        name="channel_performance",
        specs=[spec],
        check_specs=[check.spec],
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
    )
    @observed
    def channel_performance_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Put credit beside spend over the window that ends on each of these days; then strike the days off the list of what is pending."""
        days = days_of(context)
        refuse_final(lake.lake, lake.config, days)
        with lake.lake.steady():
            frame = channel_performance(lake.lake, lake.config, lake.models, days)
            yield from stop_unless_passed(context, lake, {check: check.find(frame, credited_windows(lake.lake, lake.config, days))})
            refresh(lake.lake, CHANNEL_PERFORMANCE, frame, days)
        finish(context, lake, days)
        show_credit(context, CHANNEL_PERFORMANCE, _of_one_model(lake, frame), "conversions")
        yield made(context, CHANNEL_PERFORMANCE, frame)
        tell_results(context, lake, days, {table.name: lake.lake.version(table) for table in MARTS})

    return channel_performance_step


def _of_one_model(lake: LakeResource, frame: pl.DataFrame) -> pl.DataFrame:
    """What a materialisation shows of a mart: the rows of one model, for a sum over models says nothing."""
    shown = SHOWN_MODEL if SHOWN_MODEL in lake.models else next(iter(lake.models))
    return frame.filter(pl.col("model") == shown)
