"""Statistics frames of many days, decoded once, and summed over any window of closing days, also with a group of users left out. No I/O, no model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Coalitions, Ints, Paths, Positions, Statistics, Transitions, ranges
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.path_hash import path_hashes, unit_hashes
from mta_assets.contracts.tables import COALITIONS, PATHS, POSITIONS, TRANSITIONS
from mta_assets.journeys.flows import EVENTS, OUTSIDE, Flows, transitions
from mta_assets.journeys.statistic_rows import Rows, Tally
from mta_assets.journeys.statistics import ORDERS, check_needs
from mta_assets.journeys.tally import distinct


@dataclass(frozen=True, kw_only=True)
class StatisticWindows:
    """The decoded statistics of many days: what `decode` makes. Unit codes index `units`, the sorted labels of all the days."""

    units: tuple[str, ...]
    coalitions: "_SequenceRows | None"
    paths: "_SequenceRows | None"
    positions: "_PositionRows | None"
    chains: Mapping[int, "_ChainRows"]

    def within(self, days: DayRange | None) -> Statistics:
        """The statistics of these closing days; None takes all. Units are those that occur in them."""
        return self._statistics({name: part.rows.within(days).tally() for name, part in self._parts.items()})

    def without_each(self, days: DayRange | None, groups: int) -> Iterator[Statistics]:
        """The statistics of these closing days without one group of users after the other. groups: a divisor of `BUCKETS`; see `Rows.by_group`."""
        windows = {name: part.rows.within(days) for name, part in self._parts.items()}
        whole = {name: rows.tally() for name, rows in windows.items()}
        grouped = {name: rows.by_group(groups) for name, rows in windows.items()}
        for group in range(groups):
            yield self._statistics({name: tally.less(grouped[name][group].tally()) for name, tally in whole.items()})

    @property
    def _parts(self) -> "dict[str, _SequenceRows | _PositionRows | _ChainRows]":
        named = {"coalitions": self.coalitions, "paths": self.paths, "positions": self.positions}
        chains = {f"transitions_{order}": chain for order, chain in self.chains.items()}
        return {name: part for name, part in named.items() if part is not None} | chains

    def _statistics(self, tallies: Mapping[str, Tally]) -> Statistics:
        chains = {order: chain.of(tallies[f"transitions_{order}"]) for order, chain in self.chains.items()}
        coalitions = Coalitions(**self.coalitions.of(tallies["coalitions"])) if self.coalitions else None
        paths = Paths(**self.paths.of(tallies["paths"])) if self.paths else None
        positions = self.positions.of(tallies["positions"]) if self.positions else None
        counted = next((part for part in (coalitions, paths, *chains.values(), positions) if part is not None), None)
        whole = Statistics(
            units=self.units,
            conversions=float(counted.conversions.sum()) if counted else 0.0,
            value=float(counted.value.sum()) if counted else 0.0,
            coalitions=coalitions,
            paths=paths,
            positions=positions,
            transitions=chains,
        )
        return _compact(whole)


def decode(frames: Mapping[Table, pl.DataFrame], needs: Iterable[str]) -> StatisticWindows:
    """The frames' statistics that are needed, ready for windows. frames: one per table that the needs name; needs: some of `statistics.NEEDS`."""
    asked = check_needs(needs)
    orders = [order for order in ORDERS if f"transitions_{order}" in asked]
    lists = {PATHS: ("path",), COALITIONS: ("coalition",), TRANSITIONS: ("from_state", "to_state"), POSITIONS: ("channel",)}
    tables = [table for need, table in (("paths", PATHS), ("coalitions", COALITIONS), ("positions", POSITIONS)) if need in asked]
    needed = {table: frames[table] for table in tables}
    if orders:
        needed[TRANSITIONS] = frames[TRANSITIONS].filter(pl.col("order").is_in(orders))
    units = _units([frame[column] for table, frame in needed.items() for column in lists[table]])
    steps = needed.get(TRANSITIONS)
    return StatisticWindows(
        units=units,
        coalitions=_SequenceRows.decode(needed[COALITIONS], "coalition", units) if COALITIONS in needed else None,
        paths=_SequenceRows.decode(needed[PATHS], "path", units) if PATHS in needed else None,
        positions=_PositionRows.decode(needed[POSITIONS], units) if POSITIONS in needed else None,
        chains={order: _ChainRows.decode(steps.filter(pl.col("order") == order), order, units) for order in orders if steps is not None},
    )


def merge(frames: Mapping[Table, pl.DataFrame], needs: Iterable[str]) -> Statistics:
    """The statistics of all the frames' days together; counts are exact, and value is summed in (day, bucket) order."""
    return decode(frames, needs).within(None)


@dataclass(frozen=True, kw_only=True)
class _SequenceRows:
    """A statistic whose key is a list of units. offsets, unit: the distinct lists, one per kind."""

    rows: Rows
    offsets: Ints
    unit: Ints

    @staticmethod
    def decode(frame: pl.DataFrame, column: str, units: tuple[str, ...]) -> "_SequenceRows":
        offsets, unit = _lists(frame[column], units)
        kind, one = _kinds(offsets, unit, units)
        rows = Rows.of(frame, kind, len(one), ("conversions", "nulls", "value"))
        return _SequenceRows(rows=rows, **_taken(offsets, unit, one))

    def of(self, tally: Tally) -> dict[str, np.ndarray]:
        """The fields of `Coalitions` or `Paths`."""
        present, sums = tally.present()
        return _taken(self.offsets, self.unit, present) | sums


@dataclass(frozen=True, kw_only=True)
class _PositionRows:
    """Ordered Shapley credit. unit, position: per kind."""

    rows: Rows
    unit: Ints
    position: Ints

    @staticmethod
    def decode(frame: pl.DataFrame, units: tuple[str, ...]) -> "_PositionRows":
        unit, position = _codes(frame["channel"], units), frame["position"].to_numpy().astype(np.int64) - 1
        longest = int(position.max(initial=0)) + 1
        keys, kind = distinct(unit * longest + position)
        return _PositionRows(rows=Rows.of(frame, kind, len(keys), ("conversions", "value")), unit=keys // longest, position=keys % longest)

    def of(self, tally: Tally) -> Positions:
        present, sums = tally.present()
        return Positions(unit=self.unit[present], position=self.position[present], **sums)


@dataclass(frozen=True, kw_only=True)
class _ChainRows:
    """The steps of the chain of one order. states: (states, order); origin, target (OUTSIDE or a state), event: per kind."""

    rows: Rows
    order: int
    states: Ints
    origin: Ints
    target: Ints
    event: Ints

    @staticmethod
    def decode(frame: pl.DataFrame, order: int, units: tuple[str, ...]) -> "_ChainRows":
        (from_offsets, from_unit), (to_offsets, to_unit) = (_lists(frame[column], units) for column in ("from_state", "to_state"))
        offsets, unit = (
            np.concatenate([from_offsets, to_offsets[1:] + from_offsets[-1], [len(from_unit) + len(to_unit)]]),
            np.concatenate([from_unit, to_unit]),
        )
        index, one = _kinds(offsets, unit, units)  # the last list is empty, so that the outside is always among the states
        outside = index[-1]
        state = np.where(index == outside, OUTSIDE, index - (index > outside))
        found = _taken(offsets, unit, np.delete(one, outside))
        origin, target = state[: frame.height], state[frame.height : -1]
        event = _codes(frame["event"], EVENTS)
        states = len(one)
        keys, kind = distinct((event * states + origin + 1) * states + target + 1)
        pair = keys % (states * states)
        return _ChainRows(
            rows=Rows.of(frame, kind, len(keys), ("journeys", "value")),
            order=order,
            states=_padded(found["offsets"], found["unit"], order),
            origin=pair // states - 1,
            target=pair % states - 1,
            event=keys // (states * states),
        )

    def of(self, tally: Tally) -> Transitions:
        present, sums = tally.present()
        origin, target = self.origin[present], self.target[present]
        occurring, index = distinct(np.concatenate([[OUTSIDE], origin, target]))
        found = Flows(
            order=self.order,
            states=self.states[occurring[1:]],
            cell=np.zeros(len(present), dtype=np.int64),
            origin=index[1 : len(present) + 1] - 1,
            target=index[len(present) + 1 :] - 1,
            event=self.event[present],
            **sums,
        )
        return transitions(found)


def _compact(whole: Statistics) -> Statistics:
    """The same statistics with only the units that occur."""
    parts = [part for part in (whole.coalitions, whole.paths, whole.positions) if part is not None]
    seen = np.zeros(len(whole.units) + 1, dtype=bool)  # one more, so that the padding -1 of a state falls outside
    for codes in (*(part.unit for part in parts), *(chain.states for chain in whole.transitions.values())):
        seen[codes] = True
    seen[-1] = False
    code = np.append(np.cumsum(seen[:-1]) - 1, -1)
    return replace(
        whole,
        units=tuple(unit for unit, kept in zip(whole.units, seen[:-1], strict=True) if kept),
        coalitions=whole.coalitions and replace(whole.coalitions, unit=code[whole.coalitions.unit]),
        paths=whole.paths and replace(whole.paths, unit=code[whole.paths.unit]),
        positions=whole.positions and replace(whole.positions, unit=code[whole.positions.unit]),
        transitions={k: replace(chain, states=code[chain.states].astype(np.int32)) for k, chain in whole.transitions.items()},
    )


def _units(columns: list[pl.Series]) -> tuple[str, ...]:
    names = [_flat(column).unique() for column in columns]
    return tuple(pl.concat([pl.Series("unit", [], dtype=pl.String), *(name.alias("unit") for name in names)]).unique().sort())


def _flat(column: pl.Series) -> pl.Series:
    return column.explode(empty_as_null=False, keep_nulls=False) if isinstance(column.dtype, pl.List) else column


def _codes(names: pl.Series, units: tuple[str, ...]) -> Ints:
    return names.cast(pl.Enum(units)).to_physical().to_numpy().astype(np.int64)


def _lists(column: pl.Series, units: tuple[str, ...]) -> tuple[Ints, Ints]:
    """(offsets, unit) of a column of lists."""
    length = column.list.len().to_numpy().astype(np.int64)
    return np.concatenate([[0], np.cumsum(length)]), _codes(_flat(column), units)


def _kinds(offsets: Ints, unit: Ints, units: tuple[str, ...]) -> tuple[Ints, Ints]:
    """(which distinct list each is, one example of each distinct list)."""
    known, kind = distinct(path_hashes(unit_hashes(units)[unit], offsets))
    one = np.zeros(len(known), dtype=np.int64)
    one[kind] = np.arange(len(kind))
    return kind, one


def _taken(offsets: Ints, unit: Ints, chosen: Ints) -> dict[str, Ints]:
    length = np.diff(offsets)[chosen]
    return {"offsets": np.concatenate([[0], np.cumsum(length)]), "unit": unit[ranges(offsets[:-1][chosen], length)]}


def _padded(offsets: Ints, unit: Ints, width: int) -> Ints:
    """(lists, width) the units of each list, -1 on the right."""
    length = np.diff(offsets)
    matrix = np.full((len(length), width), -1, dtype=np.int32)
    matrix[np.arange(width) < length[:, None]] = unit
    return matrix
