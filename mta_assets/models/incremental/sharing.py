"""Increments -> the weight of a touch, so that the window's conversions, shared out by it, give each channel its increment and the baseline the rest."""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints, Touches

MOST_ROUNDS = 500
_EXACT = 1e-12  # relative; when the totals are met to this, the weights have settled
# A channel cannot have earned more than the conversions that it touched, nor all channels more than all: the part of them that may be given away at most.
MOST_SHARE = 0.98
_HOURS_PER_DAY = 24.0


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """(channels,) each. weight: of a touch at the moment of the conversion, beside 1 for the baseline. conversions, value: what the channels earn."""

    weight: Floats
    conversions: Floats
    value: Floats


def decay(age_hours: Floats, half_life_days: Floats) -> Floats:
    """(touches,) how much of a touch is left. half_life_days: (touches,)."""
    return np.asarray(np.exp2(-age_hours / (half_life_days * _HOURS_PER_DAY)))


def parts(touches: Touches, channel: Ints, weight: Floats, half_life_days: Floats) -> Floats:
    """(touches,) each touch's part of its journey's conversions; what is left of them is the baseline's.

    channel: (touches,) code into weight and half_life_days, (channels,); -1 for a channel that earns nothing.
    """
    if touches.age_hours is None or not len(weight):
        return np.zeros(len(channel))
    known = channel >= 0
    mine = np.where(known, weight[channel] * decay(touches.age_hours, half_life_days[channel]), 0.0)
    total = np.bincount(touches.journey, weights=mine, minlength=len(touches))
    return np.asarray(mine / (1.0 + total)[touches.journey])


def share_out(touches: Touches, channel: Ints, increment: Floats, half_life_days: Floats) -> Sharing:
    """Iterative proportional fitting. touches: converting journeys; channel: as of `parts`; increment: (channels,), below 0 earns nothing.

    What cannot be met, because the channel did not touch as many conversions, is met as far as it goes.
    """
    count = len(increment)
    known = channel >= 0
    key = touches.journey[known] * count + channel[known]
    cell, place = np.unique(key, return_inverse=True)
    ages = np.zeros(len(known)) if touches.age_hours is None else touches.age_hours
    presence = _by(place, decay(ages[known], half_life_days[channel[known]]), len(cell))
    journey, owner = cell // count, cell % count
    amount = touches.conversions[journey]
    due = _feasible(increment, _by(owner, amount, count), float(touches.conversions[touches.length > 0].sum()))
    weight = np.where(due > 0, 1.0, 0.0)
    earned = np.zeros(count)
    for _ in range(MOST_ROUNDS):
        part = _parts(weight, presence, journey, owner, len(touches))
        earned = _by(owner, amount * part, count)
        if np.all(np.abs(earned - due) <= _EXACT * np.maximum(due, 1.0)):
            break
        weight = weight * np.divide(due, earned, out=np.zeros(count), where=earned > 0)
    part = _parts(weight, presence, journey, owner, len(touches))
    return Sharing(
        weight=weight,
        conversions=_by(owner, amount * part, count),
        value=_by(owner, touches.value[journey] * part, count),
    )


def _by(group: Ints, amount: Floats, groups: int) -> Floats:
    """(groups,) sums."""
    return np.asarray(np.bincount(group, weights=amount, minlength=groups), dtype=np.float64)


def _parts(weight: Floats, presence: Floats, journey: Ints, owner: Ints, journeys: int) -> Floats:
    mine = weight[owner] * presence
    total = np.bincount(journey, weights=mine, minlength=journeys)
    return np.asarray(mine / (1.0 + total)[journey])


def _feasible(increment: Floats, touched: Floats, conversions: float) -> Floats:
    due = np.minimum(np.clip(np.nan_to_num(increment), 0.0, None), MOST_SHARE * touched)
    return np.asarray(due * min(1.0, MOST_SHARE * conversions / due.sum())) if due.sum() > 0 else due
