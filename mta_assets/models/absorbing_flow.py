"""Absorbing Markov chains too large for dense algebra: the gains of walks through each group of states, by following the walks step by step. No attribution.

Only sums of non-negative numbers, and a stopping rule that bounds what is left: walks still under way cannot earn more than their number times the best gain.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from mta_assets.contracts.arrays import Bools, Floats

TOLERANCE = 1e-13  # of each group's gain, relative; and a thousandth of it of the whole gain, for groups that hardly earn
BLOCK = 64  # groups followed at once: bounds memory to states x 64 numbers
LOOK_EVERY = 8  # steps; to find out whether all walks are over takes as long as a step of a small chain


@dataclass(frozen=True, kw_only=True)
class SparseChain:
    """As `absorbing_chain.Chain`, but of probabilities: moves (states, states) and gains (states, kinds) are per visit of the state."""

    enters: Floats
    moves: csr_array
    gains: Floats
    groups: Bools


def gains_through_groups(chain: SparseChain, most_steps: int) -> Floats | None:
    """(groups, kinds) gains of the walks that touch each group; None when too many walks are still under way after the most steps allowed."""
    ahead = _expected_gains(chain, most_steps)
    if ahead is None:
        return None
    back = chain.moves.T.tocsr()
    total = chain.enters @ ahead
    blocks = np.array_split(np.arange(chain.groups.shape[1]), -(-chain.groups.shape[1] // BLOCK))
    found = [_through(chain.enters, back, ahead, chain.groups[:, block], total, most_steps) for block in blocks]
    whole = [part for part in found if part is not None]
    return np.concatenate(whole) if len(whole) == len(found) else None


def _expected_gains(chain: SparseChain, most_steps: int) -> Floats | None:
    """(states, kinds) what a walk that is in the state will earn from there on."""
    best, rate = np.abs(chain.gains).max(axis=0), np.abs(chain.enters @ chain.gains) / chain.enters.sum()
    # From each state: the probability of being under way after so many steps, and what is earned in the last of them.
    walk = np.column_stack([np.ones(len(chain.enters)), chain.gains])
    total = walk.copy()
    for number in range(1, most_steps + 1):
        walk = chain.moves @ walk
        total += walk
        if number % LOOK_EVERY:
            continue
        expected = total[:, 1:]
        rate = np.maximum(rate, np.abs(chain.enters @ expected) / chain.enters.sum())
        if np.all(walk[:, 0].max() * best <= TOLERANCE * rate):
            return np.asarray(expected)
    return None


def _through(enters: Floats, back: csr_array, ahead: Floats, groups: Bools, total: Floats, most_steps: int) -> Floats | None:
    """(groups, kinds): walks are followed until they touch the group, where they earn what is expected from there on."""
    best = np.abs(ahead).max(axis=0)
    count = groups.shape[1]
    state, group = np.nonzero(groups)
    place = state * count + group
    walking = np.repeat(enters[:, None], count, axis=1)
    arrived = np.zeros(len(place))  # walks that touched the group first in the state
    for number in range(most_steps):
        flat = walking.reshape(-1)
        arrived += flat.take(place)
        flat[place] = 0.0
        if number % LOOK_EVERY == 0:
            left = walking.sum(axis=0)[:, None] * best
            worth = arrived[:, None] * ahead[state]
            earned = np.stack([np.bincount(group, weights=kind, minlength=count) for kind in worth.T], axis=1)
            if np.all(left <= TOLERANCE * np.maximum(np.abs(earned), 1e-3 * np.abs(total))):
                return np.asarray(earned, dtype=np.float64)
        walking = back @ walking
    return None
