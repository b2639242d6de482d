"""credits/* and core/spend -> marts/*: what people read. The last of them ends the run's restatement."""

from collections.abc import Iterable

import dagster as dg
import polars as pl

from mta_assets.contracts.advice import ADVICE, CHANNEL_ADVICE
from mta_assets.contracts.bands import BANDS, CREDIT_BUCKETS
from mta_assets.contracts.columns import Table
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.profiles import SHARES_DAILY
from mta_assets.contracts.tables import (
    CHANNEL_DAILY,
    CHANNEL_PERFORMANCE,
    MARTS,
    PATHS,
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
from mta_assets.defs.versions import incrementality_version, marts_version
from mta_assets.defs.work import finish, take
from mta_assets.marts.performance import spend_daily
from mta_assets.models.base import LearnedModel, estimates_increments
from mta_assets.models.refits import fitting_needs
from mta_assets.pipeline.advice import advice
from mta_assets.pipeline.bands import bands, span
from mta_assets.pipeline.incrementality import incrementality
from mta_assets.pipeline.kept import refuse_final
from mta_assets.pipeline.learning import tables_of
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
    version, tables = marts_version(lake.config), (CHANNEL_DAILY, SHARES_DAILY, CREDIT_BUCKETS)
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
        for table in (CHANNEL_DAILY, SHARES_DAILY):
            show_credit(context, table, _of_one_model(lake, frames[table]), "conversions")
        yield from (made(context, table, frames[table]) for table in tables)

    return channel_daily_step


def _channel_performance(lake: LakeResource) -> dg.AssetsDefinition:
    checks = mart_checks(lake.models, lake.config)
    reconciled, banded, judged = checks[CHANNEL_PERFORMANCE], checks[BANDS], checks[CHANNEL_ADVICE]

    @step(
        name="channel_performance",
        specs=_performance_specs(lake),
        check_specs=[reconciled.spec, banded.spec, judged.spec],
        partitions_def=daily(lake.config),
        backfill_policy=in_pieces(lake.run_days),
    )
    @observed
    def channel_performance_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Events:
        """Put credit beside spend over the window that ends on each of these days, with bands and advice on the newest; then strike the days off."""
        days = days_of(context)
        refuse_final(lake.lake, lake.config, days)
        with lake.lake.steady():
            frame = channel_performance(lake.lake, lake.config, lake.models, days)
            sure = bands(lake.lake, lake.config, lake.models, days, frame)
            due = credited_windows(lake.lake, lake.config, days)
            anew = ({} if sure is None else {BANDS: sure}) | advice(lake.lake, lake.config, lake.models, frame, sure)
            told = {table: anew.get(table, table.empty()) for table in (BANDS, *ADVICE)}  # what stays was told when it was made
            findings = {reconciled: reconciled.find(frame, due), banded: banded.find(told[BANDS], frame)}
            yield from stop_unless_passed(context, lake, findings | {judged: judged.find(told[CHANNEL_ADVICE], told[BANDS])})
            refresh(lake.lake, CHANNEL_PERFORMANCE, frame, days)
            added = incrementality(lake.lake, lake.config, lake.models, days, frame)
            anew |= {} if added is None else {INCREMENTALITY: added}
            for table, rows in anew.items():
                refresh(lake.lake, table, rows, span(lake.lake, table, rows, days))
        finish(context, lake, days)
        show_credit(context, CHANNEL_PERFORMANCE, _of_one_model(lake, frame), "conversions")
        yield made(context, CHANNEL_PERFORMANCE, frame)
        yield from (made(context, table, rows) for table, rows in told.items())
        yield made(context, INCREMENTALITY, INCREMENTALITY.empty() if added is None else added)
        tell_results(context, lake, days, {table.name: lake.lake.version(table) for table in MARTS})

    return channel_performance_step


def _performance_specs(lake: LakeResource) -> list[dg.AssetSpec]:
    """`marts/channel_performance`, and what is said of it: made in one step, so that a figure, its band, advice and increments are of the same run."""
    learned = {name: model for name, model in lake.models.items() if isinstance(model, LearnedModel)}
    statistics = tables_of({need for model in learned.values() for need in fitting_needs(model)})
    fits = [dg.AssetDep(key_of(learned_table(name))) for name in learned]

    def spec(table: Table, windows: Iterable[Table], *more: dg.AssetDep) -> dg.AssetSpec:
        window = [dg.AssetDep(key_of(read), partition_mapping=fitting_window(lake.config)) for read in windows]
        return spec_of(table, uri=lake.uri(table.name), code_version=marts_version(lake.config), deps=[*window, *fits, *more])

    read = [CREDIT_BUCKETS, *sorted(statistics, key=lambda table: table.name)]
    performed = dg.AssetDep(key_of(CHANNEL_PERFORMANCE))
    measured = [dg.AssetDep(key_of(increments_table(name))) for name, model in learned.items() if estimates_increments(model)]
    advised = [spec(table, (CREDIT_BUCKETS, PATHS), performed, dg.AssetDep(key_of(BANDS)), *measured) for table in ADVICE]
    version = incrementality_version(lake.config)
    added = spec_of(INCREMENTALITY, uri=lake.uri(INCREMENTALITY.name), code_version=version, deps=[performed, *measured])
    return [spec(CHANNEL_PERFORMANCE, (CHANNEL_DAILY, SPEND)), spec(BANDS, read, performed), *advised, added]


def _of_one_model(lake: LakeResource, frame: pl.DataFrame) -> pl.DataFrame:
    """What a materialisation shows of a mart: the rows of one model, for a sum over models says nothing."""
    shown = SHOWN_MODEL if SHOWN_MODEL in lake.models else next(iter(lake.models))
    return frame.filter(pl.col("model") == shown)
