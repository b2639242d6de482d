"""The fast order is the order of a plain two-column sort, ties kept as they come."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.journeys.order import user_time_order

LARGE = st.integers(-(2**63), 2**63 - 1)
# Few distinct users and times, close together and far apart, so that high bits collide and ties abound.
USERS = st.one_of(st.integers(-3, 3), LARGE, st.sampled_from([2**62, 2**62 + 1, -(2**63), 2**63 - 1]))
TIMES = st.one_of(st.integers(0, 5), st.integers(0, 2**52))


@given(st.lists(st.tuples(USERS, TIMES), max_size=60))
@settings(max_examples=500, deadline=None)
def test_it_is_the_stable_order_by_user_then_time(rows):
    user, ts = np.array(rows, dtype=np.int64).reshape(-1, 2).T.copy()
    assert user_time_order(user, ts).tolist() == np.lexsort((ts, user)).tolist()


def test_it_holds_on_many_hashed_users():
    rng = np.random.default_rng(1)
    user = rng.integers(-(2**63), 2**63 - 1, 3_000)[rng.integers(0, 3_000, 200_000)]
    ts = rng.integers(0, 10**13, 200_000)
    assert (user_time_order(user, ts) == np.lexsort((ts, user))).all()
