"""Absorbing Markov chains too large for dense algebra: the gains of walks through each group of states, by following the walks step by step. No attribution.

Only sums of non-negative numbers, and a stopping rule that bounds what is left: walks still under way cannot earn more than their number times the best gain.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.errors import ModelError

TOLERANCE = 1e-13  # of each group's gain, relative; and a thousandth of it of the whole gain, for groups that hardly earn
MOST_STEPS = 20_000
BLOCK = 64  # groups followed at once: bounds memory to states x 64 numbers


@dataclass(frozen=True, kw_only=True)
class SparseChain:
    """As `absorbing_chain.Chain`, but of probabilities: moves (states, states) and gains (states, kinds) are per visit of the state."""

    enters: Floats
    moves: csr_array
    gains: Floats
    groups: Bools


def gains_through_groups(chain: SparseChain) -> Floats:
    """(groups, kinds) gains of the walks that touch each group. Raises ModelError when walks are too long to be followed."""
    ahead = _expected_gains(chain)
    back = chain.moves.T.tocsr()
    total = chain.enters @ ahead
    blocks = np.array_split(np.arange(chain.groups.shape[1]), -(-chain.groups.shape[1] // BLOCK))
    return np.concatenate([_through(chain.enters, back, ahead, chain.groups[:, block], total) for block in blocks])


def _expected_gains(chain: SparseChain) -> Floats:
    """(states, kinds) what a walk that is in the state will earn from there on."""
    best, rate = np.abs(chain.gains).max(axis=0), np.abs(chain.enters @ chain.gains) / chain.enters.sum()
    still: Floats = np.ones(len(chain.enters))  # probability of being under way after so many steps, from each state
    step, expected = chain.gains, chain.gains
    for _ in range(MOST_STEPS):
        still, step = chain.moves @ still, chain.moves @ step
        expected = expected + step
        rate = np.maximum(rate, np.abs(chain.enters @ expected) / chain.enters.sum())
        if np.all(still.max() * best <= TOLERANCE * rate):
            return np.asarray(expected)
    raise _too_long()


def _through(enters: Floats, back: csr_array, ahead: Floats, groups: Bools, total: Floats) -> Floats:
    """(groups, kinds): walks are followed until they touch the group, where they earn what is expected from there on."""
    best = np.abs(ahead).max(axis=0)
    outside = ~groups
    walking = np.repeat(enters[:, None], groups.shape[1], axis=1)
    earned = (walking * groups).T @ ahead
    for _ in range(MOST_STEPS):
        walking *= outside
        walking = back @ walking
        earned += (walking * groups).T @ ahead
        left = (walking * outside).sum(axis=0)[:, None] * best
        if np.all(left <= TOLERANCE * np.maximum(np.abs(earned), 1e-3 * np.abs(total))):
            return np.asarray(earned)
    raise _too_long()


def _too_long() -> ModelError:
    return ModelError(
        f"Markov: walks were still under way after {MOST_STEPS:,} steps, because journeys are very long and few end. "
        "Set a lower 'order' for this model in mta.yaml, group by channel instead of campaign, or shorten 'lookback_days'."
    )
