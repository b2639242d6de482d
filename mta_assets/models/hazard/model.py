"""The model `hazard`: its parameters, what it learns, how it credits and foretells. The hazard is in `periods`, what it is without channels in `removal`."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import HISTORIES, UNIT_SEPARATOR, Floats, Statistics, Touches
from mta_assets.contracts.increments import NOT_ESTIMATED
from mta_assets.errors import ModelError, UnavailableError
from mta_assets.models.base import Allocation, Asked, Example, Learned, ShareAllocation
from mta_assets.models.hazard import periods
from mta_assets.models.hazard.removal import MOST_CONVERSIONS, MOST_EXPLAINED, at_conversions, contributions, removal_effects
from mta_assets.models.histories.model import EventModel
from mta_assets.models.histories.timeline import Timeline
from mta_assets.models.histories.windows import histories_of, too_little
from mta_assets.models.learning import absent, learned, not_estimated, without_credit

SEED = 20_260_102
_UNTOLD = "what conversions would be without a channel cannot be told"


@dataclass(frozen=True, kw_only=True)
class Hazard(EventModel):
    """How likely a conversion is at each moment, by what happened before; a channel is worth what the conversions would be less likely without its touches."""

    title: ClassVar[str] = "Discrete-time hazard"
    source: ClassVar[str] = (
        "Discrete-time hazard: Singer and Willett 1993, doi:10.3102/10769986018002155; landmarks: van Houwelingen 2007, "
        "doi:10.1111/j.1467-9469.2006.00529.x; put together here, docs/hazard.md"
    )
    formula: ClassVar[str] = (
        "effect_c = sum over conversions of max(0, 1 - h(history without c) / h(history)); credit_c = conversions effect_c / sum of effects"
    )
    when: ClassVar[str] = (
        "To foretell who converts, and to compare with. Not to judge what channels cause: what goes before a conversion is not what brought it."
    )
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Mail",), "conversions": 10, "nulls": 0, "value": 100.0, "age_hours": (0,)},
            {"path": ("Search",), "conversions": 10, "nulls": 0, "value": 100.0, "age_hours": (0,)},
        ),
        credit={"Mail": 5.0, "Search": 15.0},
        effects={"Mail": 2.5, "Search": 7.5},
        note="After a mail a conversion was found to be 4/3 times as likely as without, after a search 4 times: without mails a quarter of the 10 conversions "
        "that follow one would be lost, without searches three quarters of theirs. All 20 conversions are shared out as 2.5 to 7.5.",
    )
    details: ClassVar[tuple[str, ...]] = ("contributions",)

    def fit(self, statistics: Statistics) -> Learned:
        """Removal effects of all channels, the same for every conversion. Raises UnavailableError with the reason when nothing can be said."""
        histories = histories_of(statistics, self.title)
        timeline, rng = Timeline(histories), np.random.default_rng(SEED)
        if reason := too_little(timeline):
            raise UnavailableError(f"{_UNTOLD}: {reason}")
        hazard = periods.hazard(timeline, rng)
        figures = at_conversions(timeline, MOST_CONVERSIONS, rng)
        effect = removal_effects(hazard, timeline, figures)
        if not effect.any():
            raise UnavailableError(f"{_UNTOLD}: no channel's touches make one likelier, as far as these events tell")
        found = learned(replace(statistics, units=histories.channels), effect, effect)
        explained = at_conversions(timeline, MOST_EXPLAINED, rng)
        return replace(found, contributions=contributions(hazard, timeline, histories.channels, explained))

    def unestimated(self, statistics: Statistics, reason: str) -> Learned:
        """That all conversions of the window are `not_estimated`, and why."""
        return not_estimated(statistics, reason)

    def allocate(self, touches: Touches, learned: Learned) -> Allocation:
        """The same shares for all conversions; a channel's is divided over its campaigns by their touches in these journeys."""
        if NOT_ESTIMATED in learned.units:
            return without_credit(touches)
        return ShareAllocation(
            share=_over_units(learned.share, learned.units, touches), value_share=_over_units(learned.value_share, learned.units, touches)
        )

    def conversion_chance(self, statistics: Statistics, asked: Asked) -> Floats:
        """(touches,) chance of a conversion within the days asked for, by what happened up to each touch. Raises ModelError for more than seven."""
        if asked.histories is None:
            raise absent(self.title, HISTORIES)
        if asked.ahead_days > periods.AHEAD_DAYS:
            raise ModelError(f"{self.title} foretells {periods.AHEAD_DAYS} days at most, not {asked.ahead_days}.")
        hazard = periods.hazard(Timeline(histories_of(statistics, self.title)), np.random.default_rng(SEED))
        timeline = Timeline(asked.histories)
        moments = timeline.moments_of(asked.histories.user, asked.histories.ts)
        return periods.chance_within(hazard, timeline, moments, asked.ahead_days)


def _over_units(share: Floats, channels: tuple[str, ...], touches: Touches) -> Floats:
    """(units,) shares of units that are channels, or begin with one, whose touches divide its share; equally where these journeys have none of them."""
    code = {channel: index for index, channel in enumerate(channels)}
    channel = np.array([code.get(unit.partition(UNIT_SEPARATOR)[0], -1) for unit in touches.units], dtype=np.int64)
    known = np.flatnonzero(channel >= 0)
    own = channel[known]
    counted = np.bincount(touches.unit, weights=touches.conversions[touches.journey], minlength=len(channel))[known]
    counted = np.where(np.bincount(own, weights=counted, minlength=len(channels))[own] > 0, counted, 1.0)
    spread = np.zeros(len(channel))
    spread[known] = share[own] * counted / np.bincount(own, weights=counted, minlength=len(channels))[own]
    return spread
