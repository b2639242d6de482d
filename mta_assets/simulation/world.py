"""What a simulated world is: its parameters, checked when made, and the tables that the draws look up. No random number is drawn here."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.contracts.currencies import CURRENCIES
from mta_assets.errors import ConfigError
from mta_assets.simulation.channels import CHANNELS, Channel

# Touches of one cohort: the unit of memory. It is part of what a world means (another size gives another world), hence no parameter.
COHORT_TOUCHES = 1_000_000
TOUCHES_PER_USER = 2  # of the users there are; about half of them ever touch, 4 to 5 times on average
KEEN_SHARE = 0.25
INTENT = (0.5, 2.5)  # factor on every lift for a browsing and for a keen user; 1 on average at KEEN_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One source, medium and campaign that touches carry; `channel` is an index into the world's channels."""

    channel: int
    source: str
    medium: str
    campaign: str | None
    referrer: str | None


@dataclass(frozen=True, kw_only=True)
class World:
    """A shop, its users and its marketing over some days. Equal worlds give equal bytes.

    touchpoints: touches that happen; duplicates among the dirty rows come on top.
    dirty_share: share of the rows of each file kind that carry one fault, 0 to 0.5; the faults of `dirt` in equal parts.
    baseline: probability that a journey of average intent ends in a purchase that no touch brought.
    unattributed_share: purchases by users of whom no touch is known, as a share of the others.
    repeat_share: share of the purchases that the same user repeats later.
    median_value, value_sigma: log-normal value of a purchase, in `currency`.
    Raises ConfigError when a parameter is out of its range.
    """

    seed: int = 1
    touchpoints: int = 100_000
    first_day: date = date(2026, 1, 1)
    days: int = 30
    channels: tuple[Channel, ...] = CHANNELS
    dirty_share: float = 0.01
    currency: str = "USD"
    baseline: float = 0.003
    unattributed_share: float = 0.03
    repeat_share: float = 0.1
    median_value: float = 60.0
    value_sigma: float = 0.8

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"A world's {name} must lie from {low} to {high}, got {value!r}; choose a value within.")
        if self.currency not in CURRENCIES:
            raise ConfigError(f"A world's currency {self.currency!r} is not an ISO 4217 code in use; write for example 'USD'.")
        _check_channels(self.channels)

    @property
    def cohorts(self) -> int:
        """How many cohorts of users make the world; cohorts share no user."""
        return -(-self.touchpoints // COHORT_TOUCHES)

    def cohort_touches(self, cohort: int) -> int:
        """Touches of one cohort: all cohorts but the last are full."""
        return min(COHORT_TOUCHES, self.touchpoints - cohort * COHORT_TOUCHES)

    @property
    def seconds(self) -> int:
        """How long the world lasts."""
        return self.days * 86_400

    @property
    def lift(self) -> dict[str, float]:
        """The ground truth: channel -> probability that one touch brings a purchase, for a user of average intent."""
        return {channel.name: channel.lift for channel in self.channels}

    def day(self, index: int) -> date:
        """The day `index` days after the first."""
        return self.first_day + timedelta(days=index)

    @cached_property
    def placements(self) -> tuple[Placement, ...]:
        """Every source, medium and campaign of every channel, channel by channel."""
        return tuple(
            Placement(channel=index, source=origin.source, medium=origin.medium, campaign=campaign, referrer=origin.referrer)
            for index, channel in enumerate(self.channels)
            for origin in channel.origins
            for campaign in channel.campaigns or (None,)
        )

    @cached_property
    def placement_channel(self) -> Ints:
        """(placements,) index of each placement's channel."""
        return np.array([placement.channel for placement in self.placements])

    def of_channels(self, field: str) -> Floats:
        """(placements,) a number of each placement's channel."""
        return np.array([getattr(channel, field) for channel in self.channels], dtype=np.float64)[self.placement_channel]

    @cached_property
    def mixes(self) -> Floats:
        """(4, placements) cumulative shares of the placements: browsing first, browsing later, keen first, keen later touch.

        Within a channel, the origin and the campaign named first are the largest: the weights fall as 1, 1/2, 1/3 ...
        """
        rank = np.concatenate([1 / np.arange(1, count + 1) for count in np.bincount(self.placement_channel)])
        within = rank / np.bincount(self.placement_channel, weights=rank)[self.placement_channel]
        opens, follows, keen = (self.of_channels(name) for name in ("opens", "follows", "keen"))
        weight = within * np.stack([opens, follows, opens * keen, follows * keen])
        cumulative = np.cumsum(weight, axis=1)
        return np.asarray(cumulative / cumulative[:, -1:])


_RANGES = (
    ("seed", 0, 2**63 - 1),
    ("touchpoints", 1, 10_000_000_000),
    ("days", 1, 3_660),
    ("dirty_share", 0.0, 0.5),
    ("baseline", 0.0, 0.2),
    ("unattributed_share", 0.0, 1.0),
    ("repeat_share", 0.0, 1.0),
    ("median_value", 0.01, 1_000_000.0),
    ("value_sigma", 0.0, 3.0),
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
