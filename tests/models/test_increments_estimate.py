"""What is made of the sums: whose intent is taken off how, and how much of an estimate is credited."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.contracts.tables import BUCKETS
from mta_assets.models.incremental.estimate import COUNTS, estimate
from mta_assets.models.incremental.roles import is_search
from mta_assets.models.incremental.shrinkage import shrinkage

TOUCHES = 10.0  # of each channel in each bucket


def increment(*, before, after, outcome=0.5, expected=0.1, visiting=0.3):
    """(a channel's intent, its increment) beside searches, which tell of intent: 0.2 more visits around them than history foretells."""
    means = {
        "outcome": (0.3, outcome),
        "expected": (0.1, expected),
        "visiting": (0.3, visiting),
        "before": (0.4, 0.2 + before),
        "before_expected": (0.2, 0.2),
        "after": (0.4, 0.2 + after),
        "after_expected": (0.2, 0.2),
    }
    means |= {name: means[name.removesuffix("_provisional")] for name in ("expected_provisional", "visiting_provisional")}
    means["provisional"] = means["outcome"]
    counts = np.full((2, BUCKETS), TOUCHES)
    sums = {name: np.array(pair)[:, None] * counts for name, pair in means.items()} | dict.fromkeys(COUNTS.values(), counts)
    found = estimate(sums, np.array([True, False]))
    assert found.increment[0] == pytest.approx(0.0, abs=1e-9)  # searches are compared with themselves
    return found.intent[1], found.increment[1] / (TOUCHES * BUCKETS)


@pytest.mark.parametrize(("before", "after", "intent"), [(0.2, 0.2, 1.0), (0.4, 0.1, 1.0), (0.1, 0.1, 0.5), (0.05, 0.2, 0.5)])
def test_a_touch_goes_with_intent_between_that_before_and_that_after(before, after, intent):
    assert increment(before=before, after=after) == pytest.approx((intent, 0.5 - 0.1 - intent * 0.2))


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.3, -0.1)])
def test_where_one_side_shows_no_intent_there_is_none(before, after):
    assert increment(before=before, after=after) == pytest.approx((0.0, 0.4))


@pytest.mark.parametrize(
    ("channel", "role", "expected"),
    [
        ("organic search", "unpaid", True),
        ("Organic Shopping", "unpaid", True),
        ("direct", "unpaid", False),
        ("paid search", "pulled", False),
    ],
)
def test_unpaid_searches_tell_of_intent(channel, role, expected):
    assert is_search(channel, role) is expected


def test_where_estimates_are_no_farther_from_zero_than_their_errors_nothing_is_credited():
    assert shrinkage(np.array([5.0, -9.0, 4.0]), np.array([8.0, 8.0, 8.0])).tolist() == [0.0, 0.0, 0.0]


def test_the_credited_part_is_what_the_spread_of_the_estimates_leaves_of_their_errors():
    part = shrinkage(np.array([30.0, 40.0]), np.array([10.0, 20.0]))
    true = (30.0**2 - 10.0**2 + 40.0**2 - 20.0**2) / 2
    assert part == pytest.approx([true / (true + 100.0), true / (true + 400.0)])


NUMBERS = st.floats(-1e6, 1e6)


@given(rows=st.lists(st.tuples(NUMBERS, st.floats(0, 1e6)), max_size=8), scale=st.floats(0.01, 100))
def test_the_credited_part_is_a_part_and_does_not_depend_on_the_unit(rows, scale):
    found = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    part = shrinkage(*found)
    assert ((part >= 0) & (part <= 1)).all()
    assert shrinkage(scale * found[0], scale * found[1]) == pytest.approx(part, abs=1e-6)
