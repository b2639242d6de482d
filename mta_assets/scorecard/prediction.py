"""How well models foretell a conversion within some days of each touch, for users and days that they did not learn from. Nothing is resampled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import HISTORIES, Bools, Floats, Histories, Ints, Statistics, Touches, ranges
from mta_assets.contracts.scorecard import PREDICTIONS
from mta_assets.contracts.tables import BUCKETS
from mta_assets.errors import ModelError
from mta_assets.journeys.assemble import is_direct, unit_codes
from mta_assets.journeys.events import microseconds
from mta_assets.journeys.kernel import Events, Slices, journeys
from mta_assets.journeys.statistics import statistics_of
from mta_assets.models.base import Asked, AttributionModel, Predictor
from mta_assets.scorecard.measures import mean_ranks
from mta_assets.simulation.known import Simulated

AHEAD_DAYS = 7
LEARNT = 2 / 3  # of the days, and of them the users of the lower half of the buckets
BINS = 10
BASE_RATE = "(base rate)"  # what who knows nothing foretells: the same for every touch
_DAY_US = 86_400_000_000
_COLUMNS = pl.Schema({name: dtype for name, dtype in PREDICTIONS.schema.items() if name not in {"world", "seed"}})
_LEAST = 1e-6  # no chance is taken for certain


@dataclass(frozen=True, kw_only=True)
class _Events:
    """All events as arrays: the kernel's, and of each touch the unit and whether it is direct traffic."""

    kernel: Events
    unit: Ints
    units: tuple[str, ...]
    direct: Bools


def predictions(world: Simulated, models: Mapping[str, AttributionModel]) -> pl.DataFrame:
    """Of each model that can predict: model, touches, log_loss, auc, calibration_error, and as lists foretold, happened and share of `BINS` bins.

    Judged are the touches of users of the upper half of the buckets, from two thirds of the days on, of which all `AHEAD_DAYS` that follow are in the data.
    calibration_error: mean difference of what was foretold and what happened, over bins of equally many touches.
    """
    events, ahead = _events(world), AHEAD_DAYS * _DAY_US
    start = microseconds(pl.Series([world.world.day(0)]).cast(pl.Datetime("us")))[0]
    cut, end = start + round(LEARNT * world.world.days) * _DAY_US, start + world.world.days * _DAY_US
    predictors = {name: model for name, model in models.items() if isinstance(model, Predictor)}
    statistics = _statistics(events, (start, cut), ahead, {need for model in predictors.values() for need in model.needs})
    asked, judged = _judged(events, (start, end), ahead), _are_judged(events.kernel, cut, end - ahead)
    converts = _converts_within(events.kernel, ahead)
    rows = [_row(BASE_RATE, np.full(judged.sum(), _base_rate(events.kernel, converts, cut - ahead)), converts[judged])]
    for name, model in predictors.items():
        try:
            chance = model.conversion_chance(statistics, asked)
        except ModelError:
            continue  # too large for these channels: it does not predict here
        rows.append(_row(name, chance[judged[_test(events.kernel.touch_user)]], converts[judged]))
    return pl.DataFrame(rows, schema=_COLUMNS)


def _row(model: str, chance: Floats, happened: Bools) -> dict[str, object]:
    foretold, seen = calibration(chance, happened)
    return {
        "model": model,
        "touches": len(chance),
        "log_loss": log_loss(chance, happened),
        "auc": auc(chance, happened),
        "calibration_error": float(np.abs(foretold - seen).mean()),
        "foretold": foretold.tolist(),
        "happened": seen.tolist(),
    }


def log_loss(chance: Floats, happened: Bools) -> float:
    """Mean of - log of the chance that was given to what happened; a chance below a millionth of either counts as that."""
    of_what_happened = np.where(happened, chance, 1 - chance)
    return float(-np.log(np.clip(of_what_happened, _LEAST, 1 - _LEAST)).mean())


def auc(chance: Floats, happened: Bools) -> float:
    """Probability that a touch that a conversion followed had the higher chance than one that none followed; equal ones count half. 0.5 when all are alike."""
    yes, no = int(happened.sum()), int((~happened).sum())
    if not yes or not no:
        return 0.5
    return float((mean_ranks(chance)[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def calibration(chance: Floats, happened: Bools) -> tuple[Floats, Floats]:
    """((bins,) mean chance, (bins,) share that a conversion followed) of `BINS` bins of equally many touches, the least likely first."""
    order = np.argsort(chance, kind="stable")
    parts = np.array_split(order, min(BINS, len(order)))
    return np.array([chance[part].mean() for part in parts]), np.array([happened[part].mean() for part in parts])


def _events(world: Simulated) -> _Events:
    touches, orders = world.touchpoints, world.conversions
    units, unit = unit_codes(touches, ("channel",))
    kernel = Events(
        touch_user=touches["user"].to_numpy(),
        touch_ts=microseconds(touches["ts"]),
        conversion_user=orders["user"].to_numpy(),
        conversion_ts=microseconds(orders["ts"]),
    )
    return _Events(kernel=kernel, unit=unit, units=units, direct=is_direct(touches["channel"]))


def _test(user: Ints) -> Bools:
    """Whether a user is of those that are judged."""
    return np.asarray((user & (BUCKETS - 1)) >= BUCKETS // 2)


def _statistics(events: _Events, span: tuple[int, int], ahead: int, needs: Collection[str]) -> Statistics:
    """What the other users' events teach up to the end of the span: their journeys that had closed, converted or without a touch for so long."""
    kernel, cut = events.kernel, span[1]
    touched = ~_test(kernel.touch_user) & (kernel.touch_ts < cut)
    bought = ~_test(kernel.conversion_user) & (kernel.conversion_ts < cut)
    learned = statistics_of(_learning(events, touched, bought, cut, ahead), sorted(needs))
    return replace(learned, histories=_histories(events, touched, bought, span)) if HISTORIES in needs else learned


def _learning(events: _Events, touched: Bools, bought: Bools, cut: int, ahead: int) -> Touches:
    """The journeys of these touches and conversions that had closed by the cut."""
    kernel = events.kernel
    known = Events(
        touch_user=kernel.touch_user[touched],
        touch_ts=kernel.touch_ts[touched],
        conversion_user=kernel.conversion_user[bought],
        conversion_ts=kernel.conversion_ts[bought],
    )
    slices = journeys(known, ahead, restart_after_conversion=True)
    return _touches(slices.take(slices.closing_ts <= cut), events, np.flatnonzero(touched))


def _touches(slices: Slices, events: _Events, row: Ints) -> Touches:
    """The journeys of these slices. row: (touches that were sliced,) which of all touches each is."""
    length = slices.stop - slices.start
    touch = row[ranges(slices.start, length)]
    converted = slices.conversion >= 0
    return Touches(
        units=events.units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=events.unit[touch],
        conversions=converted.astype(np.float64),
        nulls=(~converted).astype(np.float64),
        value=np.zeros(len(length)),
        cell=np.zeros(len(length), dtype=np.int64),
        is_direct=events.direct[touch],
    )


def _histories(events: _Events, touched: Bools, bought: Bools, span: tuple[int, int]) -> Histories:
    """These touches and conversions, in their order, within the span."""
    kernel = events.kernel
    return Histories(
        channels=events.units,
        start=span[0],
        end=span[1],
        user=kernel.touch_user[touched],
        ts=kernel.touch_ts[touched],
        channel=events.unit[touched],
        conversion_user=kernel.conversion_user[bought],
        conversion_ts=kernel.conversion_ts[bought],
        converting=Touches.none(stages=()),
    )


def _judged(events: _Events, span: tuple[int, int], ahead: int) -> Asked:
    """All touches of the users that are judged, and what else happened to them."""
    kernel = events.kernel
    touched = _test(kernel.touch_user)
    rows = np.flatnonzero(touched)
    begins = np.flatnonzero(_begins(kernel, ahead)[rows])
    runs = Slices(
        start=begins,
        stop=np.append(begins[1:], len(rows)),
        conversion=np.full(len(begins), -1),
        closing_ts=np.zeros(len(begins), dtype=np.int64),
    )
    known = _histories(events, touched, _test(kernel.conversion_user), span)
    return Asked(runs=_touches(runs, events, rows), histories=known, ahead_days=ahead // _DAY_US)


def _are_judged(kernel: Events, first: int, last: int) -> Bools:
    """(touches,) whether each is one that is judged."""
    return np.asarray(_test(kernel.touch_user) & (kernel.touch_ts >= first) & (kernel.touch_ts < last))


def _begins(kernel: Events, ahead: int) -> Bools:
    """(touches,) whether a run begins: another user, a gap, or a purchase since the touch before."""
    begins = np.ones(len(kernel.touch_ts), dtype=np.bool_)
    bought = _conversions_until(kernel, kernel.touch_user, kernel.touch_ts)
    begins[1:] = (np.diff(kernel.touch_user) != 0) | (np.diff(kernel.touch_ts) > ahead) | (np.diff(bought) > 0)
    return begins


def _converts_within(kernel: Events, ahead: int) -> Bools:
    """(touches,) whether the user converts after the touch, within so long."""
    user, ts = kernel.touch_user, kernel.touch_ts
    return np.asarray(_conversions_until(kernel, user, ts + ahead) > _conversions_until(kernel, user, ts))


def _conversions_until(kernel: Events, user: Ints, ts: Ints) -> Ints:
    """(rows,) how many conversions there are, of the users before and of this one up to this moment."""
    conversions = len(kernel.conversion_ts)
    # Conversions stand before what is asked of the same moment, for the sort is stable.
    order = np.lexsort((np.concatenate([kernel.conversion_ts, ts]), np.concatenate([kernel.conversion_user, user])))
    counted = np.empty(len(order), dtype=np.int64)
    counted[order] = np.cumsum(order < conversions)
    return counted[conversions:]


def _base_rate(kernel: Events, converts: Bools, until: int) -> float:
    """The share of the other users' touches that a conversion followed, of those of which it was known at the cut."""
    learnt = ~_test(kernel.touch_user) & (kernel.touch_ts < until)
    return float(converts[learnt].mean())
