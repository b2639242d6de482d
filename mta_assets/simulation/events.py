"""What the lives of a block of users leave in the data: touches and purchases, with their times, placements and prices, as flat arrays. No frames, no files."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.simulation.cohort import DAY, GOALS, HOURS, KINDS, stable_order
from mta_assets.simulation.lives import Lives
from mta_assets.simulation.people import ORDER, STAGE, TOUCH, People, chance, dice, people
from mta_assets.simulation.worlds import BLOCK_USERS, KnownWorld

_CLICK, _VIEW, _VISIT = (KINDS.index(kind) for kind in ("click", "view", "visit"))
_CART, _SIGN_UP = (GOALS.index(goal) for goal in ("add_to_cart", "sign_up"))
_PRICE_SPREAD = 0.5
_TIME_BITS = 25  # the seconds of a year and a month


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What happened to users of a block on the world's days. Users are indices into the block.

    first: number of the block's first user. channel, user, day: (touches,). buyer, bought: (purchases,) user and day.
    """

    first: int
    channel: Ints
    user: Ints
    day: Ints
    buyer: Ints
    bought: Ints


@dataclass(frozen=True, kw_only=True)
class BlockRows:
    """A block's rows, sorted by (user, ts). ts: whole seconds since the world began.

    number, ts, placement, kind, cents: (touches,) as of `cohort.Drawn`. order_number, order_ts, order_cents: (purchases,). stage_number, stage_ts, stage_goal:
    (milestones,), the goal an index into `cohort.GOALS`.
    """

    number: Ints
    ts: Ints
    placement: Ints
    kind: Ints
    cents: Ints
    order_number: Ints
    order_ts: Ints
    order_cents: Ints
    stage_number: Ints
    stage_ts: Ints
    stage_goal: Ints


def blocks(world: KnownWorld) -> range:
    """The numbers of the world's blocks of users."""
    return range(-(-world.users // BLOCK_USERS))


def happened(world: KnownWorld, here: People, block: int) -> Happened:
    """The touches and purchases of these users, all of those of a block."""
    lives, users = Lives(world, here), len(here.number)
    days, found = [], []
    for day, numbers in dice(world, block):
        today = lives.live(day, numbers[:, :users])
        if day >= 0:
            days.append(day)
            found.append(today)
    return Happened(
        first=int(here.number[0]),
        channel=np.concatenate([each.channel for each in found]),
        user=np.concatenate([each.user for each in found]),
        day=np.repeat(days, [len(each.user) for each in found]),
        buyer=np.concatenate([each.buyers for each in found]),
        bought=np.repeat(days, [len(each.buyers) for each in found]),
    )


def block_rows(world: KnownWorld, block: int) -> BlockRows:
    """The rows of a block."""
    here = people(world, block)
    seen = happened(world, here, block)
    number = here.number[seen.user]
    of_day, of_place, of_kind = chance(world, TOUCH, number, seen.day, seen.channel)
    ts = seen.day * DAY + _second(of_day)
    order = _order(seen.user, ts)
    buying = _order(seen.buyer, seen.bought * DAY)
    buyer, bought = here.number[seen.buyer[buying]], seen.bought[buying]
    placement, kind, cents = _placed(world, seen.channel[order], of_place[order], of_kind[order])
    order_ts = _after_visits(world, seen, ts, buying)
    visit = seen.channel[order] >= world.roles["pulled"].start
    stages = _milestones(world, number[order][visit], ts[order][visit], buyer, order_ts)
    return BlockRows(
        number=number[order],
        ts=ts[order],
        placement=placement,
        kind=kind,
        cents=cents,
        order_number=buyer,
        order_ts=order_ts,
        order_cents=order_cents(world, buyer, bought),
        stage_number=stages[0],
        stage_ts=stages[1],
        stage_goal=stages[2],
    )


def order_cents(world: KnownWorld, number: Ints, day: Ints) -> Ints:
    """(purchases,) what these users pay on these days if they buy."""
    of_value, _, _ = chance(world, ORDER, number, day)
    return np.rint(100 * world.median_value * np.exp(world.value_sigma * ndtri(of_value))).astype(np.int64)


def _order(user: Ints, ts: Ints) -> Ints:
    """The stable permutation that sorts by (user, ts)."""
    return stable_order((user << _TIME_BITS) | ts)


def _second(unit: Floats) -> Ints:
    """(rows,) second of the day, by the rhythm of the hours."""
    share = np.cumsum(np.array([0, *HOURS])) / sum(HOURS)
    return np.minimum(np.interp(unit, share, np.arange(25) * 3_600), DAY - 1).astype(np.int64)


def _placed(world: KnownWorld, channel: Ints, of_place: Floats, of_kind: Floats) -> tuple[Ints, Ints, Ints]:
    """(touches,) placement, kind and price in cents, -1 where there is none."""
    ends = np.cumsum(world.within)
    placement = np.minimum(np.searchsorted(ends, channel + of_place, side="right"), len(ends) - 1).astype(np.int16)
    view_share, price = (np.array([getattr(each, name) for each in world.channels])[channel] for name in ("view_share", "click_cost"))
    view, paid = of_kind < view_share, price > 0
    kind = np.where(paid, np.where(view, _VIEW, _CLICK), _VISIT).astype(np.int8)
    # What is left of the number after it said view or click is uniform again.
    spread = ndtri(np.where(view, 0.5, (of_kind - view_share) / np.maximum(1 - view_share, 1e-9)))
    cents = np.maximum(1, np.rint(100 * price * np.exp(_PRICE_SPREAD * spread - _PRICE_SPREAD**2 / 2)))
    return placement, kind, np.where(kind == _CLICK, cents, -1).astype(np.int32)


def _after_visits(world: KnownWorld, seen: Happened, ts: Ints, buying: Ints) -> Ints:
    """(purchases,) when they are made: within the rest of the day after the day's last visit, most of them soon; without a visit at any time."""
    visit = seen.channel >= world.roles["pulled"].start
    made = np.append(-1, np.sort((seen.user[visit] << _TIME_BITS) | ts[visit]))
    buyer, bought = seen.buyer[buying], seen.bought[buying]
    of_day = (buyer << _TIME_BITS) | (bought * DAY)
    last = made[np.searchsorted(made, of_day + DAY) - 1] - of_day
    _, delay, at = chance(world, ORDER, seen.first + buyer, bought)
    second = np.where(last >= 0, last + 1 + (DAY - 2 - last) * delay**4, _second(at))
    return np.asarray(bought * DAY + np.minimum(second.astype(np.int64), DAY - 1))


def _milestones(world: KnownWorld, visitor: Ints, visited: Ints, buyer: Ints, bought: Ints) -> tuple[Ints, Ints, Ints]:
    """(number, ts, goal) of milestones, sorted by (number, ts): most buyers fill a cart before, some visitors do and leave it, some sign up."""
    signs, fills, wait = chance(world, STAGE, visitor, visited // DAY, visited % 61)
    filled, before, _ = chance(world, STAGE, buyer, bought // DAY, 63)
    soon = visited + 30 + (600 * wait).astype(np.int64)
    signed, left, carts = signs < 0.06, fills < 0.05, filled < 0.8
    number = np.concatenate([visitor[signed], visitor[left], buyer[carts]])
    ts = np.concatenate([soon[signed], soon[left], bought[carts] - 1 - (300 * before[carts]).astype(np.int64)]).clip(0, world.seconds - 1)
    goal = np.repeat([_SIGN_UP, _CART, _CART], [signed.sum(), left.sum(), carts.sum()])
    order = np.lexsort((goal, ts, number))
    return number[order], ts[order], goal[order]
