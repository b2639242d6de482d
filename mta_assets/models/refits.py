"""A learned model fitted again without each group of users: what the uncertainty of what it learned is made of. No error and no band: those are in marts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import HISTORIES, Floats, Statistics
from mta_assets.contracts.tables import BUCKETS
from mta_assets.models.base import Learned, LearnedModel, align

# Chains of order 2 and 3 are followed walk by walk: a fit of order 3 takes 0.14 s with 1,300 states, and 64 of them longer than all the rest of a day's run.
FEWER_GROUPS = 16
MANY_STEPS = 2_000  # of a chain of order 1, from which on fewer groups are left out as well
MOST_STEPS = 60_000  # of a chain, from which on none is: a fit takes seconds


@dataclass(frozen=True, kw_only=True)
class Refits:
    """What a model learned without each group. effect, share, value_share: (units, groups), in the order of the whole fit's units."""

    effect: Floats
    share: Floats
    value_share: Floats


def groups_for(statistics: Statistics, model: LearnedModel) -> int:
    """How many groups of users to leave out of these statistics, one at a time: a divisor of `BUCKETS`; 0 when refitting would take too long.

    It follows from the size of the data alone, so that the same data give the same bands on every machine.
    """
    if HISTORIES in model.needs:
        return 0
    chains = [chain for order, chain in statistics.transitions.items() if f"transitions_{order}" in model.needs]
    steps = max((len(chain.count) for chain in chains), default=0)
    if steps > MOST_STEPS:
        return 0
    return FEWER_GROUPS if steps > MANY_STEPS or any(chain.order > 1 for chain in chains) else BUCKETS


def fitting_needs(model: LearnedModel) -> tuple[str, ...]:
    """The statistics that a fit reads: what the model needs, but for positions, which split what was learned, and events, which are no statistic."""
    return tuple(need for need in model.needs if need not in {"positions", HISTORIES})


def refit(model: LearnedModel, whole: Learned, without: Iterable[Statistics]) -> Refits:
    """Fit the model to each of the statistics. whole: the fit to all users; a unit that a group alone had is worth nothing without it."""
    fits = [model.fit(statistics) for statistics in without]

    def each(measure: str) -> Floats:
        return np.stack([align(getattr(fit, measure), fit.units, whole.units) for fit in fits], axis=1)

    return Refits(effect=each("effect"), share=each("share"), value_share=each("value_share"))
