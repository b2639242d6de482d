"""How far a day lies from its own history, in units of what is usual there. Pure numpy; no frames, no names.

Medians and absolute differences only, so that a bad day in the history moves nothing.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mta_assets.contracts.arrays import Floats

WEEK = 7
WEEKS_NEEDED = 3  # of the same weekday; two give no median that one bad day cannot move
NORMAL_PER_MAD = 1.4826  # standard deviations per median absolute deviation of a normal distribution
_MEDIAN_VARIANCE = math.pi / 2  # of the median of n normal values, times n
_MAD_EFFICIENCY = 0.37  # of the median absolute deviation against the standard deviation, for normal values
_FEWEST_FREEDOMS = 8.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Numbers on a scale on which sampling alone gives each a known spread. Days in order, none left out.

    level: (days, subjects); nan where nothing was measured. noise: (days, subjects) > 0, the standard error of each by sampling alone.
    """

    level: Floats
    noise: Floats


@dataclass(frozen=True, kw_only=True)
class Departure:
    """One day against its history. All (subjects,); nan where there is too little history.

    usual: the level to be expected; score: how far the day lies from it, in standard deviations of what is usual; freedoms: by how many
    independent numbers that spread is known.
    """

    usual: Floats
    score: Floats
    freedoms: Floats


def counts(amount: Floats) -> Measured:
    """Counts of events. Source of the transformation: Anscombe 1948, doi:10.1093/biomet/35.3-4.246."""
    return Measured(level=2 * np.sqrt(amount + 0.375), noise=np.where(np.isnan(amount), np.nan, 1.0))


def shares(part: Floats, whole: Floats) -> Measured:
    """Shares `part / whole`; not measured where there is no whole. Source: as of `counts`."""
    there = np.where(whole > 0, whole, np.nan)
    angle = 2 * np.arcsin(np.sqrt(np.clip((part + 0.375) / (there + 0.75), 0, 1)))
    return Measured(level=angle, noise=1 / np.sqrt(there + 0.5))


def as_count(level: Floats) -> Floats:
    """The counts that these levels stand for."""
    return np.maximum((level / 2) ** 2 - 0.375, 0)


def as_share(level: Floats) -> Floats:
    """The shares that these levels stand for, of a large whole."""
    return np.sin(np.clip(level, 0, math.pi) / 2) ** 2


def departure(measured: Measured, day: int, *, history_days: int, weekly: bool = True) -> Departure:
    """How far row `day` lies from the rows before it, of which as many as `history_days` count.

    weekly: whether it is compared with the same weekday alone. The spread is that of differences between days a week apart, which neither a rhythm of
    the week nor a slow trend widens, but no less than sampling alone makes it.
    """
    first = max(0, day - history_days)
    level, noise = measured.level[first:day], measured.noise[first : day + 1]
    alike = level[::-1][WEEK - 1 :: WEEK] if weekly else level
    known = np.sum(~np.isnan(alike), axis=0)
    usual = median(alike)
    difference = level[WEEK:] - level[:-WEEK] if len(level) > WEEK else level[:0]
    unit = np.sqrt((noise[WEEK:-1] ** 2 + noise[: -WEEK - 1] ** 2) / 2) if len(level) > WEEK else level[:0]
    spread = np.maximum(NORMAL_PER_MAD * median(np.abs(difference) / unit) / math.sqrt(2), 1.0)
    error = np.sqrt(1 + _MEDIAN_VARIANCE / np.maximum(known, 1))
    enough = known >= (WEEKS_NEEDED if weekly else WEEKS_NEEDED * WEEK)
    freedoms = np.maximum(_MAD_EFFICIENCY * np.sum(~np.isnan(difference), axis=0), _FEWEST_FREEDOMS)
    score = (measured.level[day] - usual) / (noise[-1] * spread * error)
    return Departure(usual=np.where(enough, usual, np.nan), score=np.where(enough, score, np.nan), freedoms=freedoms)


def bound(freedoms: Floats, *, alarms_per_year: float, subjects: int) -> Floats:
    """The score beyond which one of so many subjects is off, so that all of them together are on so many good days of a year.

    A quantile of Student's t. Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    z = -NormalDist().inv_cdf(min(0.25, alarms_per_year / 365 / (2 * max(subjects, 1))))
    third, fifth = z**3 + z, 5 * z**5 + 16 * z**3 + 3 * z
    return np.asarray(z + third / (4 * freedoms) + fifth / (96 * freedoms**2))


def median(values: Floats) -> Floats:
    """(subjects,) the median over rows of what is not nan; nan where nothing is."""
    ordered = np.sort(values, axis=0)  # nan last
    known = np.sum(~np.isnan(values), axis=0)
    columns = np.arange(values.shape[1])
    if not len(values):
        return np.full(values.shape[1], np.nan)
    low, high = np.maximum((known - 1) // 2, 0), np.minimum(known // 2, len(values) - 1)
    return np.asarray((ordered[low, columns] + ordered[high, columns]) / 2)
