"""Whether as many rows came as on the same weekday before, by source and channel; and whether a channel appeared or vanished. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.quality.daily import Judged, Off, amount
from mta_assets.quality.history import History, Series, by_part, by_source
from mta_assets.quality.robust import Measured, as_count, bound, counts, departure

FEWEST_ROWS = 20  # below that on both sides, a change is not worth anybody's time
FEWEST_NEW = 5  # rows of a channel that was not there before
QUIET_DAYS = 28  # so long unseen, a channel is new
COST_NOISE = 0.1  # of the cost: it differs by a tenth from day to day though nothing happens


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What is counted of some subjects. measured: it on a scale of known noise; amounts: from that scale back."""

    what: str
    series: Series
    measured: Measured
    amounts: Callable[[Floats], Floats]


def volume(history: History, day: int, min_change: float) -> Judged:
    """Rows of each source and of each of its channels or goals, and cost, against the same weekday's median. min_change: part of the usual number."""
    kinds = _kinds(history)
    against = [departure(kind.measured, day, history_days=history.history_days) for kind in kinds]
    judged = [_worth_judging(kind.series.amount[day], kind.amounts(each.usual)) for kind, each in zip(kinds, against, strict=True)]
    subjects = sum(int(each.sum()) for each in judged)
    off: list[Off] = []
    for kind, each, worth in zip(kinds, against, judged, strict=True):
        found, usual = kind.series.amount[day], kind.amounts(each.usual)
        limit = bound(each.freedoms, alarms_per_year=history.config.false_alarms_per_year, subjects=subjects)
        with np.errstate(invalid="ignore"):
            far = worth & (np.abs(each.score) > limit) & (np.abs(found - usual) >= min_change * usual)
        off += [
            Off(subject=_named(kind, int(n)), found=amount(found[n]), usual=amount(usual[n]), score=float(each.score[n]))
            for n in np.flatnonzero(far)
        ]
    return Judged(subjects=subjects, off=off)


def _kinds(history: History) -> list[_Kind]:
    touches, conversions, cost = (_with_totals(history.series(measure)).begun() for measure in ("touches", "conversions", "spend_cost"))
    return [
        _Kind(what="touchpoints", series=touches, measured=counts(touches.amount), amounts=as_count),
        _Kind(what="conversions", series=conversions, measured=counts(conversions.amount), amounts=as_count),
        _Kind(what="cost", series=cost, measured=_costs(cost.amount), amounts=_as_cost),
    ]


def _worth_judging(found: Floats, usual: Floats) -> Bools:
    """(subjects,) what is known of both sides, and large enough on one."""
    return np.asarray(~np.isnan(found) & ~np.isnan(usual) & (np.fmax(found, usual) >= FEWEST_ROWS))


def channels(history: History, day: int, min_change: float) -> Judged:
    """Channels that came after weeks without them, and channels of which none came though many should have. min_change: is not used."""
    series = history.series("touches").over(by_part)
    first = max(0, day - history.history_days)
    before = np.nan_to_num(series.amount[first:day])
    if len(before) < QUIET_DAYS or not before[: -QUIET_DAYS + 1].any():
        return Judged(subjects=0)
    known, today = ~np.isnan(series.amount[day]), np.nan_to_num(series.amount[day])
    names = [part for _, part in series.subjects]
    new = ~before[-QUIET_DAYS:].any(axis=0) & (today >= FEWEST_NEW)
    due, spread = _awaited(before, today)
    gone = known & (due / spread > -math.log(history.config.false_alarms_per_year / 365 / max(len(names), 1)))
    appeared = [
        Off(subject=f"channel {names[n]} appeared", found=f"{amount(today[n])} touches", usual="none", score=float(today[n]))
        for n in np.flatnonzero(new)
    ]
    vanished = [
        Off(subject=f"channel {names[n]} vanished", found="no touch", usual=f"{amount(due[n])} since the last", score=float(due[n]))
        for n in np.flatnonzero(gone)
    ]
    return Judged(subjects=len(names), off=[*appeared, *vanished])


def _awaited(before: Floats, today: Floats) -> tuple[Floats, Floats]:
    """(subjects,) the touches due since the last that was seen, today included; and by how much more than by chance their number varies, at least 1."""
    newest_first = np.concatenate([before, today[None]])[::-1] > 0
    silent = np.where(newest_first.any(axis=0), np.argmax(newest_first, axis=0), 0)
    due, spread = np.zeros(len(silent)), np.ones(len(silent))
    for column in np.flatnonzero(silent):
        known = before[: len(before) + 1 - silent[column], column][-QUIET_DAYS:]
        mean = float(known.mean())
        due[column] = silent[column] * mean
        spread[column] = max(1.0, float(known.var()) / mean)
    return due, spread


def _costs(cost: Floats) -> Measured:
    """Cost on the scale of a count, for it is the sum of many small prices; by chance it differs by a part of what is usual for the subject."""
    known = ~np.isnan(cost)
    mean = np.where(known, cost, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return Measured(level=2 * np.sqrt(cost), noise=np.where(known, COST_NOISE * np.sqrt(np.maximum(mean, 1)), np.nan))


def _as_cost(level: Floats) -> Floats:
    return (level / 2) ** 2


def _with_totals(series: Series) -> Series:
    return Series.joined([series.over(by_source), series]) if series.subjects else series


def _named(kind: _Kind, subject: int) -> str:
    source, part = kind.series.subjects[subject]
    return f"{kind.what} of {source}, {part}" if part else f"{kind.what} of {source}"
