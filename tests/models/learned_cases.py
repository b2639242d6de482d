"""Journeys for the tests of learned models: plain rows, the same rows as our statistics, and a hypothesis strategy for small ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from mta_assets.contracts.arrays import Statistics, Touches
from mta_assets.journeys.statistics import statistics_of

NEEDS = ("coalitions", "paths", "positions", "transitions_1", "transitions_2", "transitions_3")


@dataclass(frozen=True)
class Row:
    """One row of a path table."""

    path: tuple[str, ...]
    conversions: int = 0
    nulls: int = 0
    value: int = 0


def touches_of(rows: Sequence[Row]) -> Touches:
    units = tuple(sorted({unit for row in rows for unit in row.path}))
    return Touches(
        units=units,
        offsets=np.cumsum([0, *(len(row.path) for row in rows)]),
        unit=np.array([units.index(unit) for row in rows for unit in row.path], dtype=np.int32),
        conversions=np.array([row.conversions for row in rows], dtype=float),
        nulls=np.array([row.nulls for row in rows], dtype=float),
        value=np.array([row.value for row in rows], dtype=float),
        cell=np.zeros(len(rows), dtype=np.int64),
        is_direct=np.zeros(sum(len(row.path) for row in rows), dtype=bool),
    )


def statistics(rows: Sequence[Row], needs: Sequence[str] = NEEDS) -> Statistics:
    return statistics_of(touches_of(rows), needs)


@st.composite
def journeys(draw: st.DrawFn, channels: str = "ABCD", longest: int = 6) -> list[Row]:
    """Up to a dozen rows, of which at least one converts at a price."""
    paths = st.lists(st.sampled_from(channels), min_size=1, max_size=longest).map(tuple)
    row = st.builds(Row, path=paths, conversions=st.integers(0, 3), nulls=st.integers(0, 5))
    rows = draw(st.lists(row, max_size=12))
    priced = [
        Row(r.path, r.conversions, r.nulls, draw(st.integers(0, 100)) if r.conversions else 0) for r in rows if r.conversions + r.nulls
    ]
    return [*priced, Row(draw(paths), draw(st.integers(1, 3)), draw(st.integers(0, 3)), draw(st.integers(1, 100)))]
