"""Journey statistics as the frames that the lake keeps, one row per key of a closing day and bucket. Reading them back is in `statistic_windows`."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa

from mta_assets.contracts.arrays import Ints, Touches, ranges
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import BUCKETS, COALITIONS, PATHS, PLACEMENTS, POSITIONS, TRANSITIONS
from mta_assets.journeys.assemble import unit_codes
from mta_assets.journeys.flows import EVENTS, Flows, flows
from mta_assets.journeys.statistics import ORDERS, coalitions, paths, placements, positions

PLACEMENT = ("channel", "campaign", "kind")


def statistic_frames(touches: Touches, journeys: pl.DataFrame) -> dict[Table, pl.DataFrame]:
    """Every statistics table of these journeys. touches: their arrays with channels as units; journeys: the same ones as `core/journeys`, in the same order."""
    return {
        PATHS: paths_frame(touches),
        COALITIONS: coalitions_frame(touches),
        TRANSITIONS: transitions_frame(touches),
        POSITIONS: positions_frame(touches),
        PLACEMENTS: placements_frame(touches, journeys),
    }


def paths_frame(touches: Touches) -> pl.DataFrame:
    """`core/paths`, by (day, bucket, path_hash)."""
    found = paths(touches)
    rows = found.rows
    path = _lists("path", rows.offsets, rows.unit, touches.units)
    return _frame(PATHS, found.cell, path_hash=found.path_hash, path=path, conversions=rows.conversions, nulls=rows.nulls, value=rows.value)


def coalitions_frame(touches: Touches) -> pl.DataFrame:
    """`core/coalitions`, by (day, bucket)."""
    found = coalitions(touches)
    rows = found.rows
    members = _lists("coalition", rows.offsets, rows.unit, touches.units)
    return _frame(COALITIONS, found.cell, coalition=members, conversions=rows.conversions, nulls=rows.nulls, value=rows.value)


def transitions_frame(touches: Touches, orders: Iterable[int] = ORDERS) -> pl.DataFrame:
    """`core/transitions` of these orders, by (order, day, bucket)."""
    frames = [_flow_frame(flows(touches, touches.cell, order), touches.units) for order in orders]
    return pl.concat([TRANSITIONS.empty(), *frames])


def positions_frame(touches: Touches) -> pl.DataFrame:
    """`core/positions`, by (day, bucket, channel, position)."""
    found = positions(touches)
    rows = found.rows
    channel = _names("channel", rows.unit, touches.units)
    return _frame(POSITIONS, found.cell, channel=channel, position=rows.position + 1, conversions=rows.conversions, value=rows.value)


def placements_frame(touches: Touches, journeys: pl.DataFrame) -> pl.DataFrame:
    """`core/placements`, by (day, bucket, channel, campaign, kind)."""
    flat = journeys.select(PLACEMENT).explode(*PLACEMENT, empty_as_null=False, keep_nulls=False)
    units, unit = unit_codes(flat, PLACEMENT)
    found = placements(replace(touches, units=units, unit=unit))
    one_each = flat[np.unique(unit, return_index=True)[1]]
    amounts = {"touches": found.touches, "converting_touches": found.converting_touches}
    return _frame(PLACEMENTS, found.cell, **{name: one_each[name][found.unit] for name in PLACEMENT}, **amounts)


def _flow_frame(found: Flows, units: tuple[str, ...]) -> pl.DataFrame:
    length = (found.states >= 0).sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(length)])
    unit = found.states[found.states >= 0]  # row by row, and within a row the padding is on the right

    def states(name: str, index: Ints) -> pl.Series:
        size = np.where(index >= 0, length[index], 0) if len(length) else np.zeros(len(index), dtype=np.int64)
        start = np.where(index >= 0, offsets[index], 0)
        return _lists(name, np.concatenate([[0], np.cumsum(size)]), unit[ranges(start, size)], units)

    rows = np.argsort(found.cell, kind="stable")
    return _frame(
        TRANSITIONS,
        found.cell[rows],
        order=np.full(len(rows), found.order),
        from_state=states("from_state", found.origin[rows]),
        to_state=states("to_state", found.target[rows]),
        event=pl.Series("event", EVENTS)[found.event[rows]],
        journeys=found.journeys[rows],
        value=found.value[rows],
    )


def _frame(table: Table, cell: Ints, **columns: pl.Series | np.ndarray) -> pl.DataFrame:
    """A frame of the table whose day and bucket are what the cells stand for (see `assemble.cells`)."""
    day, bucket = np.divmod(cell, BUCKETS)
    dated = {"day": pl.Series(day, dtype=pl.Int32).cast(pl.Date), "bucket": bucket}
    return table.conform(pl.DataFrame(dated | {name: pl.Series(name, values) for name, values in columns.items()}))


def _names(name: str, unit: Ints, units: tuple[str, ...]) -> pl.Series:
    return pl.Series(name, units, dtype=pl.String)[unit]


def _lists(name: str, offsets: Ints, unit: Ints, units: tuple[str, ...]) -> pl.Series:
    values = _names(name, unit, units).to_arrow(compat_level=pl.CompatLevel.oldest())
    return pl.Series(name, pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values))
