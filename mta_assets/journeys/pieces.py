"""The journeys of a history, piece by piece of users: events to `Touches` with no frame in between, and what the pieces come to together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools, Floats, Ints, Paths, Touches, ranges
from mta_assets.journeys.assemble import MICROSECONDS_PER_HOUR, is_direct, milestone
from mta_assets.journeys.events import microseconds, settled
from mta_assets.journeys.kernel import Events, Slices, journeys
from mta_assets.journeys.order import in_user_time_order
from mta_assets.journeys.split import PIECE_TOUCHES, Part, UserSplit
from mta_assets.journeys.statistics import CellPaths
from mta_assets.journeys.tally import distinct, tally


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything that journeys are made of.

    touches: columns user, ts (microseconds) and code, an index into `labels`; with `identities` also the number of the touch's row there.
    labels: what a touch may earn credit as, in any order. channels: the channel of each label, (labels,) strings.
    conversions: credited goals, sorted by (user, ts, conversion_id). milestones: stage -> user and ts of the events that reach it, sorted.
    identities: columns that order touches of the same user and moment; None: they stay in the order in which they came.
    """

    touches: UserSplit
    labels: Sequence[str]
    channels: Sequence[str]
    conversions: pl.DataFrame
    milestones: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    identities: pl.DataFrame | None = None


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The journeys of some users: those of their conversions, in order, then the expired ones (see `kernel.journeys`).

    unit: (touches,) int32 code into `units`; direct: (units,) whether it is direct traffic. conversion: (conversions of these users,) index of each among
    those of the history.
    """

    units: tuple[str, ...]
    direct: Bools
    events: Events
    unit: Ints
    slices: Slices
    conversion: Ints
    milestones: Mapping[str, Ints]

    @property
    def owner(self) -> Ints:
        """(journeys,) the user of each."""
        converted = self.slices.conversion >= 0
        owner = np.empty(len(converted), dtype=np.int64)
        owner[converted] = self.events.conversion_user[self.slices.conversion[converted]]
        owner[~converted] = self.events.touch_user[self.slices.start[~converted]]
        return owner

    def touches(self, value: Floats, cell: Ints | None = None) -> Touches:
        """Every journey, without times and milestones. value: (conversions of the history,); cell: (journeys,) or None for one cell."""
        length = self.slices.stop - self.slices.start
        converted = self.slices.conversion >= 0
        unit = self.unit.take(ranges(self.slices.start, length))
        worth = np.zeros(len(converted))
        worth[: len(self.conversion)] = value[self.conversion]
        return Touches(
            units=self.units,
            offsets=np.concatenate([[0], np.cumsum(length)]),
            unit=unit,
            conversions=converted.astype(np.float64),
            nulls=(~converted).astype(np.float64),
            value=worth,
            cell=np.zeros(len(converted), dtype=np.int64) if cell is None else cell,
            is_direct=self.direct.take(unit),
        )

    def converting(self, value: Floats) -> Touches:
        """The journeys of the conversions, with all that a rule may ask for. value: (conversions of the history,)."""
        count = len(self.conversion)
        start, length = self.slices.start[:count], (self.slices.stop - self.slices.start)[:count]
        touch = ranges(start, length)
        unit = self.unit[touch]
        age = np.repeat(self.slices.closing_ts[:count], length) - self.events.touch_ts[touch]
        return Touches(
            units=self.units,
            offsets=np.concatenate([[0], np.cumsum(length)]),
            unit=unit,
            conversions=np.ones(count),
            nulls=np.zeros(count),
            value=value[self.conversion],
            cell=np.zeros(count, dtype=np.int64),
            is_direct=self.direct[unit],
            age_hours=age / MICROSECONDS_PER_HOUR,
            lead=self.milestones.get("lead"),
            opportunity=self.milestones.get("opportunity"),
        )


def pieces(history: History, lookback_us: int, *, restart_after_conversion: bool, touches: int = PIECE_TOUCHES) -> Iterator[Piece]:
    """The history's journeys, by pieces of about so many touches. Every conversion and every touch is in one piece."""
    units = tuple(sorted(set(history.labels)))
    code = {unit: index for index, unit in enumerate(units)}
    recode = np.array([code[label] for label in history.labels], dtype=np.int32)
    direct = np.zeros(len(units), dtype=np.bool_)
    direct[recode] = is_direct(pl.Series(history.channels, dtype=pl.String))
    user, ts = history.conversions["user"].to_numpy(), microseconds(history.conversions["ts"])
    for part in history.touches.parts(touches):
        own = np.flatnonzero(part.holds(user))
        touch_user, touch_ts, label = _ordered(part, history.identities)
        events = Events(touch_user=touch_user, touch_ts=touch_ts, conversion_user=user[own], conversion_ts=ts[own])
        slices = journeys(events, lookback_us, restart_after_conversion=restart_after_conversion)
        converting = slices.take(slices.conversion >= 0)
        yield Piece(
            units=units,
            direct=direct,
            events=events,
            unit=recode.take(label),
            slices=slices,
            conversion=own,
            milestones={stage: milestone(reached, events, converting, lookback_us) for stage, reached in history.milestones.items()},
        )


def _ordered(part: Part, identities: pl.DataFrame | None) -> tuple[Ints, Ints, Ints]:
    """(user, ts, code) of the part's touches, sorted by user, time and identity."""
    user, ts, code, *row = part.columns
    order, user, ts = in_user_time_order(user, ts)
    if identities is not None:
        order = settled(order, user, ts, row[0], identities)
    return user, ts, code.take(order)


def joined(parts: Sequence[Touches]) -> Touches:
    """The journeys of several pieces, one after the other. At least one; all have the same units."""
    lengths = np.concatenate([part.length for part in parts])

    def optional(arrays: list[Ints | None]) -> Ints | None:
        present = [array for array in arrays if array is not None]
        return np.concatenate(present) if present else None

    ages = [part.age_hours for part in parts if part.age_hours is not None]
    return Touches(
        units=parts[0].units,
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        unit=np.concatenate([part.unit for part in parts]),
        conversions=np.concatenate([part.conversions for part in parts]),
        nulls=np.concatenate([part.nulls for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        cell=np.concatenate([part.cell for part in parts]),
        is_direct=np.concatenate([part.is_direct for part in parts]),
        age_hours=np.concatenate(ages) if ages else None,
        lead=optional([part.lead for part in parts]),
        opportunity=optional([part.opportunity for part in parts]),
    )


def merged_paths(parts: Sequence[CellPaths]) -> CellPaths:
    """The distinct paths of several pieces, all cells together: counts are exact sums, and so is value but for the order of its additions."""
    hashes = np.concatenate([part.path_hash for part in parts])
    known, index = distinct(hashes)
    fields = ("conversions", "nulls", "value")
    amounts = [np.concatenate([getattr(part.rows, name) for part in parts]) for name in fields]
    _, sums = tally(index, *amounts)
    lengths = np.concatenate([np.diff(part.rows.offsets) for part in parts])
    unit = np.concatenate([part.rows.unit for part in parts])
    one = np.zeros(len(known), dtype=np.int64)
    one[index] = np.arange(len(index))
    length = lengths[one]
    rows = Paths(
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=unit[ranges((np.cumsum(lengths) - lengths)[one], length)],
        **dict(zip(fields, sums, strict=True)),
    )
    return CellPaths(cell=np.zeros(len(known), dtype=np.int64), path_hash=known, rows=rows)


def path_touches(found: CellPaths, units: tuple[str, ...]) -> Touches:
    """Distinct paths as weighted journeys, for `statistics_of`. They have no times, and of no touch is said that it is direct."""
    return Touches(
        units=units,
        offsets=found.rows.offsets,
        unit=found.rows.unit,
        conversions=found.rows.conversions,
        nulls=found.rows.nulls,
        value=found.rows.value,
        cell=found.cell,
        is_direct=np.zeros(len(found.rows.unit), dtype=np.bool_),
    )
