"""The days of some users: who is touched, what that sets going, who buys. Day by day over all users at once; the chances come from `people`.

Within a day: touches follow from what was left of yesterday. Visits persuade at once, pushed touches from the next day on, so that no touch works backwards
in time. Who buys without a visit that day often makes one to buy, by the odds of other visits. Then needs wake, some of them through touches.
"""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Ints
from mta_assets.simulation.causes import ORGANIC
from mta_assets.simulation.people import VISIT, WARM_DAYS, People, chance, demand
from mta_assets.simulation.worlds import KnownWorld, Singles

_WAKES = np.float32(1.5)  # the intent of a need
_BOUGHT = np.float32(0.2)  # share of intent that a purchase leaves
_RECENT = np.float32(0.82)  # share of visits that retargeting still knows a day later


@dataclass(frozen=True, kw_only=True)
class Day:
    """What happened. channel, user: (touches,) indices, each pair once. buyers: (purchases,) index of each user who bought, ascending."""

    channel: Ints
    user: Ints
    buyers: Ints


class Lives:
    """The state of some users, which a day changes. channels and users as of `people`.

    stock: (distinct `stays`, users) persuasion that is left of touches, by how fast it goes.
    """

    def __init__(self, world: KnownWorld, here: People) -> None:
        self._world, self._people = world, here
        users = len(here.number)
        self._intent, self._recent = np.zeros((2, users), dtype=np.float32)
        self._stays, self._row = np.unique(world.numbers["stays"], return_inverse=True)
        self._stock = np.zeros((len(self._stays), users), dtype=np.float32)
        self._plain = bool((here.pressure == 1).all())
        self._demand = demand(world)
        self._odds = np.zeros((len(world.channels), users), dtype=np.float32)

    def live(self, day: int, dice: Singles) -> Day:
        """One day. dice: (channels + 2, users) uniform numbers."""
        channels = len(self._world.channels)
        intent = _share(self._intent)
        self._set_odds(day, intent)
        channel, user = np.divmod(np.flatnonzero(self._touched(day, dice[:channels])), dice.shape[1])
        visited = np.searchsorted(channel, self._world.roles["pulled"].start)
        self._stock *= self._stays[:, None]
        self._persuade(channel[visited:], user[visited:])
        buyers = np.flatnonzero(dice[channels] < self._buying(day, intent))
        self._persuade(channel[:visited], user[:visited])
        made = self._visits(day, user[visited:], buyers)
        today = Day(channel=np.concatenate([channel, made[0]]), user=np.concatenate([user, made[1]]), buyers=buyers)
        self._wake(day, today, dice[channels + 1])
        return today

    def _set_odds(self, day: int, intent: Singles) -> None:
        """The chance of each touch, at full pressure."""
        recent = _share(self._recent)
        features = (intent, intent * intent, recent, intent * recent)
        part = np.empty_like(intent)
        for row, terms in zip(self._odds, (self._world.responses * self._budget(day)).T, strict=True):
            row[:] = terms[0]
            for feature, size in zip(features, terms[1:], strict=True):
                if size:
                    np.add(row, np.multiply(feature, size, out=part), out=row)
        self._odds *= self._people.reach

    def _budget(self, day: int) -> Singles:
        """(channels,) factor on the chance of a touch: how far budgets follow demand."""
        follows = self._world.numbers["budget"]
        return 1 + follows * np.float32(self._demand[day + WARM_DAYS] - 1)

    def _touched(self, day: int, dice: Singles) -> Bools:
        """(channels, users) whether touched, with the world's pressure and holdouts from its first day on; what is displaced becomes an organic visit."""
        wanted = dice < self._odds
        if self._plain or day < 0:
            return wanted
        self._odds *= self._people.pressure
        shown = dice < self._odds
        displaced = self._world.numbers["displaced"]
        organic = self._world.channel_index(ORGANIC)
        for index in np.flatnonzero(displaced).tolist():
            lost = np.flatnonzero(wanted[index] & ~shown[index])
            other, _, _ = chance(self._world, VISIT, self._people.number[lost], np.full(len(lost), day + WARM_DAYS), index)
            shown[organic, lost[other < displaced[index]]] = True
        return np.asarray(shown)

    def _persuade(self, channel: Ints, user: Ints) -> None:
        """What these touches add."""
        np.add.at(self._stock, (self._row[channel], user), self._world.numbers["lift"][channel])

    def _buying(self, day: int, intent: Singles) -> Singles:
        """(users,) chance of a purchase today."""
        world = self._world
        persuasion = self._stock.sum(axis=0)
        persuasion /= 1 + persuasion / np.float32(world.most)
        without, with_intent = (np.float32(each) for each in world.persuadable)
        hazard = persuasion * (without + with_intent * intent)
        hazard += np.float32(world.habit * self._demand[day + WARM_DAYS]) * self._people.habit
        hazard += np.float32(world.closes) * intent
        return _share(hazard)

    def _visits(self, day: int, visitors: Ints, buyers: Ints) -> tuple[Ints, Ints]:
        """(channel, user) of visits to buy, of some of those who had none today."""
        visiting = np.zeros(len(self._intent), dtype=np.bool_)
        visiting[visitors] = True
        without = buyers[~visiting[buyers]]
        number = self._people.number[without]
        _, seen, way_of = chance(self._world, VISIT, number, np.full(len(without), day + WARM_DAYS))
        seen_ones = seen < self._world.tracked
        without, way_of = without[seen_ones], way_of[seen_ones]
        ways = self._world.visited
        steps = np.cumsum(self._odds[ways[:, None], without], axis=0)
        way = (way_of * steps[-1] >= steps).sum(axis=0)
        return ways[np.minimum(way, len(ways) - 1)], without

    def _wake(self, day: int, today: Day, dice: Singles) -> None:
        """Intent and recent visits as they are tomorrow."""
        world = self._world
        needs = np.float32(world.needs * self._demand[day + WARM_DAYS]) * self._people.needs
        np.add.at(needs, today.user, world.numbers["spark"][today.channel])
        self._intent *= np.float32(world.fades)
        self._intent[today.buyers] *= _BOUGHT
        self._intent[dice < needs] += _WAKES
        self._recent *= _RECENT
        np.add.at(self._recent, today.user, world.numbers["visit"][today.channel])


def _share(amount: Singles) -> Singles:
    """From 0 to 1, as an amount rises without end."""
    return np.asarray(amount / (1 + amount))
