"""Shapley attribution of the game of conversion rates: what each channel adds to the rate at which a set of channels converts, null journeys included."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Coalitions, Floats, Ints, Statistics, Touches, ranges
from mta_assets.errors import ModelError
from mta_assets.models.base import Asked, Example, Learned, LearnedModel
from mta_assets.models.learning import PRIOR_STRENGTH, absent, learned, nothing
from mta_assets.models.parameters import is_number, parameter, require
from mta_assets.models.set_functions import completion, shapley_values, subset_sums

MOST_EXACT_UNITS = 20
SAMPLED_PAIRS = 500  # of an order of arrival and its reverse, which cancels much of the noise
SEED = 1953  # of the sampled orders: fixed, so that the same data give the same credit


@dataclass(frozen=True, kw_only=True)
class ShapleyRate(LearnedModel):
    """Each channel's Shapley value in the game v(S) = K(S) / (N(S) + m): conversions over journeys, of those whose channels all lie within S.

    The m journeys of the prior convert at 0, the rate of no channels at all: so a set that was hardly seen is worth little, an unknown channel nothing, and
    the values sum to the overall rate. (A prior at the overall rate would make them sum to 0, and credit would be the noise that is left above it.)
    """

    prior_strength: float = parameter(
        PRIOR_STRENGTH,
        range="a finite number of journeys >= 0",
        description="Journeys without conversion that are added to every set of channels, so that a rate seen in few journeys counts little.",
    )

    title: ClassVar[str] = "Shapley value of conversion rates"
    source: ClassVar[str] = "Shapley 1953, doi:10.1515/9781400881970-018; dividends: Harsanyi 1963, doi:10.2307/2525487"
    formula: ClassVar[str] = (
        "v(S) = K(S) / (N(S) + m); effect_c = sum over S with c of dividend(S) / |S|; credit_c = effect_c / sum of effects x conversions"
    )
    when: ClassVar[str] = (
        "To see which channels go with a higher conversion rate, null journeys included. Not for volume: a small channel with a good rate may earn more than "
        "a large one, and a channel that lowers the rate earns nothing (its raw effect is negative)."
    )
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("A",), "conversions": 20, "nulls": 80, "value": 200.0},
            {"path": ("B",), "conversions": 20, "nulls": 280, "value": 200.0},
            {"path": ("A", "B"), "conversions": 140, "nulls": 360, "value": 1400.0},
        ),
        credit={"A": 115.0, "B": 65.0},
        effects={"A": 0.115, "B": 0.065},
        note="With 100 journeys of prior v(A) = 20/200, v(B) = 20/400 and v(A, B) = 180/1000. A adds .10 when first and .13 after B: .115 on average; B adds "
        ".05 or .08: .065. The 180 conversions are shared 115 to 65.",
    )
    needs: ClassVar[tuple[str, ...]] = ("coalitions",)

    def __post_init__(self) -> None:
        holds = is_number(self.prior_strength) and 0 <= self.prior_strength < np.inf
        require(self, "prior_strength", holds=holds, remedy="100 is the default; 0 takes every rate as it was seen")

    def fit(self, statistics: Statistics) -> Learned:
        """Shapley values of all units: exact up to 20 that occur, else over sampled orders of arrival, with the standard error in the note."""
        if statistics.coalitions is None:
            raise absent(self.title, "coalitions")
        sets = _touched(statistics.coalitions)
        if not sets.conversions.any():
            return nothing(statistics)
        present, player = np.unique(sets.unit, return_inverse=True)
        amounts = np.asfortranarray(np.stack([sets.conversions + sets.nulls, sets.conversions, sets.value], axis=1))
        note = ""
        if len(present) <= MOST_EXACT_UNITS:
            values = self._exact(amounts, sets.offsets, player, len(present))
        else:
            values, error = self._sampled(amounts, sets.offsets, player, len(present))
            note = (
                f"{len(present)} units: values over {2 * SAMPLED_PAIRS:,} sampled orders (exact up to {MOST_EXACT_UNITS}); "
                f"standard error of a share of conversions at most {error:.2g}"
            )
        effects = np.zeros((len(statistics.units), 2))
        effects[present] = values
        return learned(statistics, effects[:, 0], effects[:, 1], note=note)

    def conversion_chance(self, statistics: Statistics, asked: Asked) -> Floats:
        """(touches,) worth of the set of units up to each touch: the shrunken rate of journeys that keep within it. Raises ModelError for too many units."""
        if statistics.coalitions is None:
            raise absent(self.title, "coalitions")
        sets, units = _touched(statistics.coalitions), len(asked.runs.units)
        if units > MOST_EXACT_UNITS:
            raise ModelError(f"{self.title} predicts with up to {MOST_EXACT_UNITS} channels or campaigns, here are {units}.")
        by_set = np.zeros((1 << units, 3))
        mask = np.add.reduceat(np.left_shift(1, sets.unit), sets.offsets[:-1]) if len(sets.unit) else sets.unit
        np.add.at(by_set, mask, np.stack([sets.conversions + sets.nulls, sets.conversions, sets.value], axis=1))
        return np.asarray(self._worth(subset_sums(by_set))[_sets_so_far(asked.runs), 0])

    def _exact(self, amounts: Floats, offsets: Ints, player: Ints, players: int) -> Floats:
        """(players, 2) by Harsanyi dividends over all 2^players sets."""
        mask = np.add.reduceat(np.left_shift(1, player), offsets[:-1])
        by_set = np.zeros((1 << players, 3))
        np.add.at(by_set, mask, amounts)
        return shapley_values(self._worth(subset_sums(by_set)))

    def _sampled(self, amounts: Floats, offsets: Ints, player: Ints, players: int) -> tuple[Floats, float]:
        """((players, 2), largest standard error of a player's share of conversions): mean gains over random orders and their reverses."""
        rng = np.random.default_rng(SEED)
        total, squares = np.zeros((2, players, 2))
        for _ in range(SAMPLED_PAIRS):
            order = rng.permutation(players)
            gain = (self._gains(order, amounts, offsets, player) + self._gains(order[::-1], amounts, offsets, player)) / 2
            total += gain
            squares += gain**2
        mean = total / SAMPLED_PAIRS
        variance = np.clip(squares / SAMPLED_PAIRS - mean**2, 0.0, None) / (SAMPLED_PAIRS - 1)
        return mean, float(np.sqrt(variance[:, 0].max()) / mean[:, 0].sum())

    def _gains(self, order: Ints, amounts: Floats, offsets: Ints, player: Ints) -> Floats:
        """(players, 2) what each player adds when it arrives in this order."""
        complete = completion(order, offsets, player)
        by_arrival = np.stack([np.bincount(complete, amount, len(order)) for amount in amounts.T], axis=1)
        gain = np.empty((len(order), 2))
        gain[order] = np.diff(self._worth(np.cumsum(by_arrival, axis=0)), axis=0, prepend=0.0)
        return gain

    def _worth(self, sums: Floats) -> Floats:
        """(n, 2) conversions and value per journey of n sets, of their sums (n, 3): journeys, conversions, value. Nothing for a set without journeys."""
        journeys = sums[:, :1] + self.prior_strength
        return np.asarray(sums[:, 1:] / np.where(journeys > 0, journeys, 1.0))


def _sets_so_far(touches: Touches) -> Ints:
    """(touches,) bit mask of the units of each journey up to each touch."""
    first = np.zeros(len(touches.unit), dtype=np.bool_)
    first[np.unique(touches.groups.of_touch, return_index=True)[1]] = True
    seen = np.concatenate([[0], np.cumsum(np.where(first, np.left_shift(1, touches.unit.astype(np.int64)), 0))])
    return np.asarray(seen[1:] - seen[touches.offsets[:-1]][touches.journey])


def _touched(sets: Coalitions) -> Coalitions:
    """Without the empty set and sets of no weight."""
    members = np.diff(sets.offsets)
    keep = (members > 0) & (sets.conversions + sets.nulls > 0)
    return Coalitions(
        offsets=np.concatenate([[0], np.cumsum(members[keep])]),
        unit=sets.unit[ranges(sets.offsets[:-1][keep], members[keep])],
        conversions=sets.conversions[keep],
        nulls=sets.nulls[keep],
        value=sets.value[keep],
    )
