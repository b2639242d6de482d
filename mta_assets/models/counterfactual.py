"""Counterfactual attribution: a touch is worth what the conversion rate of its path has over that of the path without the touch (Google's fractribution)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints, Paths, Statistics, Touches, ranges
from mta_assets.contracts.path_hash import hashes_without_each, path_hashes, unit_hashes
from mta_assets.models.base import Example, Learned, LearnedModel, PathWeights, TouchAllocation
from mta_assets.models.learning import PRIOR_STRENGTH, absent, learned, nothing
from mta_assets.models.normalise import per_journey
from mta_assets.models.parameters import is_number, parameter, require

ROUNDING = (
    1e-12  # of a rate: a smaller gain is the rounding of two equal rates, and would earn the whole path where no other touch adds anything
)


@dataclass(frozen=True, kw_only=True)
class Counterfactual(LearnedModel):
    """Each converting path's credit goes to its touches in proportion to what each adds to the rate at which that very path converts.

    A touch that adds nothing or less earns nothing; where none adds anything, the last earns all (as in the original). A path of one touch earns it whole.
    Rates are shrunk towards the overall rate, so that a path seen once does not count as certain, nor one never seen as hopeless. The raw effect of a unit is
    what its touches add, less what they take away, on average over the conversions (over their value).
    """

    prior_strength: float = parameter(
        PRIOR_STRENGTH,
        range="a finite number of journeys >= 0",
        description="Journeys at the overall conversion rate that are added to every path; 0 takes rates as they were seen, and a path never seen as 0.",
    )

    title: ClassVar[str] = "Counterfactual gain (fractribution)"
    source: ClassVar[str] = "Fractribution, Google 2021, github.com/google/fractribution (Apache-2.0)"
    formula: ClassVar[str] = (
        "P(path) = (conversions + m r) / (journeys + m), r the overall rate; gain_i = max(P(path) - P(path without touch i), 0); "
        "w_i = gain_i / sum of gains over the path"
    )
    when: ClassVar[str] = (
        "Many journeys over few channels, so that most paths also occur with one touch less. Not where most paths are seen once: it falls back on the prior."
    )
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("C1", "C2", "C3"), "conversions": 1, "nulls": 0, "value": 70.0},
            {"path": ("C1",), "conversions": 0, "nulls": 1, "value": 0.0},
            {"path": ("C2", "C3"), "conversions": 0, "nulls": 1, "value": 0.0},
        ),
        credit={"C1": 3 / 7, "C2": 2 / 7, "C3": 2 / 7},
        effects={"C1": 3 / 303, "C2": 2 / 303, "C3": 2 / 303},
        note="With 100 journeys of prior at 1/3, P(C1 > C2 > C3) = 103/303 and P(C2 > C3) = 100/303; the paths without C2 or C3 were never seen and count as "
        "101/303. So C1 adds 3, C2 and C3 add 2 each.",
    )
    needs: ClassVar[tuple[str, ...]] = ("paths",)

    def __post_init__(self) -> None:
        holds = is_number(self.prior_strength) and 0 <= self.prior_strength < np.inf
        require(self, "prior_strength", holds=holds, remedy="100 is the default; 0 gives the original's weights")

    def fit(self, statistics: Statistics) -> Learned:
        """Weights for every path that converted, and what they come to per unit."""
        if statistics.paths is None:
            raise absent(self.title, "paths")
        table = self._rates(statistics.paths, statistics.units)
        earning = table.converting
        if not len(earning.conversions):
            return nothing(statistics, paths=PathWeights(path_hash=table.path_hash[:0], offsets=earning.offsets, weight=np.zeros(0)))
        gain = self._gains(table, statistics.units)
        weight, none = _weights(gain, earning.offsets)
        credit = _per_unit(weight, earning, len(statistics.units))
        added = _per_unit(gain, earning, len(statistics.units))
        total = np.array([earning.conversions.sum(), earning.value.sum()])
        effect, value_effect = added / np.where(total == 0, 1.0, total)[:, None]
        paths = PathWeights(path_hash=table.path_hash[table.converts], offsets=earning.offsets, weight=weight)
        last = earning.conversions[none].sum() / total[0]
        note = f"{last:.1%} of the conversions are on paths where no touch adds anything; they went to the last touch" if last > 0 else ""
        return replace(learned(statistics, *credit, paths=paths, note=note), effect=effect, value_effect=value_effect)

    def allocate(self, touches: Touches, learned: Learned) -> TouchAllocation:
        """The weights of each journey's path; a path that did not convert in the fit window is shared equally."""
        weight = np.zeros(len(touches.unit))
        known = learned.paths
        if known is not None and len(known.path_hash):
            path_hash = path_hashes(unit_hashes(touches.units)[touches.unit], touches.offsets)
            row = np.minimum(np.searchsorted(known.path_hash, path_hash), len(known.path_hash) - 1)
            found = (known.path_hash[row] == path_hash) & (np.diff(known.offsets)[row] == touches.length)
            length = touches.length[found]
            weight[ranges(touches.offsets[:-1][found], length)] = known.weight[ranges(known.offsets[row[found]], length)]
        return TouchAllocation(weight=per_journey(weight, touches))

    def _rates(self, paths: Paths, units: tuple[str, ...]) -> "_Rates":
        """The distinct paths with their shrunken conversion rates."""
        path_hash, first, index = np.unique(
            path_hashes(unit_hashes(units)[paths.unit], paths.offsets), return_index=True, return_inverse=True
        )
        conversions, nulls, value = (
            np.bincount(index, amount, len(path_hash)).astype(np.float64) for amount in (paths.conversions, paths.nulls, paths.value)
        )
        journeys = conversions + nulls
        overall = conversions.sum() / journeys.sum() if journeys.sum() > 0 else 0.0
        weight = journeys + self.prior_strength
        converts = (conversions > 0) & (np.diff(paths.offsets)[first] > 0)
        length = np.diff(paths.offsets)[first[converts]]
        return _Rates(
            path_hash=path_hash,
            rate=(conversions + self.prior_strength * overall) / np.where(weight > 0, weight, 1.0),
            unseen=overall if self.prior_strength > 0 else 0.0,
            converts=converts,
            converting=Paths(
                offsets=np.concatenate([[0], np.cumsum(length)]),
                unit=paths.unit[ranges(paths.offsets[first[converts]], length)],
                conversions=conversions[converts],
                nulls=nulls[converts],
                value=value[converts],
            ),
        )

    def _gains(self, table: "_Rates", units: tuple[str, ...]) -> Floats:
        """(touches,) of the converting paths: the path's rate less that of the path without the touch; of a single touch, the rate itself."""
        length = np.diff(table.converting.offsets)
        without = hashes_without_each(unit_hashes(units)[table.converting.unit], table.converting.offsets)
        row = np.minimum(np.searchsorted(table.path_hash, without), len(table.path_hash) - 1)
        rate_without = np.where(table.path_hash[row] == without, table.rate[row], table.unseen)
        rate_without[np.repeat(length, length) == 1] = 0.0
        rate = np.repeat(table.rate[table.converts], length)
        gain = rate - rate_without
        return np.where(np.abs(gain) <= ROUNDING * rate, 0.0, gain)


@dataclass(frozen=True, kw_only=True)
class _Rates:
    """path_hash (paths,) ascending, rate (paths,), unseen the rate of any other path; converts (paths,) and those paths themselves."""

    path_hash: Ints
    rate: Floats
    unseen: float
    converts: Bools
    converting: Paths


def _weights(gain: Floats, offsets: Ints) -> tuple[Floats, Bools]:
    """((touches,) positive gains as shares of their path, (paths,) whether it has none: there the last touch takes all)."""
    weight = np.clip(gain, 0.0, None)
    total = np.add.reduceat(weight, offsets[:-1])
    none = total == 0
    weight[offsets[1:][none] - 1] = 1.0
    return weight / np.repeat(np.where(none, 1.0, total), np.diff(offsets)), none


def _per_unit(part: Floats, paths: Paths, units: int) -> Floats:
    """(2, units): `part` of each touch, summed over the conversions and over the value of the paths."""
    sums = np.zeros((2, units))
    for row, amount in zip(sums, (paths.conversions, paths.value), strict=True):
        np.add.at(row, paths.unit, part * np.repeat(amount, np.diff(paths.offsets)))
    return sums
