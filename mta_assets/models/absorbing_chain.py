"""Absorbing Markov chains of counts, dense, without a single subtraction: what walks through each group of states earn. Plain linear algebra, no attribution.

Counts instead of probabilities, and exits kept beside the moves, let every pivot be a sum of non-negative numbers. So each entry of the result has full
relative precision however rare exits are. Source: Grassmann, Taksar and Heyman 1985, doi:10.1287/opre.33.5.1107.
"""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chain's counts. A walk enters at a state, moves, and exits; some exits earn.

    enters: (states,) walks that begin there. moves: (states, states) steps from row to column; the diagonal is never read.
    exits: (states,) walks that end there. gains: (states, kinds) what those that end there earn, one column per kind of gain.
    groups: (states, groups) bool, which states each group holds. Every state must lead to an exit.
    """

    enters: Floats
    moves: Floats
    exits: Floats
    gains: Floats
    groups: Bools


def gains_through_groups(chain: Chain) -> Floats:
    """(groups, kinds) gains of the walks that touch each group: what removing the group would lose.

    With N the fundamental matrix, g the expected visits and b the expected gain of each state, row c is g_G' inv(N_GG) b_G over the states G of group c.
    Where groups are single states that is g_c b_c / N_cc. Else it is computed by halving: the states that no group of a half holds are eliminated once
    for the whole half, until one group is left.
    """
    return _through(chain, np.arange(chain.groups.shape[1]))


def expected_gains(chain: Chain) -> Floats:
    """(states, kinds) what a walk earns from each state on."""
    return np.asarray(inverse(chain.moves, chain.exits) @ chain.gains)


def inverse(moves: Floats, exits: Floats) -> Floats:
    """(n, n) inverse of diag(exits + row sums of moves) - moves, by halves. Entry (i, j) times what leaves j is the expected visits to j from i."""
    n = len(exits)
    if n == 1:
        return 1.0 / exits[:, None]
    a, b = slice(0, n // 2), slice(n // 2, n)
    first = inverse(moves[a, a], exits[a] + moves[a, b].sum(axis=1))
    ahead, back = first @ moves[a, b], moves[b, a] @ first
    rest = inverse(moves[b, b] + moves[b, a] @ ahead, exits[b] + back @ exits[a])
    result = np.empty((n, n))
    result[b, b] = rest
    result[a, b] = ahead @ rest
    result[b, a] = rest @ back
    result[a, a] = first + ahead @ result[b, a]
    return result


def censored(chain: Chain, keep: Bools) -> Chain:
    """The same walks seen only while they are in the states of `keep`; what they do elsewhere becomes moves, exits and gains between those."""
    if keep.all():
        return chain
    gone = ~keep
    out = chain.moves[np.ix_(keep, gone)]
    inner = chain.moves[np.ix_(gone, keep)]
    visits = inverse(chain.moves[np.ix_(gone, gone)], chain.exits[gone] + inner.sum(axis=1))
    away = out @ visits
    return Chain(
        enters=chain.enters[keep] + chain.enters[gone] @ visits @ inner,
        moves=chain.moves[np.ix_(keep, keep)] + away @ inner,
        exits=chain.exits[keep] + away @ chain.exits[gone],
        gains=chain.gains[keep] + away @ chain.gains[gone],
        groups=chain.groups[keep],
    )


def _through(chain: Chain, groups: Ints) -> Floats:
    keep: Bools = np.any(chain.groups[:, groups], axis=1)
    if not keep.any():
        return np.zeros((len(groups), chain.gains.shape[1]))
    rest = censored(chain, keep)
    held = rest.groups[:, groups]
    if len(groups) > 1 and held.sum(axis=0).max() > 1:
        return np.concatenate([_through(rest, half) for half in np.array_split(groups, 2)])
    visits = inverse(rest.moves, rest.exits)
    if len(groups) == 1:
        return np.asarray(rest.enters @ visits @ rest.gains)[None]
    reached = rest.enters @ visits / np.diag(visits)
    return np.asarray(held.T @ (reached[:, None] * (visits @ rest.gains)))
