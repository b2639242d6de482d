"""Markov chain attribution of order 1, 2 or 3, with exact removal effects. The linear algebra is in `absorbing_chain` and `absorbing_flow`."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.sparse import coo_array

from mta_assets.contracts.arrays import Bools, Floats, Ints, Statistics, Touches, Transitions
from mta_assets.errors import ModelError
from mta_assets.models import absorbing_chain, absorbing_flow
from mta_assets.models.base import Asked, Example, Learned, LearnedModel
from mta_assets.models.learning import absent, learned, nothing
from mta_assets.models.parameters import parameter, require

MOST_UNITS = {1: None, 2: 200, 3: 50}

# Measured on one core: of order 1, dense algebra takes 2 s for 2,000 units and 12 s and 1 GB for 5,000, where following the walks takes 145 s for 2,000.
# Of order 2 with 50 units it takes 7 s and following the walks 0.5 s, unless walks are very long.
MOST_DENSE_STATES = {1: 10_000, 2: 3_000, 3: 3_000}
MANY_STEPS = 1_000  # walks longer than this are left to dense algebra, where that can be had
MOST_STEPS = 20_000


_JOURNEYS = (
    {"path": ("C1", "C2", "C3"), "conversions": 1, "nulls": 0, "value": 100.0},
    {"path": ("C1",), "conversions": 0, "nulls": 1, "value": 0.0},
    {"path": ("C2", "C3"), "conversions": 0, "nulls": 1, "value": 0.0},
)
_CREDIT, _EFFECTS = {"C1": 0.2, "C2": 0.4, "C3": 0.4}, {"C1": 0.5, "C2": 1.0, "C3": 1.0}
_EXAMPLES = {
    1: Example(
        journeys=_JOURNEYS,
        credit=_CREDIT,
        effects=_EFFECTS,
        note="Journeys start at C1 (2/3) or C2 (1/3); C1 leads to C2 half the time, C2 always to C3, C3 converts half the time: 1/3 in all. "
        "Without C1 a half of that is left, without C2 or C3 nothing.",
    ),
    2: Example(
        journeys=_JOURNEYS,
        credit=_CREDIT,
        effects=_EFFECTS,
        note="Journeys start at C1 alone, at C1>C2 or at C2>C3 (1/3 each); C1>C2 leads to C2>C3, which converts half the time: 1/3 in all. "
        "Without C1 the third that starts at C2>C3 is left, a half of that; without C2 or C3 nothing.",
    ),
    3: Example(
        journeys=_JOURNEYS,
        credit={"C1": 1 / 3, "C2": 1 / 3, "C3": 1 / 3},
        effects={"C1": 1.0, "C2": 1.0, "C3": 1.0},
        note="Each path is one state of its own, and only C1>C2>C3 converts: without any of its channels nothing is left.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Markov(LearnedModel):
    """Credit by removal effect: the share of conversions that is lost when every journey that reaches the channel ends there without converting.

    A state is the window of the last `order` touches; equal neighbours are one. Null journeys count. For value, a converting walk is worth the mean value of
    the journeys that end in its last state.
    """

    order: int = parameter(1, range="1, 2 or 3", description="How many touches back the chain remembers.")

    title: ClassVar[str] = "Markov chain (removal effect)"
    source: ClassVar[str] = "Anderl et al. 2016, doi:10.1016/j.ijresmar.2016.03.001"
    formula: ClassVar[str] = (
        "effect_c = g_G' inv(N_GG) b_G / P(conversion), G the states that hold c (order 1: g_c b_c / (N_cc P(conversion))); "
        "credit_c = effect_c / sum of effects x conversions"
    )
    when: ClassVar[str] = (
        "Many journeys, null ones among them, when the order of touches may matter. Not with few conversions, nor to read single journeys: "
        "all conversions are shared out alike."
    )

    def __post_init__(self) -> None:
        holds = self.order in MOST_UNITS and not isinstance(self.order, bool)
        require(self, "order", holds=holds, remedy="1 is usual; a higher order needs many more journeys")

    @property
    def example(self) -> Example:  # type: ignore[override]  # it follows from a parameter
        """The three journeys of the documentation, at its own order."""
        return _EXAMPLES[self.order]

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]  # it follows from a parameter
        """The transitions of its own order."""
        return (f"transitions_{self.order}",)

    def fit(self, statistics: Statistics) -> Learned:
        """Removal effects of all units. Raises ModelError when there are too many units for the order, or walks are too long to be followed."""
        transitions = statistics.transitions.get(self.order)
        if transitions is None:
            raise absent(f"Markov of order {self.order}", f"transitions_{self.order}")
        present = np.unique(transitions.states[transitions.states >= 0])
        self._require_few(len(present))
        total = np.array([transitions.conversions.sum(), transitions.value.sum()])
        if total[0] <= 0:
            return nothing(statistics)
        effects = np.zeros((len(statistics.units), 2))
        effects[present] = removal_losses(transitions, present) / np.where(total == 0, 1.0, total)
        return learned(statistics, effects[:, 0], effects[:, 1])

    def conversion_chance(self, statistics: Statistics, asked: Asked) -> Floats:
        """(touches,) chance of ending in a conversion, from the state of the last `order` touches; after fewer, the mean over the states that begin so.

        What was never seen has the overall rate. Raises ModelError when there are too many states for dense algebra.
        """
        transitions = statistics.transitions.get(self.order)
        if transitions is None:
            raise absent(f"Markov of order {self.order}", f"transitions_{self.order}")
        return conversion_chances(transitions, asked.runs)

    def _require_few(self, units: int) -> None:
        most = MOST_UNITS[self.order]
        if most is not None and units > most:
            raise ModelError(
                f"Markov of order {self.order} takes up to {most} channels or campaigns, here are {units}. "
                "Set a lower 'order' for this model in mta.yaml, or group by channel instead of campaign."
            )


def removal_losses(transitions: Transitions, units: Ints) -> Floats:
    """(units, 2) conversions and value that go through each unit's states: what its removal would lose.

    Raises ModelError when walks are too long to be followed and the states too many for dense algebra.
    """
    used = _visits(transitions) > 0
    groups = np.any(transitions.states[:, :, None] == units, axis=1)
    small = used.sum() <= MOST_DENSE_STATES[transitions.order]
    losses = None
    if transitions.order > 1 or not small:
        losses = absorbing_flow.gains_through_groups(_sparse(transitions, groups), MANY_STEPS if small else MOST_STEPS)
    if losses is None and small:
        losses = absorbing_chain.gains_through_groups(_dense(transitions, groups, used))
    if losses is None:
        raise ModelError(
            f"Markov of order {transitions.order}: of {len(used):,} states, some are left only after more than {MOST_STEPS:,} steps. "
            "Set a lower 'order' for this model in mta.yaml, group by channel instead of campaign, or shorten 'lookback_days'."
        )
    return losses


def conversion_chances(transitions: Transitions, touches: Touches) -> Floats:
    """(touches,) chance of converting, by the state that each touch brings its journey to."""
    order, base = transitions.order, len(touches.units) + 1
    chance, journeys = _state_chances(transitions)
    overall = float((transitions.starts * chance).sum() / max(transitions.starts.sum(), 1.0))
    found = np.full(len(touches.unit), overall)
    known = np.minimum(touches.position + 1, order)
    for length in range(1, order + 1):
        at = np.flatnonzero(known == length)
        window = np.stack([touches.unit[at - back] for back in reversed(range(length))], axis=1) + 1
        states = transitions.states[:, :length] + 1
        weight = journeys if length == order else transitions.starts
        found[at] = _looked_up(_coded(window, base), _coded(states, base), chance, weight, overall)
    return found


def _state_chances(transitions: Transitions) -> tuple[Floats, Floats]:
    """((states,) chance of converting from each, (states,) how often each was visited)."""
    visits = _visits(transitions)
    used = visits > 0
    if used.sum() > MOST_DENSE_STATES[transitions.order]:
        raise ModelError(
            f"Markov of order {transitions.order} predicts from up to {MOST_DENSE_STATES[transitions.order]:,} states, here are {used.sum():,}."
        )
    chance = np.zeros(len(used))
    if used.any():
        nothing_held = np.zeros((len(used), 0), dtype=np.bool_)
        chance[used] = absorbing_chain.expected_gains(_dense(transitions, nothing_held, used))[:, 0]
    return np.clip(chance, 0.0, 1.0), visits


def _looked_up(wanted: Ints, code: Ints, chance: Floats, weight: Floats, otherwise: float) -> Floats:
    """(wanted,) weighted mean of the chances of the states with the code."""
    codes, index = np.unique(code, return_inverse=True)
    total = np.bincount(index, weight)
    mean = np.where(total > 0, np.bincount(index, weight * chance) / np.where(total > 0, total, 1.0), otherwise)
    row = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(codes[row] == wanted, mean[row], otherwise) if len(codes) else np.full(len(wanted), otherwise)


def _coded(digits: Ints, base: int) -> Ints:
    """(rows,) one number for each row of digits below `base`."""
    return np.asarray(digits.astype(np.int64) @ base ** np.arange(digits.shape[1], dtype=np.int64))


def _visits(transitions: Transitions) -> Floats:
    """(states,) how often each state is left or ended in."""
    steps = np.bincount(transitions.origin, weights=transitions.count, minlength=len(transitions.states))
    return np.asarray(steps + transitions.conversions + transitions.nulls)


def _dense(transitions: Transitions, groups: Bools, used: Bools) -> absorbing_chain.Chain:
    number = np.cumsum(used) - 1
    real = used[transitions.origin] & used[transitions.target]
    moves = np.zeros((used.sum(), used.sum()))
    moves[number[transitions.origin[real]], number[transitions.target[real]]] = transitions.count[real]
    return absorbing_chain.Chain(
        enters=transitions.starts[used],
        moves=moves,
        exits=(transitions.conversions + transitions.nulls)[used],
        gains=np.stack([transitions.conversions, transitions.value], axis=1)[used],
        groups=groups[used],
    )


def _sparse(transitions: Transitions, groups: Bools) -> absorbing_flow.SparseChain:
    per_visit = 1.0 / np.maximum(_visits(transitions), np.finfo(np.float64).tiny)
    states = len(transitions.states)
    chance = transitions.count * per_visit[transitions.origin]
    return absorbing_flow.SparseChain(
        enters=transitions.starts,
        moves=coo_array((chance, (transitions.origin, transitions.target)), shape=(states, states)).tocsr(),
        gains=np.stack([transitions.conversions, transitions.value], axis=1) * per_visit[:, None],
        groups=groups,
    )
