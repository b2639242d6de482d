"""Whether journeys are as long, and take as long, as before. Pure."""

from collections.abc import Sequence

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.quality.daily import Judged, Off
from mta_assets.quality.history import History
from mta_assets.quality.journey_profile import LAGS_HOURS, LENGTHS, class_name
from mta_assets.quality.robust import Measured, bound, departure

FEWEST_JOURNEYS = 30


def journey_drift(history: History, day: int, min_change: float) -> Judged:
    """The mean length of converting journeys, and their mean time from first touch to conversion, on a log scale. min_change: part of the usual mean."""
    asked = (
        ("touches of a converting journey", "journey_length", LENGTHS, 0),
        ("hours from first touch to conversion", "journey_lag", LAGS_HOURS, 1),
    )
    off, subjects = [], 0
    for what, measure, starts, shift in asked:
        measured, count = _log_mean(history, measure, starts, shift)
        against = departure(measured, day, history_days=history.history_days, weekly=False)
        if np.isnan(against.score[0]) or count[day] < FEWEST_JOURNEYS:
            continue
        subjects += 1
        limit = bound(against.freedoms, alarms_per_year=history.config.false_alarms_per_year, subjects=len(asked))[0]
        found, usual = float(measured.level[day, 0]), float(against.usual[0])
        if abs(against.score[0]) > limit and abs(found - usual) >= np.log1p(min_change):
            texts = (f"{np.exp(level) - shift:.1f}" for level in (found, usual))
            off.append(Off(subject=f"mean {what}", found=next(texts), usual=next(texts), score=float(against.score[0])))
    return Judged(subjects=subjects, off=off)


def _log_mean(history: History, measure: str, starts: Sequence[int], shift: int) -> tuple[Measured, Floats]:
    """((days, 1) mean logarithm of the class, with its standard error; (days,) journeys). Each journey counts with the start of its class."""
    series = history.series(measure)
    count = np.nan_to_num(series.of([("", class_name(start)) for start in starts]))
    score = np.log(np.array(starts, dtype=np.float64) + shift)
    total = count.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = count @ score / total
        variance = np.maximum(count @ score**2 / total - mean**2, 1e-4)
        noise = np.sqrt(variance / total)
    return Measured(level=np.where(total > 0, mean, np.nan)[:, None], noise=np.where(total > 0, noise, np.nan)[:, None]), total
