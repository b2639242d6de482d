"""How far estimates are from what experiments measured, and what that says of them all: a random-effects model on arrays. Pure arithmetic.

What a channel truly added is its estimate times its own multiplier; multipliers scatter around a common one. An experiment measures the truth of one channel.
Given the scatter all is normal and has a closed form; over the scatter, which few experiments tell little of, it is integrated.
Source: Röver 2020, doi:10.18637/jss.v093.i06 (the integration); Röver et al. 2021, doi:10.1002/jrsm.1475 (half-normal scatter where studies are few).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mta_assets.contracts.arrays import Bools, Floats

COMMON_ERROR = 1.0
"""How far the common multiplier may be from 1, one standard deviation: estimates from observation were off by a factor of three in half of the 15 experiments
of Gordon et al. 2019, doi:10.1287/mksc.2018.1135."""
SCATTER = 0.5  # scale of the half-normal scatter of multipliers: what Röver et al. propose where a factor of about two between studies is nothing unusual
_STEPS = 400
_GRID = (np.arange(_STEPS) + 0.5) * (4 * SCATTER / _STEPS)  # a half-normal scatter is beyond four scales once in 16,000
_HALVINGS = 48  # of a range of some hundred standard deviations: to a billionth of one


@dataclass(frozen=True, kw_only=True)
class Combined:
    """What is known of each channel: a mixture of normals, one per scatter. weight: (scatters,), sums to 1; mean, error: (scatters, channels)."""

    weight: Floats
    mean: Floats
    error: Floats

    @property
    def expected(self) -> Floats:
        """(channels,) the mean."""
        return np.asarray(self.weight @ self.mean)

    @property
    def standard_error(self) -> Floats:
        """(channels,) the standard deviation."""
        second = self.weight @ (self.error**2 + (self.mean - self.expected) ** 2)
        return np.asarray(np.sqrt(second))

    def quantile(self, share: float) -> Floats:
        """(channels,) below which the truth is with this probability, 0 to 1, both excluded."""
        reach = 40 * self.error.max(axis=0)
        low, high = self.mean.min(axis=0) - reach, self.mean.max(axis=0) + reach
        spread = np.where(self.error > 0, self.error, np.finfo(np.float64).tiny)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.weight @ ndtr((middle - self.mean) / spread) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


def combine(estimate: Floats, error: Floats, effect: Floats, precision: Floats, scaled: Bools) -> Combined:
    """Estimates and experiments, each by its precision.

    estimate, error: (channels,) of the model, with the standard error of its sampling; effect, precision: (channels,) of the experiments, 1 / variance, 0
    where there is none. scaled: (channels,) whether the estimate takes part in the common multiplier; the others stand as they are, beside their experiments.
    """
    pulled = np.where(scaled, estimate, 0.0)
    own = (_GRID[:, None] * estimate) ** 2 + error**2  # variance of the truth around what the common multiplier makes of the estimate
    weight = precision / (1 + own * precision)  # of an experiment, as evidence about the common multiplier: 1 / (own + its variance)
    common_precision = 1 / COMMON_ERROR**2 + weight @ pulled**2
    common = (1 / COMMON_ERROR**2 + weight @ (pulled * effect)) / common_precision
    trust = own * weight  # of the experiment against the estimate, 0 to 1
    before = np.where(scaled, common[:, None] * pulled, estimate)
    return Combined(
        weight=_plausibility(own, weight * scaled, effect, common, common_precision),
        mean=trust * effect + (1 - trust) * before,
        error=np.sqrt(own * (1 - trust) + ((1 - trust) * pulled) ** 2 / common_precision[:, None]),
    )


def _plausibility(own: Floats, weight: Floats, effect: Floats, common: Floats, common_precision: Floats) -> Floats:
    """(scatters,) probability of each scatter given the experiments, sums to 1."""
    fit = (weight * effect**2).sum(axis=1) - common_precision * common**2
    shrunk = np.log1p(-own * weight).sum(axis=1)  # the logarithm of 1 / (1 + own * precision), of those that count
    logarithm = (shrunk - np.log(common_precision) - fit - (_GRID / SCATTER) ** 2) / 2
    likely = np.exp(logarithm - logarithm.max())
    return np.asarray(likely / likely.sum())
