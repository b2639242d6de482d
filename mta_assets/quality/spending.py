"""Whether spend and touches of a channel belong together. Pure."""

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.quality.daily import Judged, Off, amount
from mta_assets.quality.history import History, by_part, by_source

FEWEST_TOUCHES = 10
LOOK_BACK_DAYS = 28
USUALLY = 0.9  # of the days on which a channel has touches, so many have its spend


def spend_without_touches(history: History, day: int, min_change: float) -> Judged:
    """Channels that cost something on the day and were not touched, though they usually are, or never are. min_change: the least cost that counts."""
    cost, touches, names = _both(history, day)
    before = _mean(touches[:-1])
    silent = (cost[-1] > min_change) & (touches[-1] == 0) & ((before >= FEWEST_TOUCHES) | (before == 0))
    off = [
        Off(
            subject=f"spend of {amount(cost[-1, n])} on {names[n]}",
            about=f"spend on {names[n]}",
            found="no touch",
            usual=f"{amount(before[n])} touches" if before[n] else "some: none in four weeks",
            score=float(cost[-1, n]),
        )
        for n in np.flatnonzero(silent)
    ]
    return Judged(subjects=int((cost[-1] > min_change).sum()), off=off)


def touches_without_spend(history: History, day: int, min_change: float) -> Judged:
    """Channels that were touched and have no spend, though their source of spend has rows of the day and they usually have. min_change: is not used."""
    _, touches, names = _both(history, day)
    rows = history.series("spend")
    reported = {source for (source, _), total in zip(*_totals(history, day), strict=True) if total > 0}
    off, subjects = [], 0
    for n, name in enumerate(names):
        for source in sorted(reported):
            spent = np.nan_to_num(rows.of([(source, name)])[_first(day) : day + 1, 0]) > 0
            touched = touches[:-1, n] > 0
            usual = float((spent[:-1] & touched).sum()) / max(int(touched.sum()), 1)
            if touched.sum() < LOOK_BACK_DAYS // 2 or usual < USUALLY:
                continue
            subjects += 1
            if touches[-1, n] >= FEWEST_TOUCHES and not spent[-1]:
                found = f"{amount(touches[-1, n])} touches"
                off.append(Off(subject=f"{name} has no spend from {source}", found=found, usual="some", score=float(touches[-1, n])))
    return Judged(subjects=subjects, off=off)


def _both(history: History, day: int) -> tuple[Floats, Floats, list[str]]:
    """(cost, touches, channels) of the day, the last row, and of the four weeks before it, over all sources."""
    cost, touches = (history.series(measure).over(by_part) for measure in ("spend_cost", "touches"))
    channels = sorted({*cost.subjects, *touches.subjects})
    rows = slice(_first(day), day + 1)
    return np.nan_to_num(cost.of(channels)[rows]), np.nan_to_num(touches.of(channels)[rows]), [part for _, part in channels]


def _totals(history: History, day: int) -> tuple[tuple[tuple[str, str], ...], Floats]:
    totals = history.series("spend").over(by_source)
    return totals.subjects, np.nan_to_num(totals.amount[day])


def _first(day: int) -> int:
    return max(0, day - LOOK_BACK_DAYS)


def _mean(rows: Floats) -> Floats:
    return np.asarray(rows.mean(axis=0)) if len(rows) else np.zeros(rows.shape[1])
