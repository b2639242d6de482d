"""Whether a channel's share of the credit moves from one day to the next by more than its band, and in how many models. Pure."""

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.contracts.increments import NOT_ESTIMATED
from mta_assets.quality.daily import Judged, Off, percent
from mta_assets.quality.history import History, Subject, by_source
from mta_assets.quality.robust import NORMAL_PER_MAD, bound, median

FEWEST_CONVERSIONS = 30  # on each of the two days
FEWEST_MOVES = 21  # in the history, before any is judged


def share_moves(history: History, day: int, min_change: float) -> Judged:
    """The channels whose share moved since the day before by more than the band allows, in some model. min_change: points of share.

    history: `marts/shares_daily`, the model as source and the channel as part. The band is the larger of two: the
    jackknife's errors of both days, and what the moves of the days before were.
    """
    credited = history.series("credited")
    if day < FEWEST_MOVES or not credited.subjects:
        return Judged(subjects=0)
    rows = slice(max(0, day - history.history_days), day + 1)
    total = credited.over(by_source).of([(model, "") for model, _ in credited.subjects])[rows]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = credited.amount[rows] / total
    error = history.series("share_error").of(credited.subjects)[rows]
    moves = np.diff(share, axis=0)
    before = np.abs(moves[:-1])
    band = np.sqrt(np.maximum(error[-1] ** 2 + error[-2] ** 2, (NORMAL_PER_MAD * median(before)) ** 2))
    known = np.sum(~np.isnan(before), axis=0)
    judged = (
        (known >= FEWEST_MOVES)
        & ~_unknown(credited.subjects, share)
        & (np.minimum(total[-1], total[-2]) >= FEWEST_CONVERSIONS)
        & (band > 0)
    )
    limit = bound(
        np.full(len(band), known.max(initial=1) / 3), alarms_per_year=history.config.false_alarms_per_year, subjects=int(judged.sum())
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        score = moves[-1] / band
        off = judged & (np.abs(score) > limit) & (np.abs(moves[-1]) >= min_change)
    models = len({model for (model, _), one in zip(credited.subjects, judged, strict=True) if one})
    return Judged(subjects=int(judged.sum()), off=_by_channel(credited.subjects, off, score, share, models))


def _unknown(subjects: tuple[Subject, ...], share: Floats) -> Bools:
    """(subjects,) whether their model could say nothing of one of the last two days: that it can, or cannot any more, moves no channel."""
    largest = np.nan_to_num(share[-2:]).max(axis=0)
    silent = {model for (model, channel), part in zip(subjects, largest, strict=True) if channel == NOT_ESTIMATED and part > 0}
    return np.array([model in silent for model, _ in subjects], dtype=bool)


def _by_channel(subjects: tuple[Subject, ...], off: np.ndarray, score: Floats, share: Floats, models: int) -> list[Off]:
    """One for each channel that moved: the model in which it did so most, and in how many others."""
    found = []
    moved = np.flatnonzero(off)
    for channel in sorted({subjects[n][1] for n in moved}):
        own = [int(n) for n in moved if subjects[n][1] == channel]
        worst = max(own, key=lambda n: abs(score[n]))
        agree = f"in {len(own)} of {models} models" if len(own) > 1 else f"in {subjects[worst][0]} alone"
        usual = f"{percent(float(share[-2, worst]))} the day before"
        subject, now = f"share of {channel}, {agree}", percent(float(share[-1, worst]))
        found.append(Off(subject=subject, found=now, usual=usual, score=float(score[worst]), about=f"share of {channel}"))
    return found
