"""What each channel truly caused, by paired removal: the same users meet the same chances with the channel switched off, and what is missing is its effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints
from mta_assets.simulation.events import Happened, blocks, happened, order_cents
from mta_assets.simulation.lives import Lives
from mta_assets.simulation.people import People, dice, people
from mta_assets.simulation.worlds import KnownWorld


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of a world, over its days.

    channels: one row per channel: channel, paid, touches, incremental_conversions, incremental_value: purchases, and their value, that would not have
    happened had the channel alone been off on all days. Negative where switching it off would have brought more.
    conversions, value: all purchases. together_conversions, together_value: those that would not have happened had all paid channels been off.
    """

    channels: pl.DataFrame
    conversions: int
    value: float
    together_conversions: int
    together_value: float

    @property
    def paid(self) -> pl.DataFrame:
        """The rows of the channels that cost money."""
        return self.channels.filter("paid")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a world. touches: (channels,); conversions; value of them."""

    touches: Ints
    conversions: int
    value: float


def outcome(world: KnownWorld) -> Outcome:
    """What comes of a world, as its pressure and holdouts have it."""
    touches, whole = np.zeros(len(world.channels), dtype=np.int64), np.zeros(2, dtype=np.int64)
    for block in blocks(world):
        here = people(world, block)
        seen = happened(world, here, block)
        touches += np.bincount(seen.channel, minlength=len(touches))
        whole += _bought(world, here.number[seen.buyer], seen.bought)
    return Outcome(touches=touches, conversions=int(whole[0]), value=float(whole[1] / 100))


def truth(world: KnownWorld) -> Truth:
    """What every channel of the world caused. Takes two to three times as long as the world itself."""
    names = [channel.name for channel in world.channels]
    changes = [*([name] for name in names), list(world.paid)]
    touches = np.zeros(len(names), dtype=np.int64)
    lost = np.zeros((2, len(changes)), dtype=np.int64)
    whole = np.zeros(2, dtype=np.int64)
    for block in blocks(world):
        here = people(world, block)
        seen = happened(world, here, block)
        touches += np.bincount(seen.channel, minlength=len(names))
        whole += _bought(world, here.number[seen.buyer], seen.bought)
        lost += _lost(world, here, block, seen, [dict.fromkeys(change, 0.0) for change in changes])
    return Truth(
        channels=pl.DataFrame(
            {
                "channel": names,
                "paid": [channel.paid for channel in world.channels],
                "touches": touches,
                "incremental_conversions": lost[0, :-1],
                "incremental_value": lost[1, :-1] / 100,
            }
        ),
        conversions=int(whole[0]),
        value=float(whole[1] / 100),
        together_conversions=int(lost[0, -1]),
        together_value=float(lost[1, -1] / 100),
    )


def _lost(world: KnownWorld, here: People, block: int, seen: Happened, changes: Sequence[Mapping[str, float]]) -> Ints:
    """(2, changes) purchases and cents that a block loses with each change of pressure. Only who was touched by a channel can miss it."""
    pressures, users = [], []
    for change in changes:
        off = [world.channel_index(name) for name in change]
        users.append(np.unique(seen.user[np.isin(seen.channel, off)]))
        factor = np.array([change.get(channel.name, 1.0) for channel in world.channels], dtype=np.float32)
        pressures.append(here.pressure[:, users[-1]] * factor[:, None])
    user, segment = np.concatenate(users), np.repeat(np.arange(len(changes)), [len(each) for each in users])
    other = replace(here.take(user), pressure=np.concatenate(pressures, axis=1))
    lives = Lives(world, other)
    lost = np.zeros((2, len(changes)), dtype=np.int64)
    for index, affected in enumerate(users):
        own = np.isin(seen.buyer, affected)
        lost[:, index] = _bought(world, here.number[seen.buyer[own]], seen.bought[own])
    for day, numbers in dice(world, block):
        buyers = lives.live(day, numbers.take(user, axis=1)).buyers
        if day >= 0:
            cents = order_cents(world, other.number[buyers], np.full(len(buyers), day))
            lost[0] -= np.bincount(segment[buyers], minlength=len(changes))
            lost[1] -= np.bincount(segment[buyers], weights=cents, minlength=len(changes)).astype(np.int64)
    return lost


def _bought(world: KnownWorld, number: Ints, day: Ints) -> Ints:
    """(2,) how many purchases, and for how many cents."""
    return np.array([len(number), order_cents(world, number, day).sum()])
