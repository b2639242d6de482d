"""Where channels stand in journeys: counted by hand, and the same as what first and last touch credit."""

import numpy as np
import pytest

from mta_assets.contracts.arrays import Paths
from mta_assets.marts.openers import openers

UNITS = ("ads", "mail", "search")


def paths(*rows):
    """rows: a path of codes with its conversions."""
    length = [len(path) for path, _ in rows]
    conversions = np.array([weight for _, weight in rows], dtype=np.float64)
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(length)]).astype(np.int64),
        unit=np.array([unit for path, _ in rows for unit in path], dtype=np.int64),
        conversions=conversions,
        nulls=np.zeros(len(rows)),
        value=conversions,
    )


def test_a_channel_begins_ends_or_is_alone_in_its_journeys():
    found = openers(paths(([0, 2], 6), ([0, 1, 2], 2), ([2, 2], 1), ([2, 0, 2], 1), ([1], 0)), UNITS)
    rows = {row.pop("channel"): row for row in found.to_dicts()}
    assert rows["ads"] == pytest.approx({"reached": 9, "first_share": 8 / 9, "last_share": 0, "alone_share": 0, "end_less_start": -8 / 10})
    assert rows["search"] == pytest.approx(
        {"reached": 10, "first_share": 0.1, "last_share": 0.9, "alone_share": 0.1, "end_less_start": 8 / 10}
    )
    assert rows["mail"]["reached"] == 2


def test_a_channel_that_no_conversion_met_has_no_place():
    assert openers(paths(([0], 0), ([1, 2], 1)), UNITS)["channel"].to_list() == ["mail", "search"]


def test_without_a_path_there_is_no_row():
    assert openers(paths(), UNITS).is_empty()


def test_end_less_start_is_the_share_of_last_touch_less_that_of_first_touch():
    rng = np.random.default_rng(3)
    rows = [(rng.integers(0, 3, rng.integers(1, 5)).tolist(), int(rng.integers(0, 4))) for _ in range(200)]
    total = sum(weight for _, weight in rows)
    for row in openers(paths(*rows), UNITS).to_dicts():
        unit = UNITS.index(row["channel"])
        gained = sum(weight * ((path[-1] == unit) - (path[0] == unit)) for path, weight in rows)
        assert row["end_less_start"] == pytest.approx(gained / total)
