"""The worlds whose truth is known, by name: what holds in each, checked when made. No draws."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mta_assets.contracts.arrays import Ints
from mta_assets.errors import ConfigError, did_you_mean
from mta_assets.simulation.causes import (
    CAUSES,
    ORGANIC,
    RESPONSES,
    ROLES,
    Cause,
    Role,
    at_random,
    heavier_retargeting,
    without_effect,
    without_hidden_targeting,
    without_upstream,
)
from mta_assets.simulation.market import Market, require

Singles = NDArray[np.float32]

BLOCK_USERS = 1 << 13  # users who are drawn together: their arrays stay in the processor's cache. Part of what a world means
COHORT_USERS = 8 * BLOCK_USERS  # users whose rows make files together: some 1 M touches


@dataclass(frozen=True, kw_only=True)
class KnownWorld(Market):
    """Users with hidden intent and propensity, whose purchases are known to depend on which touches. Equal worlds give equal bytes.

    pressure: channel -> factor on how often it touches; 0 switches it off. holdouts: channel -> share of users, drawn by lot, whom it never touches.
    needs: needs that wake by themselves, per average user and day; fades: share of intent that is left after a day.
    closes: chance per day that intent leads to a purchase; habit: chance per day of an average user without any intent.
    persuadable: what persuasion adds to the chance of a day, without intent and with it; most: the most that persuasion can be worth.
    tracked: share of the visits to buy that leave a touch; the others buy on another device, or by phone.
    shocks: days on which demand jumps and then fades. seasonal: how far demand swings over the world.
    Raises ConfigError when a parameter is out of its range.
    """

    users: int = 200_000
    days: int = 90
    dirty_share: float = 0.0
    channels: tuple[Cause, ...] = CAUSES
    pressure: Mapping[str, float]
    holdouts: Mapping[str, float]
    needs: float = 0.010
    fades: float = 0.86
    closes: float = 0.024
    habit: float = 0.00045
    persuadable: tuple[float, float] = (0.006, 0.13)
    most: float = 2.0
    tracked: float = 0.5
    shocks: int = 3
    seasonal: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self,
            (("users", 1, 1 << 40), ("days", 1, 366), ("needs", 0.0, 1.0), ("fades", 0.0, 0.99), ("closes", 0.0, 0.5), ("habit", 0.0, 0.1)),
        )
        names = [channel.name for channel in self.channels]
        if [channel.role for channel in self.channels] != sorted((channel.role for channel in self.channels), key=ROLES.index):
            raise ConfigError(f"A world's channels stand in the order {', '.join(ROLES)}; sort them by their role.")
        if ORGANIC not in names or len(set(names)) < len(names):
            raise ConfigError(f"A world has each channel once, {ORGANIC!r} among them, got {names}; add or rename it.")
        for what, given, most in (("pressure", self.pressure, 1_000.0), ("holdouts", self.holdouts, 0.9)):
            for name, number in given.items():
                if name not in names:
                    raise ConfigError(f"A world's {what} names the channel {name!r}, which it does not have. {did_you_mean(name, names)}")
                if not 0 <= number <= most:
                    raise ConfigError(f"A world's {what} of {name!r} must lie from 0 to {most}, got {number!r}; choose a value within.")

    @property
    def cohorts(self) -> int:
        """How many cohorts of users make the world; cohorts share no user."""
        return -(-self.users // COHORT_USERS)

    @property
    def cohort_numbers(self) -> int:
        """More than any cohort has touches."""
        return COHORT_USERS * self.days * len(self.channels)

    @property
    def names_channels(self) -> bool:
        """Brand search and retargeting are no channels of the default rules."""
        return True

    def channel_index(self, name: str) -> int:
        """Where a channel is among the world's."""
        return [channel.name for channel in self.channels].index(name)

    @cached_property
    def numbers(self) -> Mapping[str, Singles]:
        """Field of a cause -> (channels,) its number for each channel."""
        names = (*RESPONSES, "budget", "lift", "stays", "spark", "visit", "displaced")
        return {name: np.array([getattr(channel, name) for channel in self.channels], dtype=np.float32) for name in names}

    @cached_property
    def responses(self) -> Singles:
        """(5, channels) how each channel's chance of a touch responds, in the order of RESPONSES."""
        return np.stack([self.numbers[name] for name in RESPONSES])

    @cached_property
    def roles(self) -> Mapping[Role, slice]:
        """Where the channels of each role are."""
        names = [channel.role for channel in self.channels]
        return {role: slice(names.index(role), names.index(role) + names.count(role)) for role in ROLES}

    @cached_property
    def visited(self) -> Ints:
        """(channels that people come by of themselves,) their indices."""
        return np.flatnonzero([c.role == "unpaid" or (c.role == "pulled" and c.intent + c.late > 0) for c in self.channels])

    @cached_property
    def paid(self) -> tuple[str, ...]:
        """The channels that cost money."""
        return tuple(channel.name for channel in self.channels if channel.paid)


def _each(*changes: Callable[[Cause], Cause]) -> tuple[Cause, ...]:
    causes: tuple[Cause, ...] = CAUSES
    for change in changes:
        causes = tuple(change(cause) for cause in causes)
    return causes


# World -> (what holds in it, its parameters).
WORLDS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "default": ("Ads follow hidden propensity and intent, upper channels lead to lower ones.", {}),
    "no-hidden-targeting": ("Ads follow only what the data show.", {"channels": _each(without_hidden_targeting)}),
    "no-upstream": ("No paid touch leads to another touch.", {"channels": _each(without_upstream)}),
    "randomised": ("Paid touches come at random.", {"channels": _each(at_random)}),
    "pure-noise": ("Ads follow people as in the default world and change nothing.", {"channels": _each(without_effect)}),
    "heavy-retargeting": ("Visitors are followed about four times as much.", {"channels": _each(heavier_retargeting)}),
}


def known_world(name: str, **parameters: Any) -> KnownWorld:  # noqa: ANN401  whatever KnownWorld takes
    """The world of this name, with some parameters changed. Raises ConfigError with the nearest right names."""
    if name not in WORLDS:
        raise ConfigError(f"There is no world {name!r}. {did_you_mean(name, WORLDS)}")
    return KnownWorld(**({"pressure": {}, "holdouts": {}} | dict(WORLDS[name][1]) | parameters))


def with_pressure(world: KnownWorld, pressure: Mapping[str, float]) -> KnownWorld:
    """The same world and the same chances, with channels that touch more or less often."""
    return replace(world, pressure={**world.pressure, **pressure})
