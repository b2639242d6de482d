"""The one place that turns weights into shares: per journey for rules, over all units for what was learned. All-zero weights and negative effects are decided here."""

import numpy as np

from mta_assets.contracts.arrays import Floats, Touches


def per_journey(weight: Floats, touches: Touches) -> Floats:
    """(touches,) shares that sum to 1 within each journey. A journey whose weights are all zero is shared equally."""
    total = sums(weight, touches)
    empty = total == 0
    equal = 1.0 / np.maximum(touches.length, 1)
    scale = np.where(empty, equal, 1.0 / np.where(empty, 1.0, total))
    return np.asarray(np.where(empty[touches.journey], 1.0, weight) * scale[touches.journey])


def over_units(effect: Floats) -> Floats:
    """(units,) shares that sum to 1. A negative effect earns nothing; when no effect is positive, every share is 0 and the caller decides."""
    positive = np.clip(effect, 0.0, None)
    total = positive.sum()
    return positive / total if total > 0 else np.zeros_like(positive)


def sums(weight: Floats, touches: Touches) -> Floats:
    """(journeys,) sum of the weights of each journey's touches; 0 for a journey without any."""
    return np.asarray(np.bincount(touches.journey, weights=weight, minlength=len(touches)), dtype=np.float64)
