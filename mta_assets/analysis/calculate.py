"""Journeys that are given whole, not as events: every model's credit, touch by touch. Pure: arrays in, arrays and frames out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import ClosedJourneys, Earning, allocation, fits, rows_of
from mta_assets.analysis.steps import silent
from mta_assets.contracts.arrays import Bools, Floats, Ints, Touches
from mta_assets.errors import ModelError
from mta_assets.journeys.assemble import MICROSECONDS_PER_HOUR, direct_among
from mta_assets.models.base import Allocation, AttributionModel, TouchAllocation
from mta_assets.models.credit import totals


@dataclass(frozen=True, kw_only=True)
class GivenJourneys:
    """Journeys, flat, the touches of one after those of another.

    channel: of each touch. offsets: (journeys + 1,). converted: (journeys,); value: (journeys,), 0 where not converted; currency: (journeys,) strings.
    ts: (touches,) and closing_ts: (journeys,) in microseconds, the latter only read where converted; None when the journeys have no times: then touches
    are in order.
    """

    channel: Sequence[str]
    offsets: Ints
    converted: Bools
    value: Floats
    currency: Sequence[str]
    ts: Ints | None = None
    closing_ts: Ints | None = None


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """results: model, channel, currency, conversions, value. unavailable, notes: as of `Attribution`.

    weights: model -> (touches,) share of its journey's conversion that each given touch earns; 0 for one that does not count: after the conversion, before
    the lookback, or of a journey that did not convert. shares: model -> channel -> share of every conversion, for models that share all of them alike.
    """

    results: pl.DataFrame
    weights: Mapping[str, Floats]
    shares: Mapping[str, Mapping[str, float]]
    unavailable: Mapping[str, str]
    notes: Mapping[str, str]


def calculate(given: GivenJourneys, models: Mapping[str, AttributionModel], lookback_us: int, reporting_currency: str) -> Calculation:
    """Every model's credit. Learned models learn from the journeys given, those that did not convert included."""
    touches, place = _touches(given, lookback_us)
    currency = np.array(given.currency)
    journeys = ClosedJourneys(
        touches=touches,
        learning=replace(touches, value=np.where(currency == reporting_currency, touches.value, 0.0)),
        currency={code: currency == code for code in sorted({*currency[given.converted].tolist()})},
        by=("channel",),
    )
    converting = {code: rows & given.converted for code, rows in journeys.currency.items()}
    parts = {code: (touches.take(rows), rows[touches.journey]) for code, rows in converting.items()}
    unavailable = {name: why for name, model in models.items() if (why := model.missing(touches))}
    possible = {name: model for name, model in models.items() if name not in unavailable}
    found: dict[str, list[Earning]] = {}
    weights, shares, notes = {}, {}, {}
    for name, fit in fits(journeys.learning, possible, silent):
        if isinstance(fit, ModelError):
            unavailable[name] = str(fit)
            continue
        if fit is not None and fit.note:
            notes[name] = fit.note
        shared = allocation(models[name], touches, fit)
        found[name] = [Earning(model=name, currency=code, totals=totals(_within(shared, own), part)) for code, (part, own) in parts.items()]
        if isinstance(shared, TouchAllocation):
            weights[name] = _placed(shared.weight, touches, place, len(given.channel))
        else:
            shares[name] = {unit: float(share) for unit, share in zip(touches.units, shared.share, strict=True) if share > 0}
    results = rows_of(journeys, [earning for name in models for earning in found.get(name, ())])
    return Calculation(results=results, weights=weights, shares=shares, unavailable=unavailable, notes=notes)


def _touches(given: GivenJourneys, lookback_us: int) -> tuple[Touches, Ints]:
    """(the touches that count, oldest first within each journey; which of the given ones each is)."""
    journeys = len(given.offsets) - 1
    journey = np.repeat(np.arange(journeys), np.diff(given.offsets))
    place, age = np.arange(len(journey)), None
    if given.ts is not None and given.closing_ts is not None:
        before = given.closing_ts[journey] - given.ts
        counts = ~given.converted[journey] | ((before >= 0) & (before < lookback_us))
        order = np.lexsort((given.ts, journey))
        place = order[counts[order]]
        journey = journey[place]
        age = np.where(given.converted[journey], before[place], 0) / MICROSECONDS_PER_HOUR
    units, unit = _units(given.channel, place)
    touches = Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(journey, minlength=journeys))]),
        unit=unit,
        conversions=given.converted.astype(np.float64),
        nulls=(~given.converted).astype(np.float64),
        value=given.value,
        cell=np.zeros(journeys, dtype=np.int64),
        is_direct=np.isin(unit, [units.index(name) for name in direct_among(units)]),
        age_hours=age,
    )
    return touches, place


def _units(channel: Sequence[str], place: Ints) -> tuple[tuple[str, ...], Ints]:
    """(the sorted channels of the touches that count, each one's code). place: (touches that count,) which of the given ones each is."""
    names = sorted(set(channel))
    code = {name: number for number, name in enumerate(names)}
    found, unit = np.unique(np.array([code[name] for name in channel], dtype=np.int32)[place], return_inverse=True)
    return tuple(names[number] for number in found), unit.astype(np.int32)


def _within(shared: Allocation, touches: Bools) -> Allocation:
    """The same of only some journeys, given by all of their touches: how a model shares one out depends on no other."""
    return replace(shared, weight=shared.weight[touches]) if isinstance(shared, TouchAllocation) else shared


def _placed(weight: Floats, touches: Touches, place: Ints, size: int) -> Floats:
    """(size,) the weights where their touches were given."""
    earned = np.zeros(size)
    earned[place] = weight * touches.conversions[touches.journey]
    return earned
