"""The sample shop: its parameters, checked when made, and the tables that the draws look up. No random number is drawn here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.errors import ConfigError
from mta_assets.simulation.channels import CHANNELS, Channel
from mta_assets.simulation.market import Market, require

# Touches of one cohort: the unit of memory. It is part of what a world means (another size gives another world), hence no parameter.
COHORT_TOUCHES = 1_000_000
TOUCHES_PER_USER = 2  # of the users there are; about half of them ever touch, 4 to 5 times on average
KEEN_SHARE = 0.25
INTENT = (0.5, 2.5)  # factor on every lift for a browsing and for a keen user; 1 on average at KEEN_SHARE


@dataclass(frozen=True, kw_only=True)
class World(Market):
    """A shop whose touches each bring a purchase with a probability of their own: as many touches as asked for, at any size.

    touchpoints: touches that happen; duplicates among the dirty rows come on top.
    baseline: probability that a journey of average intent ends in a purchase that no touch brought.
    unattributed_share: purchases by users of whom no touch is known, as a share of the others.
    repeat_share: share of the purchases that the same user repeats later.
    Raises ConfigError when a parameter is out of its range.
    """

    touchpoints: int = 100_000
    channels: tuple[Channel, ...] = CHANNELS
    baseline: float = 0.003
    unattributed_share: float = 0.03
    repeat_share: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, _RANGES)
        _check_channels(self.channels)

    @property
    def cohorts(self) -> int:
        """How many cohorts of users make the world; cohorts share no user."""
        return -(-self.touchpoints // COHORT_TOUCHES)

    @property
    def cohort_numbers(self) -> int:
        """One for each touch."""
        return COHORT_TOUCHES

    def cohort_touches(self, cohort: int) -> int:
        """Touches of one cohort: all cohorts but the last are full."""
        return min(COHORT_TOUCHES, self.touchpoints - cohort * COHORT_TOUCHES)

    @property
    def lift(self) -> dict[str, float]:
        """The ground truth: channel -> probability that one touch brings a purchase, for a user of average intent."""
        return {channel.name: channel.lift for channel in self.channels}

    @cached_property
    def mixes(self) -> Floats:
        """(4, placements) cumulative shares of the placements: browsing first, browsing later, keen first, keen later touch."""
        opens, follows, keen = (self.of_channels(name) for name in ("opens", "follows", "keen"))
        weight = self.within * np.stack([opens, follows, opens * keen, follows * keen])
        cumulative = np.cumsum(weight, axis=1)
        return np.asarray(cumulative / cumulative[:, -1:])


_RANGES = (
    ("touchpoints", 1, 10_000_000_000),
    ("baseline", 0.0, 0.2),
    ("unattributed_share", 0.0, 1.0),
    ("repeat_share", 0.0, 1.0),
)
_CHANNEL_RANGES = (
    ("opens", 0.0, 1e9),
    ("follows", 0.0, 1e9),
    ("keen", 0.01, 100.0),
    ("lift", 0.0, 0.4),
    ("click_cost", 0.0, 1e6),
    ("view_share", 0.0, 1.0),
)


def _check_channels(channels: tuple[Channel, ...]) -> None:
    names = [channel.name for channel in channels]
    if not channels or len(set(names)) < len(names):
        raise ConfigError(f"A world needs at least one channel and each name once, got {names}; rename or remove the repeated ones.")
    for channel in channels:
        if not channel.origins:
            raise ConfigError(f"Channel {channel.name!r} has no origin; give it at least one source and medium.")
        for name, low, high in _CHANNEL_RANGES:
            value = getattr(channel, name)
            if not low <= value <= high:
                raise ConfigError(f"Channel {channel.name!r}: {name} must lie from {low} to {high}, got {value!r}; choose a value within.")
    if not sum(channel.opens for channel in channels) > 0 or not sum(channel.follows for channel in channels) > 0:
        raise ConfigError("Some channel must open and some must follow: give at least one a positive 'opens' and one a positive 'follows'.")
