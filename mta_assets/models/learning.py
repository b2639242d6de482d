"""From raw effects to what a fit hands back: the one ending that learned models share, and the one place that says what happens when no effect is positive."""

import numpy as np

from mta_assets.contracts.arrays import Floats, Statistics, Touches
from mta_assets.contracts.increments import NOT_ESTIMATED
from mta_assets.errors import UnavailableError
from mta_assets.models.base import Learned, PathWeights, TouchAllocation
from mta_assets.models.normalise import over_units

PRIOR_STRENGTH = 100.0
"""Journeys at which a rate counts as much as the prior, for models that shrink rates. At the 1 to 5 % at which journeys usually convert, 100 journeys hold 1 to
5 conversions: fewer than tell a rate from its neighbours (the relative error of a rate from k conversions is about 1 / sqrt(k))."""


def learned(statistics: Statistics, effect: Floats, value_effect: Floats, *, paths: PathWeights | None = None, note: str = "") -> Learned:
    """Shares and credit from raw effects. effect, value_effect: (units,), of conversions and of value.

    When no value effect is positive (nothing was sold at a price), value follows the shares of conversions. When no effect is positive although journeys
    converted, all units share equally, so that credit is conserved; the models here only come to that by underflow, for their effects sum to more than 0.
    """
    share = over_units(effect)
    if statistics.conversions > 0 and not share.any() and len(share):
        share = np.full(len(share), 1.0 / len(share))
    value_share = over_units(value_effect)
    if not value_share.any():
        value_share = share
    return Learned(
        units=statistics.units,
        effect=effect,
        value_effect=value_effect,
        share=share,
        value_share=value_share,
        conversions=share * statistics.conversions,
        value=value_share * statistics.value,
        paths=paths,
        note=note,
    )


def nothing(statistics: Statistics, paths: PathWeights | None = None) -> Learned:
    """What a window teaches in which nothing converted: no effect, no share, no credit."""
    zero = np.zeros(len(statistics.units))
    return learned(statistics, zero, zero, paths=paths)


def not_estimated(statistics: Statistics, reason: str) -> Learned:
    """What is learned of a window that tells too little: that all its conversions are `not_estimated`, and why."""
    one = np.ones(1)
    return Learned(
        units=(NOT_ESTIMATED,),
        effect=np.zeros(1),
        value_effect=np.zeros(1),
        share=one,
        value_share=one,
        conversions=one * statistics.conversions,
        value=one * statistics.value,
        note=reason,
    )


def without_credit(touches: Touches) -> TouchAllocation:
    """How conversions are shared out of which nothing was learned: no touch earns any of them."""
    return TouchAllocation(weight=np.zeros(len(touches.unit)), rest=NOT_ESTIMATED)


def absent(title: str, part: str) -> UnavailableError:
    """The error of a model that is asked to learn from statistics without the part it needs."""
    return UnavailableError(f"{title} learns from {part}, which these statistics do not hold; compute them with {part!r} among the needs.")
