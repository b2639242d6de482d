"""Closed journeys -> every model's credit, tidy. Pure: arrays in, frames out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from mta_assets.analysis.steps import Computed, Notify, Stage, Step, silent, unheeded
from mta_assets.contracts.arrays import Bools, Ints, Touches
from mta_assets.contracts.tables import NOT_SET, UNATTRIBUTED
from mta_assets.errors import ModelError
from mta_assets.journeys.assemble import UNIT_SEPARATOR
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
    """

    touches: Touches
    learning: Touches
    currency: Mapping[str, Bools]
    by: tuple[str, ...]
    users: Users | None = None

    @cached_property
    def labels(self) -> pl.DataFrame:
        """The columns `by` of each unit."""
        return _labels(self.touches.units, self.by)

    @cached_property
    def labels_and_nowhere(self) -> pl.DataFrame:
        """The same, and those of what no touch earned."""
        nowhere = {"channel": UNATTRIBUTED} | dict.fromkeys(self.by[1:], NOT_SET)
        return pl.concat([self.labels, pl.DataFrame([nowhere])])


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """The outcome. results: model, *by, currency, conversions, value; effects: model, *by, effect, value_effect, share, value_share.

    unavailable: model -> why it could not be computed on this input, and what to do. notes: model -> what a reader should know of its fit.
    """

    results: pl.DataFrame
    effects: pl.DataFrame
    unavailable: Mapping[str, str]
    notes: Mapping[str, str]


def attribute(
    journeys: ClosedJourneys, models: Mapping[str, AttributionModel], notify: Notify = silent, computed: Computed = unheeded
) -> Attribution:
    """Credit every model's share of the conversions and of their value. A model that the input cannot support is named with its reason.

    computed: is given each model's rows, the rules first.
    """
    converting = {code: journeys.touches.take(rows & (journeys.touches.conversions > 0)) for code, rows in journeys.currency.items()}
    missing = {name: model.missing(journeys.touches) for name, model in models.items()}
    possible = {name: model for name, model in models.items() if missing[name] is None}
    learned, too_large = {}, {}
    results: dict[str, pl.DataFrame] = {}
    for name, fit in fits(journeys.learning, possible, notify):
        if isinstance(fit, ModelError):
            too_large[name] = str(fit)
            continue
        if fit is not None:
            learned[name] = fit
        results[name] = results_of(name, possible[name], fit, journeys, converting)
        computed(results[name])
    return Attribution(
        results=pl.concat([results[name] for name in possible if name in results]) if results else no_results(journeys.by),
        effects=_effects(learned, journeys.by),
        unavailable={name: reason for name, reason in (missing | too_large).items() if reason},
        notes={name: fit.note for name, fit in learned.items() if fit.note},
    )


def fits(touches: Touches, models: Mapping[str, AttributionModel], notify: Notify) -> Iterator[tuple[str, Learned | ModelError | None]]:
    """(model, what it learned) one after the other, the quick ones first: None of a rule, the error of one that is too large for these journeys."""
    rules = [name for name, model in models.items() if not isinstance(model, LearnedModel)]
    for n, name in enumerate(rules):
        notify(Step(stage=Stage.RULES, subject=name, share=n / len(rules)))
        yield name, None
    learning = {name: model for name, model in models.items() if isinstance(model, LearnedModel)}
    if not learning:
        return
    notify(Step(stage=Stage.STATISTICS))
    statistics = statistics_of(touches, sorted({need for model in learning.values() for need in model.needs}))
    for n, (name, model) in enumerate(learning.items()):
        notify(Step(stage=Stage.LEARNING, subject=name, share=n / len(learning)))
        try:
            fit = model.fit(statistics)
        except ModelError as error:
            yield name, error
        else:
            yield name, fit


def results_of(
    name: str, model: AttributionModel, fit: Learned | None, journeys: ClosedJourneys, converting: Mapping[str, Touches]
) -> pl.DataFrame:
    """A model's rows, currency by currency."""
    return pl.concat(
        _result_rows(name, code, journeys, totals(allocation(model, touches, fit), touches)) for code, touches in converting.items()
    )


def allocation(model: AttributionModel, touches: Touches, learned: Learned | None) -> Allocation:
    """How a model shares out the conversions of these journeys. learned: of a learned model."""
    if isinstance(model, LearnedModel) and learned is not None:
        return model.allocate(touches, learned)
    if isinstance(model, RuleModel):
        return model.allocate(touches)
    raise TypeError(f"{type(model).__name__} is neither a rule nor a fitted model")


def _result_rows(name: str, currency: str, journeys: ClosedJourneys, earned: Totals) -> pl.DataFrame:
    labels, conversions, value = journeys.labels, earned.conversions, earned.value
    if earned.unattributed_conversions:
        labels = journeys.labels_and_nowhere
        conversions, value = np.append(conversions, earned.unattributed_conversions), np.append(value, earned.unattributed_value)
    return labels.select(
        pl.lit(name).alias("model"),
        *journeys.by,
        pl.lit(currency).alias("currency"),
        pl.Series("conversions", conversions),
        pl.Series("value", value),
    )


def _effects(learned: Mapping[str, Learned], by: tuple[str, ...]) -> pl.DataFrame:
    measures = ("effect", "value_effect", "share", "value_share")
    frames = [
        _labels(fit.units, by)
        .hstack([pl.Series(measure, getattr(fit, measure)) for measure in measures])
        .select(pl.lit(name).alias("model"), *by, *measures)
        for name, fit in learned.items()
    ]
    empty = pl.DataFrame(schema={"model": pl.String} | dict.fromkeys(by, pl.String) | dict.fromkeys(measures, pl.Float64))
    return pl.concat([empty, *frames])


def _labels(units: tuple[str, ...], by: tuple[str, ...]) -> pl.DataFrame:
    parts = pl.Series(units, dtype=pl.String).str.split(UNIT_SEPARATOR)
    return pl.DataFrame({column: parts.list.get(n, null_on_oob=True) for n, column in enumerate(by)})


def no_results(by: tuple[str, ...]) -> pl.DataFrame:
    """Results without a row."""
    text = dict.fromkeys(("model", *by, "currency"), pl.String)
    return pl.DataFrame(schema=text | {"conversions": pl.Float64, "value": pl.Float64})
