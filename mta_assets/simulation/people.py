"""The users of a world whose truth is known, and every chance they meet: numbers that depend on the seed, the user and the day, and on nothing that happens.

So a world with a channel less meets the same chances (common random numbers), and what differs is what the channel did.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.ingest.identity import mix
from mta_assets.simulation.worlds import BLOCK_USERS, KnownWorld, Singles

WARM_DAYS = 21  # lived before the first day, so that the world begins in the middle of things
EXTRA_CHANCES = 2  # per user and day besides those of touches: a need wakes, a purchase
# What a user, a day and a channel make of chance: kinds of numbers that have nothing to do with each other.
STAGE, TOUCH, ORDER, VISIT = 0, 1, 2, 3
_PEOPLE, _DAYS, _DEMAND = 11, 12, 13
_BITS = 21
_WEEKDAYS = np.array([1.0, 1.02, 1.03, 1.04, 1.02, 0.95, 0.94])  # of demand, from Monday
ACTIVITY, TASTE, NEED, HABIT = 0.6, 0.4, 0.7, 0.8  # spread (of the logarithm) of what differs between users


@dataclass(frozen=True, kw_only=True)
class People:
    """Some users of one block, as they are.

    number: (users,) int64. reach: (channels, users) factor on the chance of a touch; pressure: (channels, users) another that holds from the first day on:
    the world's, and 0 for whom the channel holds out. needs, habit: (users,) factors on what wakes by itself and on buying by habit; both rise with the
    hidden propensity.
    """

    number: Ints
    reach: Singles
    pressure: Singles
    needs: Singles
    habit: Singles

    def take(self, users: Ints) -> "People":
        """Only these."""
        return People(
            number=self.number[users],
            reach=self.reach[:, users],
            pressure=self.pressure[:, users],
            needs=self.needs[users],
            habit=self.habit[users],
        )


def people(world: KnownWorld, block: int) -> People:
    """The users of a block. All blocks are drawn whole, so that a larger world begins with the users of a smaller one."""
    rng = np.random.default_rng([world.seed, _PEOPLE, block])
    propensity, activity = rng.standard_normal((2, BLOCK_USERS))
    channels = len(world.channels)
    taste, other = rng.standard_normal((2, channels, BLOCK_USERS))
    lots = rng.random((channels, BLOCK_USERS))
    reach = np.exp(TASTE * taste - TASTE**2 / 2)
    for index, channel in enumerate(world.channels):
        if channel.role == "pushed":
            score = channel.likeness * propensity + np.sqrt(1 - channel.likeness**2) * other[index]
            inside = score > ndtri(1 - channel.audience)
            reach[index] *= np.where(inside, channel.reach[1], channel.reach[0]) * np.exp(ACTIVITY * activity - ACTIVITY**2 / 2)
    held, pressure = (
        np.array([of.get(channel.name, usual) for channel in world.channels])
        for of, usual in ((world.holdouts, 0.0), (world.pressure, 1.0))
    )
    here = People(
        number=np.arange(BLOCK_USERS) + block * BLOCK_USERS,
        reach=reach.astype(np.float32),
        pressure=(pressure[:, None] * (lots >= held[:, None])).astype(np.float32),
        needs=np.exp(NEED * propensity - NEED**2 / 2).astype(np.float32),
        habit=np.exp(HABIT * propensity - HABIT**2 / 2).astype(np.float32),
    )
    return here.take(np.arange(min(BLOCK_USERS, world.users - block * BLOCK_USERS)))


def dice(world: KnownWorld, block: int) -> Iterator[tuple[int, Singles]]:
    """(day, (channels + EXTRA_CHANCES, BLOCK_USERS) uniform numbers) of every day, those before the first included."""
    rng = np.random.default_rng([world.seed, _DAYS, block])
    for day in range(-WARM_DAYS, world.days):
        yield day, rng.random((len(world.channels) + EXTRA_CHANCES, BLOCK_USERS), dtype=np.float32)


def demand(world: KnownWorld) -> Floats:
    """(WARM_DAYS + days,) factor on all that wakes by itself: a season, the week, and shocks that fade within some days."""
    rng = np.random.default_rng([world.seed, _DEMAND])
    day = np.arange(-WARM_DAYS, world.days)
    wave = world.seasonal * np.sin(2 * np.pi * (day / max(world.days, 60) + rng.random()))
    weekday = _WEEKDAYS[(world.first_day.weekday() + day) % 7]
    shocks = np.zeros(len(day))
    for start, size in zip(rng.integers(0, len(day), world.shocks), rng.uniform(0.3, 0.9, world.shocks), strict=True):
        shocks[start:] += size * 0.75 ** np.arange(len(day) - start)
    return np.asarray((1 + wave + shocks) * weekday)


def chance(world: KnownWorld, kind: int, number: Ints, day: Ints, channel: Ints | int = 0) -> tuple[Floats, Floats, Floats]:
    """Three uniform numbers in (0, 1) for each user number, day and channel."""
    salt = mix(np.array([(world.seed << 2 | kind) & ((1 << 64) - 1)], dtype=np.uint64))
    key = (number.astype(np.uint64) << np.uint64(22)) | (day * 64 + channel).astype(np.uint64)
    bits = mix(mix(key) ^ salt)
    mask = np.uint64((1 << _BITS) - 1)
    first, second, third = ((bits >> np.uint64(shift) & mask) for shift in (0, _BITS, 2 * _BITS))
    return _unit(first), _unit(second), _unit(third)


def _unit(bits: np.ndarray) -> Floats:
    return np.asarray((bits + 0.5) / (1 << _BITS))
