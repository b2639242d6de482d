"""The draws: the touches and orders of one cohort of users, as plain arrays. Depends on the world and the cohort's number only; no strings, no files.

A user goes on missions. A mission is a burst of touches over hours to weeks; each touch may bring a purchase, with its channel's lift times the
user's intent. The later part of a mission that outlasts the world comes at the world's start instead, so that the first and the last day are
as busy as the others: a world is cut out of a steady stream, as an export is.
"""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints
from mta_assets.simulation.world import COHORT_TOUCHES, INTENT, KEEN_SHARE, TOUCHES_PER_USER, World

DAY = 86_400
GOALS = ("purchase", "add_to_cart", "sign_up")
KINDS = ("visit", "click", "view")
NO_CAUSE = -1
_MISSION_TOUCHES = 3.2
_HEAVY = 1.6  # user = users * random ** _HEAVY: the busiest user of 250,000 goes on some hundred missions, most on one
WEEKDAYS = (1.0, 1.02, 1.03, 1.04, 0.98, 0.72, 0.78)  # from Monday
HOURS = (14, 8, 5, 4, 4, 6, 14, 26, 38, 46, 52, 55, 58, 56, 53, 52, 53, 57, 64, 72, 78, 72, 54, 30)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A cohort's rows, by time. Times are whole seconds since the world began, in [0, world.seconds).

    user, ts, placement, kind, cents: (touches,); kind is an index into KINDS, cents the price of a click, -1 for none.
    order_user, order_ts, goal, order_cents, cause: (orders,); goal is an index into GOALS; cause is the channel whose touch brought a purchase,
    NO_CAUSE for none.
    """

    user: Ints
    ts: Ints
    placement: Ints
    kind: Ints
    cents: Ints
    order_user: Ints
    order_ts: Ints
    goal: Ints
    order_cents: Ints
    cause: Ints


@dataclass(frozen=True, kw_only=True)
class _Touches:
    """Touches mission by mission, each mission's in order. mission, user, ts, placement: (touches,); intent: (missions,)."""

    mission: Ints
    user: Ints
    ts: Ints
    placement: Ints
    intent: Floats


def draw(world: World, cohort: int) -> Drawn:
    """The rows of cohort number `cohort`, below `world.cohorts`."""
    rng = np.random.default_rng([world.seed, cohort])
    touches = _touches(world, cohort, rng)
    kind, cents = _prices(world, touches.placement, rng)
    user, ts, goal, value, cause = _orders(world, cohort, touches, rng)
    by_time, by_order_time = stable_order(touches.ts), stable_order(ts)
    return Drawn(
        user=touches.user[by_time],
        ts=touches.ts[by_time],
        placement=touches.placement[by_time],
        kind=kind[by_time],
        cents=cents[by_time],
        order_user=user[by_order_time],
        order_ts=ts[by_order_time],
        goal=goal[by_order_time],
        order_cents=value[by_order_time],
        cause=cause[by_order_time],
    )


def _touches(world: World, cohort: int, rng: np.random.Generator) -> _Touches:
    size = world.cohort_touches(cohort)
    lengths = _mission_lengths(size, rng)
    missions = len(lengths)
    first = np.cumsum(lengths) - lengths
    mission = np.repeat(np.arange(missions, dtype=np.int32), lengths)
    keen = rng.random(missions) < KEEN_SHARE
    users = _users(world, cohort)
    rank = (len(users) * rng.random(missions) ** _HEAVY).astype(np.int64)
    user = rng.permutation(users)[rank]
    return _Touches(
        mission=mission,
        user=user[mission],
        ts=_times(world, first, mission, rng),
        placement=_placements(world, keen[mission], first, rng),
        intent=np.where(keen, INTENT[1], INTENT[0]),
    )


def stable_order(seconds: Ints) -> Ints:
    """The permutation that sorts non-negative whole numbers, ties in their order. Numpy sorts packed keys 5 times faster than it argsorts.

    The bits of the largest number and of the count of numbers must fit into 63 together.
    """
    bits = len(seconds).bit_length()
    return np.asarray(np.sort((seconds.astype(np.int64) << bits) | np.arange(len(seconds))) & ((1 << bits) - 1))


def _users(world: World, cohort: int) -> Ints:
    """(users,) numbers of a cohort's users. Numbers above, up to the next cohort's, are left to its guests."""
    users = -(-world.cohort_touches(cohort) // TOUCHES_PER_USER)
    return np.arange(users) + cohort * COHORT_TOUCHES


def _mission_lengths(size: int, rng: np.random.Generator) -> Ints:
    """(missions,) touches of each mission, geometric; they sum to `size`."""
    lengths = rng.geometric(1 / _MISSION_TOUCHES, int(size / _MISSION_TOUCHES * 1.02) + 8)
    ends = np.minimum(np.cumsum(lengths), size)
    short = size - int(ends[-1])
    lengths = np.diff(ends, prepend=0)
    return np.asarray(np.concatenate([lengths[lengths > 0], np.ones(short, dtype=lengths.dtype)]))


def _placements(world: World, keen: Bools, first: Ints, rng: np.random.Generator) -> Ints:
    """(touches,) index into the world's placements, by the mix of each touch's situation."""
    mix = 2 * keen.astype(np.float64) + 1
    mix[first] -= 1
    steps = (world.mixes + np.arange(4)[:, None]).ravel()
    drawn = np.searchsorted(steps, mix + rng.random(len(mix)), side="right")
    # The float sum may reach the next whole number; stay within the mix that was meant.
    last = len(world.placements) - 1
    return np.asarray(np.minimum(drawn - mix.astype(np.int64) * (last + 1), last), dtype=np.int16)


def _times(world: World, first: Ints, mission: Ints, rng: np.random.Generator) -> Ints:
    """(touches,) seconds: missions start by the rhythm of the week; the next touch comes within the hour, or some days later at a like hour."""
    touches = len(mission)
    days = 1 + np.floor(rng.standard_exponential(touches, dtype=np.float32) * 1.8)
    later = days * DAY + np.clip(rng.standard_normal(touches, dtype=np.float32), -3, 3) * 5_400
    soon = 30 + rng.standard_exponential(touches, dtype=np.float32) * 1_500
    gap = np.where(rng.random(touches, dtype=np.float32) < 0.4, soon, later).astype(np.int64)
    elapsed = np.cumsum(gap)
    return np.asarray((moments(world, len(first), rng)[mission] + elapsed - elapsed[first][mission]) % world.seconds)


def moments(world: World, count: int, rng: np.random.Generator) -> Ints:
    """(count,) seconds since the world began, by the rhythm of the week and of the day."""
    weekday = (world.first_day.weekday() + np.arange(world.days)) % 7
    weight = (np.array(WEEKDAYS)[weekday][:, None] * np.array(HOURS)).ravel()
    hour = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(count), side="right")
    return np.asarray(np.minimum(hour, len(weight) - 1) * 3_600 + rng.integers(0, 3_600, count))


def _prices(world: World, placement: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(touches,) index into KINDS, and the price in cents, -1 where there is none."""
    price = world.of_channels("click_cost")
    view = rng.random(len(placement), dtype=np.float32) < world.of_channels("view_share")[placement]
    paid = price[placement] > 0
    kind = np.where(paid, 1 + view, 0).astype(np.int8)
    spread = np.exp(0.5 * rng.standard_normal(len(placement), dtype=np.float32) - 0.125)  # mean 1
    cents = np.maximum(1, np.rint(100 * price.astype(np.float32)[placement] * spread))
    return kind, np.where(kind == 1, cents, -1).astype(np.int32)


def _orders(world: World, cohort: int, touches: _Touches, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """(orders,) user, ts, goal, cents and cause of the purchases, their repeats, the guests' purchases, and the milestones."""
    bought_at, cause = _purchases(world, touches, rng)
    count = len(bought_at)
    delay = np.minimum(rng.lognormal(np.log(900), 1.8, count), world.seconds).astype(np.int64)
    end = world.seconds - 1
    user, ts = touches.user[bought_at], np.minimum(touches.ts[bought_at] + delay, end)
    again = rng.random(count) < world.repeat_share
    again_ts = ts + (DAY + rng.standard_exponential(count) * 12 * DAY).astype(np.int64)
    again &= again_ts <= end
    guests = rng.binomial(count, world.unattributed_share)
    buyer = np.concatenate([user, user[again], _users(world, cohort)[-1] + 1 + np.arange(guests)])
    cents = np.rint(100 * world.median_value * np.exp(world.value_sigma * rng.standard_normal(len(buyer)))).astype(np.int64)
    stone_user, stone_ts, stone_goal = _milestones(touches, bought_at, delay, rng)
    stones = len(stone_user)
    return (
        np.concatenate([buyer, stone_user]),
        np.concatenate([ts, again_ts[again], moments(world, guests, rng), np.minimum(stone_ts, end)]),
        np.concatenate([np.zeros(len(buyer), dtype=np.int64), stone_goal]),
        np.concatenate([cents, np.zeros(stones, dtype=np.int64)]),
        np.concatenate([cause, np.full(len(buyer) - count + stones, NO_CAUSE)]),
    )


def _purchases(world: World, touches: _Touches, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(purchases,) the touch after which each mission's first purchase came, and its cause; a purchase without one comes after the last touch."""
    chance = world.of_channels("lift").astype(np.float32)[touches.placement] * touches.intent.astype(np.float32)[touches.mission]
    won = np.flatnonzero(rng.random(len(chance), dtype=np.float32) < chance)
    missions, where = np.unique(touches.mission[won], return_index=True)
    caused = won[where]
    unmoved = rng.random(len(touches.intent)) < world.baseline * touches.intent
    unmoved[missions] = False
    last = np.flatnonzero(np.diff(touches.mission, append=len(touches.intent)))
    own = last[unmoved]
    cause = np.concatenate([world.placement_channel[touches.placement[caused]], np.full(len(own), NO_CAUSE)])
    return np.concatenate([caused, own]), cause


def _milestones(touches: _Touches, bought_at: Ints, delay: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """(milestones,) user, ts, goal: most buyers filled a cart before, half signed up earlier in their mission; some carts are left."""
    first = np.searchsorted(touches.mission, touches.mission[bought_at])
    earlier = first + (rng.random(len(first)) * (bought_at - first + 1)).astype(np.int64)
    # A mission that runs over the world's end goes on at its start: there an earlier touch has a later time.
    earlier = np.where(touches.ts[earlier] > touches.ts[bought_at], bought_at, earlier)
    soon = (delay * rng.random(len(first)) * 0.9).astype(np.int64)
    carts, signs = rng.random(len(first)) < 0.8, rng.random(len(first)) < 0.5
    left = np.flatnonzero(rng.random(len(touches.mission), dtype=np.float32) < 0.008)
    at = np.concatenate([bought_at[carts], left, earlier[signs]])
    after = np.concatenate([soon[carts], rng.integers(10, 900, len(left)), (soon // 2)[signs]])
    goal = np.repeat([1, 2], [carts.sum() + len(left), signs.sum()])
    return touches.user[at], touches.ts[at] + after, goal
