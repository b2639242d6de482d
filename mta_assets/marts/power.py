"""How large an experiment must be: users of whom a share never meets a channel, for some days, and how surely that tells two models apart. Pure arithmetic.

Conversions of the two groups are counted and their rates compared. The difference of the rates is what the channel adds per day; its variance is the sum of
those of two Poisson rates, times a dispersion, as the conversions of one user come together. The test is the one of the difference against a given value
with the variances of the alternative, normal approximation, as in Krishnamoorthy and Thomson 2004, A more powerful test for comparing two Poisson means,
doi:10.1016/S0378-3758(02)00408-1, section 2, and in power_poisson_diff_2indep(method_var="alt") of statsmodels.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from mta_assets.contracts.arrays import Floats, Ints

WEEKS = 2  # an experiment lasts whole pairs of weeks, so that each weekday counts alike
MOST_HELD_OUT = 0.5
FEWEST_COUNTED = 10  # conversions of those held out, below which a normal approximation says little
SHARES: Floats = np.arange(1, 51) / 100  # of users, that are tried
ABOUT_EQUAL = 1.1  # of what costs no more than a tenth more than the cheapest, the shortest is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an experiment is to tell: whether a channel adds `high` or `low` conversions a day, of `rate` in all; low < high <= rate.

    dispersion: of the conversions, 1 when users are independent and convert once. alpha: two-sided.
    """

    rate: float
    low: float
    high: float
    dispersion: float
    alpha: float
    power: float

    @property
    def gap(self) -> float:
        """Conversions a day between the two."""
        return self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """An experiment. held_out: share of users; power: how often it tells the two apart; foregone: conversions that it costs if `high` is right."""

    held_out: float
    days: int
    power: float
    foregone: float


def variance(question: Question, held_out: Floats, days: float) -> Floats:
    """Of the measured increment per day, if the channel adds `low`: the larger of the two variances."""
    treated, without = question.rate / (1 - held_out), (question.rate - question.low) / held_out
    return np.asarray(question.dispersion * (treated + without) / days)


def power(question: Question, held_out: Floats, days: float) -> Floats:
    """How often an experiment with these shares of users held out refuses the one increment when the other is right."""
    reached = question.gap / np.sqrt(variance(question, held_out, days))
    edge = ndtri(1 - question.alpha / 2)
    return np.asarray(ndtr(reached - edge) + ndtr(-reached - edge))


def days_needed(question: Question, held_out: float) -> float:
    """How many days it takes with this share held out. The other tail, where the test errs to the wrong side, is left out: it is nothing."""
    reached = ndtri(1 - question.alpha / 2) + ndtri(question.power)
    return float(variance(question, np.array(held_out), 1.0) * (reached / question.gap) ** 2)


def dispersion(conversions: Floats | Ints) -> float | None:
    """How many times as much conversions vary as independent ones would, 1 at least; None without any. conversions: (groups,) of each group of users."""
    mean = conversions.mean()
    return max(1.0, float(conversions.var(ddof=1) / mean)) if mean > 0 else None


def cheapest(question: Question, most_days: int) -> Design | None:
    """The experiment of the fewest users times days without the channel, and the shortest of those that are about equal; None when `most_days` are too few."""
    designs = [found for days in range(7 * WEEKS, most_days + 1, 7 * WEEKS) if (found := _smallest(question, days))]
    if not designs:
        return None
    least = min(design.held_out * design.days for design in designs)
    return next(design for design in designs if design.held_out * design.days <= ABOUT_EQUAL * least)


def _smallest(question: Question, days: int) -> Design | None:
    """With the smallest share of users that suffices."""
    reached = power(question, SHARES, days)
    counted = (question.rate - question.low) * SHARES * days
    enough = np.flatnonzero((reached >= question.power) & (counted >= FEWEST_COUNTED))
    if not len(enough):
        return None
    share = float(SHARES[enough[0]])
    return Design(held_out=share, days=days, power=float(reached[enough[0]]), foregone=question.high * share * days)
