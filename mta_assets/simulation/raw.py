"""Draws turned into raw rows: text, as sources write it, cut into one piece per kind and day. Pure; `write` makes files of the pieces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.simulation.cohort import DAY, GOALS, KINDS, Drawn
from mta_assets.simulation.dirt import Soiled, overwrite, soil, tally
from mta_assets.simulation.draws import draw
from mta_assets.simulation.market import Market

_FIRST_NUMBER = 10_000_000_000  # identifiers are counted from here, so that all have one width
_IMPRESSIONS_PER_TOUCH = 25  # ads are shown far more often than a tracker sees


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The rows of one kind that land on one day, all columns text. part: the cohort, or None in a world of one cohort and for spend.

    faults: name -> how many rows of this piece have it.
    """

    kind: str
    day: str
    part: int | None
    rows: pl.DataFrame
    faults: Mapping[str, int]


def simulate(world: Market) -> Iterator[Piece]:
    """Every piece of the world: cohort by cohort its touchpoints and conversions, day by day, and last the spend, which sums over all cohorts.

    Only one cohort is in memory at a time. Times of clean rows lie within the world's days; late rows land up to three days after.
    """
    spend = np.zeros((3, world.days, len(world.placements)))
    for cohort in range(world.cohorts):
        drawn = draw(world, cohort)
        spend += _spent(world, drawn)
        rng = np.random.default_rng([world.seed, cohort, 1])
        part = cohort if world.cohorts > 1 else None
        soiled = soil("touchpoints", drawn.ts // DAY, world.dirty_share, rng)
        yield from _pieces(world, "touchpoints", part, _touchpoints(world, cohort, drawn, soiled.row), soiled)
        soiled = soil("conversions", drawn.order_ts // DAY, world.dirty_share, rng)
        yield from _pieces(world, "conversions", part, _conversions(world, cohort, drawn, soiled.row), soiled)
    frame, day = _spend(world, spend)
    soiled = soil("spend", day, world.dirty_share, np.random.default_rng([world.seed, world.cohorts, 2]))
    yield from _pieces(world, "spend", None, frame[soiled.row], soiled)


def _pieces(world: Market, kind: str, part: int | None, frame: pl.DataFrame, soiled: Soiled) -> Iterator[Piece]:
    """The rows, already in landing order, cut at each day; without any row, an empty piece of the first day, which makes a file with a header alone."""
    frame = overwrite(kind, frame, soiled.fault)
    days = np.unique(soiled.landing) if len(soiled.landing) else np.array([0])
    for day in days.tolist():
        start, end = np.searchsorted(soiled.landing, (day, day + 1))
        rows = frame[int(start) : int(end)]
        yield Piece(kind=kind, day=str(world.day(day)), part=part, rows=rows, faults=tally(kind, soiled.fault[start:end]))


def _touchpoints(world: Market, cohort: int, drawn: Drawn, row: Ints) -> pl.DataFrame:
    placement = drawn.placement[row]
    labels = pl.DataFrame(world.placements, schema_overrides={"campaign": pl.String, "referrer": pl.String})
    return pl.DataFrame(
        {
            "event_id": _numbered("e", row + cohort * world.cohort_numbers),
            "user_id": _users(drawn.user[row]),
            "ts": _times(world, drawn.ts[row]),
            **{name: _labels(labels[name], placement) for name in ("source", "medium", "campaign", "referrer")},
            **({"channel": _labels(_channel_names(world), placement)} if world.names_channels else {}),
            "kind": _labels(pl.Series(KINDS), drawn.kind[row]),
            "cost": _money(drawn.cents[row]),
        }
    )


def _conversions(world: Market, cohort: int, drawn: Drawn, row: Ints) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "conversion_id": _numbered("c", row + cohort * 4 * world.cohort_numbers),
            "user_id": _users(drawn.order_user[row]),
            "ts": _times(world, drawn.order_ts[row]),
            "goal": _labels(pl.Series(GOALS), drawn.goal[row]),
            "value": _money(drawn.order_cents[row]),
            "currency": pl.repeat(world.currency, len(row), eager=True),
        }
    )


def _spent(world: Market, drawn: Drawn) -> Floats:
    """(3, days, placements) cents, clicks and touches of the cohort's paid placements."""
    size = world.days * len(world.placements)
    cell = (drawn.ts // DAY) * len(world.placements) + drawn.placement
    clicked = drawn.cents >= 0
    paid = drawn.kind > 0
    spent = np.zeros((3, size))
    spent[0] = np.bincount(cell[clicked], weights=drawn.cents[clicked], minlength=size)
    spent[1] = np.bincount(cell[clicked], minlength=size)
    spent[2] = np.bincount(cell[paid], minlength=size)
    return spent.reshape(3, world.days, len(world.placements))


def _spend(world: Market, spent: Floats) -> tuple[pl.DataFrame, Ints]:
    """One row per day, paid channel and campaign with any touch, and (rows,) the day's index. Cost is the sum of the clicks' prices."""
    day, placement = np.nonzero(spent[2])
    cents, clicks, touches = (pl.Series(each[day, placement]).cast(pl.Int64) for each in spent)
    labels = pl.DataFrame(
        {
            "channel": _channel_names(world),
            "campaign": [each.campaign for each in world.placements],
        },
        schema={"channel": pl.String, "campaign": pl.String},
    )[placement]
    rows = labels.with_columns(index=pl.Series(day), cents=cents, clicks=clicks, touches=touches)
    rows = (
        rows.group_by("index", "channel", "campaign").agg(pl.col("cents", "clicks", "touches").sum()).sort("index", "channel", "campaign")
    )
    frame = rows.select(
        day=pl.lit(world.first_day).dt.offset_by(pl.format("{}d", "index")).cast(pl.String),
        channel="channel",
        campaign="campaign",
        cost=_money(rows["cents"].to_numpy()),
        currency=pl.lit(world.currency),
        impressions=(pl.col("touches") * _IMPRESSIONS_PER_TOUCH).cast(pl.String),
        clicks=pl.col("clicks").cast(pl.String),
    )
    return frame, rows["index"].to_numpy()


def _channel_names(world: Market) -> pl.Series:
    """The channel of each placement."""
    return pl.Series([world.channels[each.channel].name for each in world.placements])


def _labels(labels: pl.Series, code: Ints) -> pl.Series:
    return labels.gather(pl.Series(code))


def _numbered(prefix: str, number: Ints) -> pl.Series:
    return pl.select(prefix + pl.Series(number + _FIRST_NUMBER).cast(pl.String)).to_series()


def _users(number: Ints) -> pl.Series:
    """Names like u0004711. Users of a cohort have numbers near to each other: each is formatted once."""
    low, high = (int(number.min()), int(number.max()) + 1) if len(number) else (0, 0)
    names = pl.select("u" + pl.int_range(low, high).cast(pl.String).str.zfill(7)).to_series()
    return _labels(names, number - low)


def _times(world: Market, second: Ints) -> pl.Series:
    """2026-01-05T14:03:22Z. Looked up by day and by second of the day, in half the time of formatting each."""
    dates = pl.Series([str(world.day(index)) for index in range(world.days)])
    clock = pl.select(pl.from_epoch(pl.int_range(DAY), time_unit="s").dt.strftime("T%H:%M:%SZ")).to_series()
    day, of_day = np.divmod(second, DAY)
    return pl.select(_labels(dates, day) + _labels(clock, of_day)).to_series()


def _money(cents: Ints) -> pl.Series:
    """12.50, or null for negative cents."""
    amounts, code = np.unique(cents, return_inverse=True)
    text = [None if amount < 0 else f"{amount // 100}.{amount % 100:02d}" for amount in amounts.tolist()]
    return _labels(pl.Series(text, dtype=pl.String), code)
