"""From shares to credit: what each unit earns in all, and what it earns of each journey. The same for every model. No normalisation."""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints, Touches
from mta_assets.contracts.tables import UNATTRIBUTED
from mta_assets.models.base import Allocation, TouchAllocation
from mta_assets.models.normalise import sums


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Credit of a whole set of journeys. conversions, value: (units,); unattributed_*: what converted without any touch.

    rest: the channel of what touches left of their journeys, with its rest_conversions and rest_value; None where they left nothing.
    """

    conversions: Floats
    value: Floats
    unattributed_conversions: float
    unattributed_value: float
    rest: str | None = None
    rest_conversions: float = 0.0
    rest_value: float = 0.0

    @property
    def apart(self) -> list[tuple[str, float, float]]:
        """(channel, conversions, value) of what no unit earned, but for conversions without any touch when there are none."""
        rest = [] if self.rest is None else [(self.rest, self.rest_conversions, self.rest_value)]
        nowhere = [(UNATTRIBUTED, self.unattributed_conversions, self.unattributed_value)] if self.unattributed_conversions else []
        return rest + nowhere


@dataclass(frozen=True, kw_only=True)
class CreditRows:
    """Credit per journey and unit, sorted by both. journey, unit: (rows,) indices; credit: (rows,) credited conversions; value: (rows,) credited value."""

    journey: Ints
    unit: Ints
    credit: Floats
    value: Floats


def totals(allocation: Allocation, touches: Touches) -> Totals:
    """What each unit earns over all journeys. For an additive model units, rest and unattributed sum to the conversions and to their value."""
    touched = touches.length > 0
    rest, left = None, np.zeros(len(touches))
    if isinstance(allocation, TouchAllocation):
        conversions = _earned(allocation.weight, touches.conversions, touches)
        value = _earned(allocation.weight, touches.value, touches)
        if allocation.rest is not None:
            rest, left = allocation.rest, left_over(allocation.weight, touches)
    else:
        conversions = allocation.share * touches.conversions[touched].sum()
        value = allocation.value_share * touches.value[touched].sum()
    return Totals(
        conversions=conversions,
        value=value,
        unattributed_conversions=float(touches.conversions[~touched].sum()),
        unattributed_value=float(touches.value[~touched].sum()),
        rest=rest,
        rest_conversions=float((left * touches.conversions).sum()),
        rest_value=float((left * touches.value).sum()),
    )


def left_over(weight: Floats, touches: Touches) -> Floats:
    """(journeys,) what the touches of a journey leave of it, 0 to 1; nothing of a journey without touches, which is unattributed."""
    return np.where(touches.length > 0, np.clip(1.0 - sums(weight, touches), 0.0, None), 0.0)


def per_journey_rows(allocation: Allocation, touches: Touches) -> CreditRows:
    """One row per converting journey and unit with credit, a unit's several touches merged. Journeys without touches have no row, and rests none."""
    if isinstance(allocation, TouchAllocation):
        return _rows_by_touch(allocation.weight, touches)
    earning = np.flatnonzero((allocation.share > 0) | (allocation.value_share > 0))
    journeys = np.flatnonzero((touches.length > 0) & (touches.conversions > 0))
    journey, unit = np.repeat(journeys, len(earning)), np.tile(earning, len(journeys))
    return CreditRows(
        journey=journey,
        unit=unit,
        credit=touches.conversions[journey] * allocation.share[unit],
        value=touches.value[journey] * allocation.value_share[unit],
    )


def _earned(weight: Floats, amount: Floats, touches: Touches) -> Floats:
    """(units,) sum over touches of weight x the journey's amount, in row order."""
    earned = weight * np.repeat(amount, touches.length)
    return np.asarray(np.bincount(touches.unit, weights=earned, minlength=len(touches.units)), dtype=np.float64)


def _rows_by_touch(weight: Floats, touches: Touches) -> CreditRows:
    groups = touches.groups
    share = np.bincount(groups.of_touch, weights=weight, minlength=len(groups))
    keep = np.flatnonzero((share > 0) & (touches.conversions[groups.journey] > 0))
    journey = groups.journey[keep]
    return CreditRows(
        journey=journey,
        unit=groups.unit[keep],
        credit=touches.conversions[journey] * share[keep],
        value=touches.value[journey] * share[keep],
    )
