"""Whether a source's clock is right: the time of day at which its rows lie, and rows that lie in the future. Pure."""

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.quality.daily import Judged, Off, amount, percent
from mta_assets.quality.history import History, by_source
from mta_assets.quality.robust import Measured, bound, departure

_HOURS = [f"{hour:02d}" for hour in range(24)]
_TURN = 2 * np.pi / 24  # radians per hour
_FEWEST_ROWS = 100
KINDS = {"touches": "touches", "conversions": "conversions"}


def clock_skew(history: History, day: int, min_change: float) -> Judged:
    """The mean time of day of each source's rows, against its median. min_change: hours."""
    off, subjects = [], 0
    parts = [(what, source, count, *_mean_hour(count)) for what, source, count in _by_hour(history)]
    for what, source, count, hour, noise in parts:
        usual = _usual_hour(count[max(0, day - history.history_days) : day])
        shift = (hour - usual + 12) % 24 - 12
        against = departure(Measured(level=shift[:, None], noise=noise[:, None]), day, history_days=history.history_days, weekly=False)
        if np.isnan(against.score[0]) or np.nansum(count[day]) < _FEWEST_ROWS:
            continue
        subjects += 1
        limit = bound(against.freedoms, alarms_per_year=history.config.false_alarms_per_year, subjects=len(parts))[0]
        moved = shift[day] - against.usual[0]
        if abs(against.score[0]) > limit and abs(moved) >= min_change:
            off.append(
                Off(
                    subject=f"mean hour of {what} of {source}",
                    found=f"{hour[day] % 24:.1f}",
                    usual=f"{(usual + against.usual[0]) % 24:.1f}",
                    score=float(against.score[0]),
                )
            )
    return Judged(subjects=subjects, off=off)


def future_events(history: History, day: int, min_change: float) -> Judged:
    """Rows of this day and later ones that are later than the ingest of their file. min_change: share of the source's rows of the day."""
    off, subjects = [], 0
    since = history.day(day)
    for measure, what in KINDS.items():
        totals = history.series(measure).over(by_source)
        for column, (source, _) in enumerate(totals.subjects):
            ahead = history.total_since(f"{measure}_ahead", source, since)
            total = float(np.nan_to_num(totals.amount[day, column]))
            subjects += 1
            if ahead and ahead >= min_change * max(total, 1):
                off.append(
                    Off(subject=f"{what} of {source} in the future", found=amount(ahead), usual=f"below {percent(min_change)}", score=ahead)
                )
    return Judged(subjects=subjects, off=off)


def _by_hour(history: History) -> list[tuple[str, str, Floats]]:
    """(what, source, (days, 24) rows by hour)."""
    series = [(what, history.series(f"{measure}_at")) for measure, what in KINDS.items()]
    return [
        (what, source, each.of([(source, hour) for hour in _HOURS]))
        for what, each in series
        for source in sorted({name for name, _ in each.subjects})
    ]


def _mean_hour(count: Floats) -> tuple[Floats, Floats]:
    """(days,) circular mean of the hour, and its standard error by sampling; nan without rows.

    Source: Fisher 1993, Statistical Analysis of Circular Data, 4.4.
    """
    total = count.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine, sine = (count @ each / total for each in _circle())
        resultant = np.hypot(cosine, sine)
        noise = 1 / (np.sqrt(total) * np.maximum(resultant, 0.02) * _TURN)
    return np.arctan2(sine, cosine) / _TURN + 0.5, np.where(total > 0, noise, np.nan)


def _usual_hour(count: Floats) -> float:
    """The direction of the medians of both coordinates; 0 without rows."""
    total = count.sum(axis=1)
    there = total > 0
    if not there.any():
        return 0.0
    cosine, sine = (np.median(count[there] @ each / total[there]) for each in _circle())
    return float(np.arctan2(sine, cosine) / _TURN + 0.5)


def _circle() -> tuple[Floats, Floats]:
    angle = np.arange(24) * _TURN
    return np.cos(angle), np.sin(angle)
