"""Whether a share of the rows is as it was on the days before: unassigned channels, touches said twice, touches and conversions that do not meet. Pure."""

from collections.abc import Sequence

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.contracts.tables import UNASSIGNED, UNATTRIBUTED
from mta_assets.quality.daily import Judged, Off, percent
from mta_assets.quality.history import History, Subject, by_source
from mta_assets.quality.robust import as_share, bound, departure, shares

FEWEST_OF = 50  # of fewer rows a share says nothing
UP, DOWN = 1, -1


def unassigned_share(history: History, day: int, min_change: float) -> Judged:
    """The share of each source's touches that no channel rule knows, when it rose."""
    touches = history.series("touches")
    sources = touches.over(by_source)
    part = touches.of([(source, UNASSIGNED) for source, _ in sources.subjects])
    return moved(history, day, part, sources.amount, _of("touches", sources.subjects), way=UP, least=min_change)


def repeated_touches(history: History, day: int, min_change: float) -> Judged:
    """The share of each source's touches that say again what the touch before them said, when it rose. min_change: points of share."""
    return _of_sources(history, day, "touches_repeated", "touches said twice of", way=UP, least=min_change)


def unmatched_touches(history: History, day: int, min_change: float) -> Judged:
    """The share of each source's touches whose user reaches a goal on the same day, when it fell. min_change: part of the usual share."""
    return _of_sources(history, day, "touches_matched", "touches with a matching user of", way=DOWN, least=min_change, relative=True)


def conversions_without_touches(history: History, day: int, min_change: float) -> Judged:
    """The share of each source's conversions that no touch precedes, when it rose. min_change: points of share. history: of journeys."""
    untouched, converted = (history.series(name).over(by_source) for name in ("untouched", "converted"))
    labels = _of("conversions without touches", converted.subjects)
    return moved(history, day, untouched.of(converted.subjects), converted.amount, labels, way=UP, least=min_change)


def unattributed_share(history: History, day: int, min_change: float) -> Judged:
    """The share of each model's credit that no channel gets, when it rose. min_change: points of share. history: `marts/shares_daily`, the model as source."""
    credited = history.series("credited")
    models = credited.over(by_source)
    part = credited.of([(model, UNATTRIBUTED) for model, _ in models.subjects])
    return moved(history, day, part, models.amount, _of("unattributed credit", models.subjects), way=UP, least=min_change)


def _of_sources(history: History, day: int, measure: str, what: str, *, way: int, least: float, relative: bool = False) -> Judged:
    touches, part = (history.series(name).over(by_source) for name in ("touches", measure))
    labels = [f"{what} {source}" for source, _ in touches.subjects]
    return moved(history, day, part.of(touches.subjects), touches.amount, labels, way=way, least=least, relative=relative)


def _of(what: str, subjects: Sequence[Subject]) -> list[str]:
    return [f"{what} of {source}" if source else what for source, _ in subjects]


def moved(
    history: History, day: int, part: Floats, whole: Floats, labels: Sequence[str], *, way: int, least: float, relative: bool = False
) -> Judged:
    """The shares part / whole that lie further from their median than usual. part, whole: (days, subjects).

    way: UP or DOWN to look at one direction only, 0 for both; least: how far they must have moved, in points of share, or (relative) as a part of the
    usual share.
    """
    measured = shares(part, whole)
    against = departure(measured, day, history_days=history.history_days, weekly=False)
    with np.errstate(invalid="ignore", divide="ignore"):
        found, usual = part[day] / whole[day], as_share(against.usual)
        judged = ~np.isnan(against.score) & (whole[day] >= FEWEST_OF)
        limit = bound(against.freedoms, alarms_per_year=history.config.false_alarms_per_year, subjects=int(judged.sum()))
        far = np.abs(found - usual) >= (least * usual if relative else least)
        off = judged & far & (np.abs(against.score) > limit) & ((way == 0) | (np.sign(against.score) == way))
    return Judged(
        subjects=int(judged.sum()),
        off=[
            Off(subject=labels[int(n)], found=percent(float(found[n])), usual=percent(float(usual[n])), score=float(against.score[n]))
            for n in np.flatnonzero(off)
        ],
    )
