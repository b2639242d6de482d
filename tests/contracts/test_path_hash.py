"""Path hashes are stable, tell paths apart, and follow a path without one touch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.contracts.path_hash import hashes_without_each, path_hashes, unit_hashes

UNITS = ("Direct", "Email", "Paid Search", "Бренд")
paths = st.lists(st.lists(st.integers(0, 3), max_size=5).map(tuple), max_size=8)


def flat(rows):
    touches = unit_hashes(UNITS)[np.array([unit for row in rows for unit in row], dtype=np.int64)]
    return touches, np.cumsum([0, *(len(row) for row in rows)])


def hash_of(row):
    return int(path_hashes(*flat([row]))[0])


def test_hashes_are_the_same_on_every_machine_and_in_every_version():
    """Stored hashes outlive a release: these numbers must never change."""
    assert unit_hashes(UNITS).tolist() == [5357042526724518772, 2925563081584588570, 14523495055652258404, 10598646048580553141]
    assert [hash_of(row) for row in ((), (0,), (0, 1, 0), (3, 3, 2, 1))] == [
        -2152535657050944081,
        7393574331074474747,
        4018846330049245828,
        6118976144296448646,
    ]


@given(rows=paths)
def test_a_paths_hash_does_not_depend_on_the_paths_around_it(rows):
    assert path_hashes(*flat(rows)).tolist() == [hash_of(row) for row in rows]


@given(rows=paths)
def test_a_touch_left_out_gives_the_hash_of_the_shorter_path(rows):
    shorter = [row[:i] + row[i + 1 :] for row in rows for i in range(len(row))]
    assert hashes_without_each(*flat(rows)).tolist() == [hash_of(row) for row in shorter]


def test_no_two_of_all_short_paths_share_a_hash():
    rows = [tuple(int(digit) for digit in np.base_repr(number, 4).zfill(length)) for length in range(1, 8) for number in range(4**length)]
    assert len(set(path_hashes(*flat([(), *rows])).tolist())) == len(rows) + 1


def test_long_paths_of_two_alternating_channels_do_not_collide():
    """The Thue-Morse paths and their mirror images, on which polynomial hashes modulo 2^64 collide."""
    bits = np.bitwise_count(np.arange(4096)) % 2
    assert len({hash_of(tuple(bits)), hash_of(tuple(1 - bits)), hash_of(tuple(bits[::-1][1:]))}) == 3
