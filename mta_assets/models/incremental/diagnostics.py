"""Whether an estimate can be relied on: balance, calibration, how much evidence there is, and the placebo. Numbers only change words, never estimates."""

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.models.histories.timeline import Singles
from mta_assets.models.incremental.comparison import Controls
from mta_assets.models.incremental.roles import UNPAID

BINS = 20
# Unpaid visits that seem to add more of the conversions than this, beyond what chance explains, say that the comparison is not fair here.
PLACEBO_SHARE = 0.10
PLACEBO_ERRORS = 3.0


def balance(history: Singles, expected: Floats, controls: Controls) -> tuple[float, float]:
    """(imbalance, calibration) of some touches, beside random moments weighted to be expected to convert as often. See the contract for what they are."""
    edges = np.quantile(expected, np.linspace(0, 1, BINS + 1)[1:-1])
    wanted = np.bincount(np.searchsorted(edges, expected), minlength=BINS)
    bin_of = np.searchsorted(edges, controls.expected)
    there = np.bincount(bin_of, minlength=BINS)
    weight = np.divide(wanted, there, out=np.zeros(BINS), where=there > 0)[bin_of]
    foretold = float((weight * controls.expected).sum())
    calibration = float((weight * controls.outcome).sum()) / foretold if foretold > 0 else np.nan
    spread = history.std(axis=0, dtype=np.float64)
    differs = np.abs(history.mean(axis=0, dtype=np.float64) - np.average(controls.history, axis=0, weights=weight))
    return float(np.divide(differs, spread, out=np.zeros(len(spread)), where=spread > 0).max()), calibration


def effective_touches(user: Ints) -> float:
    """Touches of different users that would know as much as these, when those of one user all tell the same (Kish's effective sample size)."""
    counts = np.unique(user, return_counts=True)[1].astype(np.float64)
    return float(counts.sum() ** 2 / (counts**2).sum())


def doubt(increments: pl.DataFrame, conversions: float) -> str | None:
    """Why the increments are not to be trusted; None when unpaid visits, which nobody pays for, seem to add nothing. conversions: of the window."""
    placebo = increments.filter(pl.col("role") == UNPAID, pl.col("increment").is_not_null())
    if placebo.is_empty():
        return "there are no organic or direct visits, so that neither hidden intent can be allowed for nor a placebo be tried"
    seeming = placebo.select("channel", "increment", error="increment_se", share=pl.col("increment").abs() / conversions)
    off = seeming.filter(pl.col("share") > PLACEBO_SHARE, pl.col("increment").abs() > PLACEBO_ERRORS * pl.col("error"))
    if off.is_empty():
        return None
    named = ", ".join(
        f"{channel} seems to add {increment / conversions:+.0%}" for channel, increment in off.select("channel", "increment").iter_rows()
    )
    return f"the placebo fails: of the conversions, {named}, which should be near zero; intent is seen here that the comparison does not remove"
