"""Whether currencies and values are as before: a mix that moved, a single value out of all proportion, values that are all of another size. Pure."""

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.quality.daily import Judged, Off, amount
from mta_assets.quality.history import History, by_source
from mta_assets.quality.proportions import moved
from mta_assets.quality.robust import Measured, bound, departure, median

LOOK_BACK_DAYS = 28
FEWEST_NEW = 3  # conversions in a currency that was not there before
OUTLIER_SPREADS = 6.0  # on a log scale: 120 times the median where values spread as orders of a shop do
FEWEST_VALUES = 10
_QUARTILES_PER_DEVIATION = 1.349  # of a normal distribution
_MEDIAN_ERROR = 1.2533  # of the median of n normal values, times the square root of n


def currency_mix(history: History, day: int, min_change: float) -> Judged:
    """The share of each currency among a source's conversions, and currencies that it or a source of spend never had. min_change: points of share."""
    series = history.series("conversion_currency")
    totals = series.over(by_source)
    whole = totals.of([(source, "") for source, _ in series.subjects])
    labels = [f"{currency} among conversions of {source}" for source, currency in series.subjects]
    judged = moved(history, day, series.amount, whole, labels, way=0, least=min_change)
    new = [
        Off(subject=f"currency {currency} in {what} of {source}", found=f"{amount(rows)} rows", usual="none", score=rows)
        for what, measure, fewest in (("conversions", "conversion_currency", FEWEST_NEW), ("spend", "spend_currency", 1))
        for source, currency, rows in _new(history, measure, day, fewest)
    ]
    return Judged(subjects=judged.subjects + len(new), off=[*judged.off, *new])


def value_outliers(history: History, day: int, min_change: float) -> Judged:
    """The largest value and the median value of each goal and currency, against those of the days before. min_change: part of the usual median."""
    number = history.series("values")
    parts = number.subjects
    quarter, middle, three, largest = (
        _log(history.series(f"value_{name}").of(parts)) for name in ("quarter", "median", "three_quarters", "largest")
    )
    count = np.where(number.amount >= FEWEST_VALUES, number.amount, np.nan)
    before = slice(max(0, day - history.history_days), day)
    spread = median(np.where(np.isnan(count), np.nan, three - quarter)[before]) / _QUARTILES_PER_DEVIATION
    level = np.where(np.isnan(count), np.nan, middle)
    noise = np.maximum(_MEDIAN_ERROR * spread / np.sqrt(count), 1e-3)
    against = departure(Measured(level=level, noise=noise), day, history_days=history.history_days, weekly=False)
    limit = bound(against.freedoms, alarms_per_year=history.config.false_alarms_per_year, subjects=len(parts))
    off = []
    with np.errstate(invalid="ignore"):
        shifted = (np.abs(against.score) > limit) & (np.abs(level[day] - against.usual) >= np.log1p(min_change))
        away = (largest[day] - against.usual) / np.maximum(spread, 0.1)
    for n, (_, part) in enumerate(parts):
        usual = amount(float(np.exp(against.usual[n]))) if not np.isnan(against.usual[n]) else ""
        if shifted[n]:
            off.append(
                Off(
                    subject=f"median value of {part}",
                    found=amount(float(np.exp(level[day, n]))),
                    usual=usual,
                    score=float(against.score[n]),
                )
            )
        if away[n] > OUTLIER_SPREADS:
            found = amount(float(np.exp(largest[day, n])))
            off.append(Off(subject=f"largest value of {part}", found=found, usual=f"a median of {usual}", score=float(away[n])))
    return Judged(subjects=int((~np.isnan(against.usual)).sum()), off=off)


def _new(history: History, measure: str, day: int, fewest: int) -> list[tuple[str, str, float]]:
    """(source, currency, rows) of what a source had not had for four weeks, though it had others all the while."""
    series = history.series(measure)
    first = day - LOOK_BACK_DAYS
    if first < 0:
        return []
    totals = np.nan_to_num(series.over(by_source).of([(source, "") for source, _ in series.subjects]))
    rows = np.nan_to_num(series.amount)
    new = (
        (totals[first] > 0) & ~rows[first:day].any(axis=0) & (rows[day] >= fewest) if len(series.subjects) else np.zeros(0, dtype=np.bool_)
    )
    return [(*series.subjects[n], float(rows[day, n])) for n in np.flatnonzero(new)]


def _log(values: Floats) -> Floats:
    return np.log(np.where(values > 0, values, np.nan))
