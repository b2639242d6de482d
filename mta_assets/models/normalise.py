"""The one place that turns weights into shares: per journey for rules, over units for what was learned. It decides on all-zero weights and negative effects."""

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches


def per_journey(weight: Floats, touches: Touches) -> Floats:
    """(touches,) shares that sum to 1 within each journey. A journey whose weights are all zero is shared equally."""
    total = sums(weight, touches)
    empty = (total == 0) & (touches.length > 0)
    if empty.any():
        weight = np.where(empty[touches.journey], 1.0, weight)
        total = np.where(empty, touches.length, total)
    return np.asarray(weight / np.repeat(total, touches.length))


def over_units(effect: Floats) -> Floats:
    """(units,) shares that sum to 1. A negative effect earns nothing; when no effect is positive, every share is 0 and the caller decides."""
    positive = np.clip(effect, 0.0, None)
    total = positive.sum()
    return positive / total if total > 0 else np.zeros_like(positive)


def sums(weight: Floats, touches: Touches) -> Floats:
    """(journeys,) sum of the weights of each journey's touches, in their order; 0 for a journey without any."""
    return np.asarray(np.bincount(touches.journey, weights=weight, minlength=len(touches)), dtype=np.float64)
