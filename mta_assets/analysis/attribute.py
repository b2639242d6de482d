"""Closed journeys -> every model's credit, tidy. Pure: arrays in, frames out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from mta_assets.analysis.steps import Notify, Stage, Step, silent
from mta_assets.contracts.arrays import HISTORIES, UNIT_SEPARATOR, Bools, Floats, Histories, Ints, Touches
from mta_assets.contracts.tables import NOT_SET
from mta_assets.errors import ModelError
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.base import Allocation, AttributionModel, Learned, LearnedModel, RuleModel
from mta_assets.models.credit import Totals, totals


@dataclass(frozen=True, kw_only=True)
class Users:
    """Whose the journeys are, for bands. bucket, day: (journeys,) the user's bucket, and the closing day, a number, of each of `ClosedJourneys.touches`.

    learning: as that of `ClosedJourneys`, with the bucket as its cell.
    """

    bucket: Ints
    day: Ints
    learning: Touches


@dataclass(frozen=True, kw_only=True)
class ClosedJourneys:
    """What is to be attributed. touches: at least every converting journey; units are made of the columns `by`.

    currency: currency -> (journeys,) bool, whose value is in it.
    learning: what learned models learn from: every closed journey that has touches, expired ones too, or its distinct paths with their weights (all
    statistics are sums over them); with only the values in the reporting currency. users: None where they were not asked for, or nobody knows them.
    histories: makes the events themselves, for models that look at them; None where there are only journeys.
    """

    touches: Touches
    learning: Touches
    currency: Mapping[str, Bools]
    by: tuple[str, ...]
    users: Users | None = None
    histories: Callable[[], Histories] | None = None

    @cached_property
    def labels(self) -> pl.DataFrame:
        """The columns `by` of each unit."""
        return _labels(self.touches.units, self.by)

    def labels_with(self, apart: Sequence[str]) -> pl.DataFrame:
        """The same, and those of channels that are no unit's."""
        named = {"channel": list(apart)} | {column: [NOT_SET] * len(apart) for column in self.by[1:]}
        return pl.concat([self.labels, pl.DataFrame(named, schema=dict.fromkeys(self.by, pl.String))])


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The outcome. results: model, *by, currency, conversions, value; effects: model, *by, effect, value_effect, share, value_share.

    increments: model -> a row per channel, as the contract of increments without the day, of models that estimate what touches added.
    contributions: the same, as the contract of contributions, of models that show what a chance of conversions rests on.
    unavailable: model -> why it could not be computed on this input, and what to do. notes: model -> what a reader should know of its fit.
    """

    results: pl.DataFrame
    effects: pl.DataFrame
    increments: Mapping[str, pl.DataFrame]
    contributions: Mapping[str, pl.DataFrame]
    unavailable: Mapping[str, str]
    notes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Earning:
    """What a model credits of the conversions in one currency."""

    model: str
    currency: str
    totals: Totals


def attribute(
    journeys: ClosedJourneys,
    models: Mapping[str, AttributionModel],
    notify: Notify = silent,
    computed: Callable[[pl.DataFrame, Learned | None], None] = lambda _, __: None,
) -> Attribution:
    """Credit every model's share of the conversions and of their value. A model that the input cannot support is named with its reason.

    computed: is given each model's rows and what it learned, the rules first.
    """
    converting = {code: journeys.touches.take(rows & (journeys.touches.conversions > 0)) for code, rows in journeys.currency.items()}
    missing = {name: model.missing(journeys.touches) for name, model in models.items()}
    possible = {name: model for name, model in models.items() if missing[name] is None}
    learned, too_large = {}, {}
    results: dict[str, pl.DataFrame] = {}
    for name, fit in fits(journeys.learning, possible, notify, journeys.histories):
        if isinstance(fit, ModelError):
            too_large[name] = str(fit)
            continue
        if fit is not None:
            learned[name] = fit
        earned = {code: totals(allocation(possible[name], touches, fit), touches) for code, touches in converting.items()}
        results[name] = rows_of(journeys, [Earning(model=name, currency=code, totals=each) for code, each in earned.items()])
        computed(results[name], fit)
    return Attribution(
        results=pl.concat([rows_of(journeys, []), *(results[name] for name in possible if name in results)]),
        effects=_effects(learned, journeys.by),
        increments={name: fit.increments for name, fit in learned.items() if fit.increments is not None},
        contributions={name: fit.contributions for name, fit in learned.items() if fit.contributions is not None},
        unavailable={name: reason for name, reason in (missing | too_large).items() if reason},
        notes={name: fit.note for name, fit in learned.items() if fit.note},
    )


def fits(
    touches: Touches, models: Mapping[str, AttributionModel], notify: Notify, histories: Callable[[], Histories] | None = None
) -> Iterator[tuple[str, Learned | ModelError | None]]:
    """(model, what it learned) one after the other, the quick ones first: None of a rule, the error of one that these journeys do not suit."""
    rules = [name for name, model in models.items() if not isinstance(model, LearnedModel)]
    for n, name in enumerate(rules):
        notify(Step(stage=Stage.RULES, subject=name, share=n / len(rules)))
        yield name, None
    learning = {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
    if not learning:
        return
    notify(Step(stage=Stage.STATISTICS))
    needs = sorted({need for model in learning.values() for need in model.needs})
    statistics = statistics_of(touches, needs)
    if histories is not None and HISTORIES in needs:
        statistics = replace(statistics, histories=histories())
    for n, (name, model) in enumerate(learning.items()):
        notify(Step(stage=Stage.LEARNING, subject=name, share=n / len(learning)))
        try:
            fit = model.fit(statistics)
        except ModelError as error:
            yield name, error
        else:
            yield name, fit


def rows_of(journeys: ClosedJourneys, found: Sequence[Earning]) -> pl.DataFrame:
    """Earnings as rows: model, *by, currency, conversions, value. One frame of many models takes hardly longer to make than one of a single model."""
    others = list(dict.fromkeys(channel for each in found for channel, *_ in each.totals.apart))
    place = {channel: number for number, channel in enumerate(others, len(journeys.touches.units))}
    parts = [_figures(each.totals, place) for each in found]
    figures = np.concatenate([np.zeros((3, 0)), *parts], axis=1)
    earning = np.repeat(np.arange(len(found)), [part.shape[1] for part in parts])
    return pl.DataFrame(
        [
            pl.Series("model", [each.model for each in found], pl.String).gather(earning),
            *journeys.labels_with(others)[figures[0].astype(np.int64)],
            pl.Series("currency", [each.currency for each in found], pl.String).gather(earning),
            pl.Series("conversions", figures[1]),
            pl.Series("value", figures[2]),
        ]
    )


def _figures(earned: Totals, place: Mapping[str, int]) -> Floats:
    """(3, rows) which label, conversions and value: the units, then what none of them earned. place: of the labels that are no unit's."""
    apart = [(place[channel], credit, worth) for channel, credit, worth in earned.apart]
    units = np.stack([np.arange(len(earned.conversions)), earned.conversions, earned.value])
    return np.concatenate([units, np.array(apart, dtype=np.float64).reshape(-1, 3).T], axis=1)


def allocation(model: AttributionModel, touches: Touches, learned: Learned | None) -> Allocation:
    """How a model shares out the conversions of these journeys. learned: of a learned model."""
    if isinstance(model, LearnedModel) and learned is not None:
        return model.allocate(touches, learned)
    if isinstance(model, RuleModel):
        return model.allocate(touches)
    raise TypeError(f"{type(model).__name__} is neither a rule nor a fitted model")


def _effects(learned: Mapping[str, Learned], by: tuple[str, ...]) -> pl.DataFrame:
    measures = ("effect", "value_effect", "share", "value_share")
    frames = [
        _labels(fit.units, by)
        .with_columns(pl.col(by[1:]).fill_null(NOT_SET))  # a model may learn of channels alone
        .hstack([pl.Series(measure, getattr(fit, measure)) for measure in measures])
        .select(pl.lit(name).alias("model"), *by, *measures)
        for name, fit in learned.items()
    ]
    empty = pl.DataFrame(schema={"model": pl.String} | dict.fromkeys(by, pl.String) | dict.fromkeys(measures, pl.Float64))
    return pl.concat([empty, *frames])


def _labels(units: tuple[str, ...], by: tuple[str, ...]) -> pl.DataFrame:
    whole = pl.Series(by[0], units, pl.String)
    if len(by) == 1:
        return whole.to_frame()
    parts = whole.str.split(UNIT_SEPARATOR)
    return pl.DataFrame({column: parts.list.get(n, null_on_oob=True) for n, column in enumerate(by)})
