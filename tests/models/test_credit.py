"""From shares to credit: exact sums per unit, and one row per journey and unit."""

import numpy as np

from mta_assets.contracts.arrays import Touches
from mta_assets.models.base import ShareAllocation, TouchAllocation
from mta_assets.models.credit import per_journey_rows, totals

# Email > Search > Email converts twice for 30; a lost journey; a conversion without touches for 5; Search converts once for nothing.
TOUCHES = Touches(
    units=("Display", "Email", "Search"),
    offsets=np.array([0, 3, 4, 4, 5]),
    unit=np.array([1, 2, 1, 0, 2], dtype=np.int32),
    conversions=np.array([2.0, 0.0, 1.0, 1.0]),
    nulls=np.array([0.0, 3.0, 0.0, 1.0]),
    value=np.array([30.0, 0.0, 5.0, 0.0]),
    cell=np.zeros(4, dtype=np.int64),
    is_direct=np.zeros(5, dtype=bool),
)
BY_TOUCH = TouchAllocation(weight=np.array([0.25, 0.5, 0.25, 1.0, 1.0]))
BY_SHARE = ShareAllocation(share=np.array([0.0, 0.75, 0.25]), value_share=np.array([0.5, 0.5, 0.0]))


def rows(allocation):
    found = per_journey_rows(allocation, TOUCHES)
    return list(zip(found.journey.tolist(), found.unit.tolist(), found.credit.tolist(), found.value.tolist(), strict=True))


def test_touches_earn_their_share_of_their_own_journey():
    earned = totals(BY_TOUCH, TOUCHES)
    assert earned.conversions.tolist() == [0.0, 1.0, 2.0]
    assert earned.value.tolist() == [0.0, 15.0, 15.0]
    assert (earned.unattributed_conversions, earned.unattributed_value) == (1.0, 5.0)


def test_learned_shares_divide_what_has_touches():
    earned = totals(BY_SHARE, TOUCHES)
    assert earned.conversions.tolist() == [0.0, 2.25, 0.75]
    assert earned.value.tolist() == [15.0, 15.0, 0.0]
    assert (earned.unattributed_conversions, earned.unattributed_value) == (1.0, 5.0)


def test_a_channel_touched_twice_has_one_row_per_journey():
    assert rows(BY_TOUCH) == [(0, 1, 1.0, 15.0), (0, 2, 1.0, 15.0), (3, 2, 1.0, 0.0)]


def test_learned_shares_give_every_touched_conversion_a_row_per_earning_channel():
    first = [(0, 0, 0.0, 15.0), (0, 1, 1.5, 15.0), (0, 2, 0.5, 0.0)]
    assert rows(BY_SHARE) == [*first, (3, 0, 0.0, 0.0), (3, 1, 0.75, 0.0), (3, 2, 0.25, 0.0)]
