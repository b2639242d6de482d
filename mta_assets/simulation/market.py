"""What every simulated world has: days, money, and channels as files show them. No draws, and nothing of what causes what."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.contracts.currencies import CURRENCIES
from mta_assets.contracts.tables import TIME
from mta_assets.errors import ConfigError
from mta_assets.simulation.channels import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One source, medium and campaign that touches carry; `channel` is an index into the world's channels."""

    channel: int
    source: str
    medium: str
    campaign: str | None
    referrer: str | None


@dataclass(frozen=True, kw_only=True)
class Market(ABC):
    """A shop's marketing over some days, as its files show it. Equal ones give equal bytes.

    dirty_share: share of the rows of each file kind that carry one fault, 0 to 0.5; the faults of `dirt` in equal parts.
    median_value, value_sigma: log-normal value of a purchase, in `currency`.
    Raises ConfigError when a parameter is out of its range.
    """

    seed: int = 1
    first_day: date = date(2026, 1, 1)
    days: int = 30
    channels: tuple[Listing, ...]
    dirty_share: float = 0.01
    currency: str = "USD"
    median_value: float = 60.0
    value_sigma: float = 0.8

    def __post_init__(self) -> None:
        require(self, (("seed", 0, 2**63 - 1), ("days", 1, 3_660), ("dirty_share", 0.0, 0.5)))
        require(self, (("median_value", 0.01, 1_000_000.0), ("value_sigma", 0.0, 3.0)))
        if self.currency not in CURRENCIES:
            raise ConfigError(f"A world's currency {self.currency!r} is not an ISO 4217 code in use; write for example 'USD'.")

    @property
    @abstractmethod
    def cohorts(self) -> int:
        """How many cohorts of users make the world; cohorts share no user."""

    @property
    @abstractmethod
    def cohort_numbers(self) -> int:
        """How many numbers are kept for the identifiers of one cohort's touches."""

    @property
    def names_channels(self) -> bool:
        """Whether touches come with a column `channel`, because source and medium do not tell it."""
        return False

    @property
    def seconds(self) -> int:
        """How long the world lasts."""
        return self.days * 86_400

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
    def within(self) -> Floats:
        """(placements,) share of each placement in its channel: those named first are the largest, their weights fall as 1, 1/2, 1/3 ..."""
        rank = np.concatenate([1 / np.arange(1, count + 1) for count in np.bincount(self.placement_channel)])
        return np.asarray(rank / np.bincount(self.placement_channel, weights=rank)[self.placement_channel])


def instants(world: Market, second: Ints) -> pl.Series:
    """(rows,) moments, of seconds since the world began."""
    midnight = datetime.combine(world.first_day, time(tzinfo=UTC))
    return pl.Series(int(midnight.timestamp() * 1e6) + second * 1_000_000).cast(TIME)


def require(world: object, ranges: tuple[tuple[str, float, float], ...]) -> None:
    """Raises ConfigError for the first attribute of `world` that is not within its range: (name, lowest, highest)."""
    for name, low, high in ranges:
        value = getattr(world, name)
        if not low <= value <= high:
            raise ConfigError(f"A world's {name} must lie from {low} to {high}, got {value!r}; choose a value within.")
