"""What channels added as a model estimates it, calibrated with experiments: by precision where one was tested, by what all tests say together else. Pure.

The arithmetic is in `multipliers`, and which experiments count in `experiments`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from scipy.special import ndtri

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.incrementality import CALIBRATED
from mta_assets.contracts.tables import BUCKETS
from mta_assets.marts.experiments import judged
from mta_assets.marts.jackknife import quantile
from mta_assets.marts.multipliers import combine

NO_EXPERIMENT = "no experiment counts"
NO_ERROR = "all of its users are of one bucket, so that its error is not known"
UNPAID = "nobody pays for it: there is nothing to calibrate"
NOT_POSITIVE = "the estimate is not above 0: a multiplier would say nothing"
NOT_TESTED = "it was not tested: scaled by what the experiments of other channels show"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """rows: `CALIBRATED`, a row per channel. experiments: `JUDGED`, a row per experiment, with the reason where it does not count."""

    rows: pl.DataFrame
    experiments: pl.DataFrame

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence per experiment that does not count."""
        told = self.experiments.drop_nulls("reason").select("stated", "channel", "reason")
        return tuple(f"The experiment of {channel!r} ({stated}) does not count: {reason}" for stated, channel, reason in told.iter_rows())


def calibrate(
    increments: pl.DataFrame, experiments: pl.DataFrame, touches: pl.DataFrame, days: DayRange, level: float, as_of: date | None = None
) -> Calibration:
    """Raw and calibrated increments of the channels of these days, in the order given.

    increments: channel, role (pushed, pulled or unpaid), increment and increment_se, null where there is no estimate, and then the reason. touches: channel,
    day, touches: how many each channel has on each of the days. experiments: `EXPERIMENTS` rows; those count that are over and valid as of this day, the
    last of the days unless it is given. level: of bands, 0 to 1.
    """
    known = judged(experiments, touches, days, as_of or days.last)
    rows = increments.join(_by_channel(known), on="channel", how="left", maintain_order="left").with_columns(pl.col("tests").fill_null(0))
    found = _Evidence(rows)
    shown = {name: pl.Series(name, numbers, dtype=pl.Float64, nan_to_null=True) for name, numbers in _figures(found, level).items()}
    basis = pl.Series("basis", np.select([found.tested, found.pooled], ["tested", "pooled"], "none"))
    rows = rows.with_columns(**shown, basis=basis, effect_se=1 / pl.col("precision").sqrt()).with_columns(_valid_until(), _reason(known))
    return Calibration(rows=rows.select(pl.col(column.name).cast(column.dtype) for column in CALIBRATED), experiments=known)


class _Evidence:
    """What is known of each channel as arrays, 0 where nothing is. All are (channels,)."""

    def __init__(self, rows: pl.DataFrame) -> None:
        estimate, error, self.effect, self.precision = (
            rows[name].cast(pl.Float64).fill_null(0.0).to_numpy() for name in ("increment", "increment_se", "effect", "precision")
        )
        self.estimated: Bools = error > 0
        self.estimate, self.error = np.where(self.estimated, estimate, 0.0), np.where(self.estimated, error, 0.0)
        self.unpaid: Bools = (rows["role"] == "unpaid").to_numpy()
        self.tested: Bools = self.precision > 0
        # A multiplier says something of an estimate above 0 only, and of what somebody pays for.
        self.scaled: Bools = self.estimated & (self.estimate > 0) & ~self.unpaid

    @cached_property
    def whole_error(self) -> Floats:
        """The error of an estimate with what the placebo shows: unpaid channels add nothing, so that what they seem to add beyond chance is the model's own.

        Source: negative controls, Schuemie et al. 2014, doi:10.1002/sim.5925.
        """
        placebo = self.estimated & self.unpaid
        seeming = (self.estimate**2 - self.error**2)[placebo].mean() if placebo.any() else 0.0
        return np.where(self.estimated, np.sqrt(self.error**2 + max(seeming, 0.0)), 0.0)

    @cached_property
    def pooled(self) -> Bools:
        """Whether other channels' experiments scale it."""
        return self.scaled & ~self.tested & (self.tested & self.scaled).any()


def _by_channel(experiments: pl.DataFrame) -> pl.DataFrame:
    """channel, tests, effect, precision, until: the experiments that count, put together by precision."""
    counting = experiments.filter(pl.col("reason").is_null()).with_columns(weight=1 / pl.col("error_here") ** 2)
    # In an order of their own, so that the order in which experiments are stated changes no digit.
    return (
        counting.sort("channel", "first_day", "last_day", "effect", "standard_error")
        .group_by("channel", maintain_order=True)
        .agg(
            pl.len().alias("tests"),
            ((pl.col("effect_here") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("effect"),
            pl.col("weight").sum().alias("precision"),
            pl.col("valid_until").max().alias("until"),
        )
    )


def _figures(found: _Evidence, level: float) -> dict[str, Floats]:
    """Name of a column -> (channels,) its numbers, NaN where there is none."""
    reach = quantile(level, BUCKETS) * found.error
    bounds = (0.0, (1 - level) / 2, (1 + level) / 2)  # the first stands for the estimate itself
    raw = [np.where(found.estimated, found.estimate + sign * reach, np.nan) for sign in (0, -1, 1)]
    together = combine(found.estimate, found.whole_error, found.effect, np.where(found.estimated, found.precision, 0.0), found.scaled)
    spread = 1 / np.sqrt(np.where(found.tested, found.precision, np.nan))
    figures: dict[str, Floats] = {}
    for end, share, estimate in zip(("", "_low", "_high"), bounds, raw, strict=True):
        combined = together.quantile(share) if share else together.expected
        alone = found.effect + (ndtri(share) * spread if share else 0.0)
        calibrated = np.select([found.tested & ~found.estimated, found.tested | found.pooled], [alone, combined], estimate)
        figures |= {f"increment{end}": estimate, f"calibrated{end}": calibrated}
        touched = found.scaled & (found.tested | found.pooled)
        figures[f"multiplier{end}"] = np.where(touched, calibrated / np.where(touched, found.estimate, 1.0), np.nan)
    return figures


def _valid_until() -> pl.Expr:
    everywhere = pl.col("until").filter(pl.col("multiplier").is_not_null()).max()
    return pl.when(pl.col("basis") == "tested").then("until").when(pl.col("basis") == "pooled").then(everywhere).alias("valid_until")


def _reason(experiments: pl.DataFrame) -> pl.Expr:
    own = dict(experiments.drop_nulls("reason").select("channel", "reason").iter_rows())
    left_out = pl.col("channel").replace_strict(
        {name: f"its experiment does not count: {why}" for name, why in own.items()}, default=None, return_dtype=pl.String
    )
    otherwise = (
        pl.when(pl.col("basis") == "pooled")
        .then(pl.lit(NOT_TESTED))
        .when(pl.col("role") == "unpaid")
        .then(pl.lit(UNPAID))
        .when(pl.col("increment").is_null() | (pl.col("increment_se").fill_null(0.0) <= 0))
        .then(pl.col("reason").fill_null(NO_ERROR))
        .when(pl.col("increment") <= 0)
        .then(pl.lit(NOT_POSITIVE))
        .otherwise(pl.lit(NO_EXPERIMENT))
    )
    return pl.when(pl.col("basis") != "tested").then(pl.coalesce(left_out, otherwise)).alias("reason")
