"""How far credit is from the truth, over the paid channels. Pure arithmetic on one number per channel."""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Floats


@dataclass(frozen=True, kw_only=True)
class Distance:
    """One model on one world; None where the truth leaves it undefined.

    total_variation: half the sum of the differences between credited and true shares, 0 to 1. over_claim: credited over truly incremental conversions.
    claimed_share: credited to paid channels, of all conversions. rank_correlation: Spearman's, of credited with incremental conversions.
    worst_channel: index of the channel whose share is farthest off; worst_error: its credited share less its true one.
    """

    total_variation: float | None
    over_claim: float | None
    claimed_share: float
    rank_correlation: float | None
    worst_channel: int | None
    worst_error: float | None


def distance(credit: Floats, increment: Floats, conversions: float) -> Distance:
    """credit, increment: (paid channels,) credited and truly incremental conversions; conversions: all there are.

    A negative amount has no share. Credit that is nowhere positive is as far from the truth as can be.
    """
    claimed = float(credit.sum())
    true = shares(increment)
    if true is None:
        return Distance(
            total_variation=None,
            over_claim=None,
            claimed_share=claimed / conversions,
            rank_correlation=None,
            worst_channel=None,
            worst_error=None,
        )
    given = shares(credit)
    error = (np.zeros_like(true) if given is None else given) - true
    worst = int(np.argmax(np.abs(error))) if error.any() else None
    return Distance(
        total_variation=1.0 if given is None else float(np.abs(error).sum() / 2),
        over_claim=claimed / float(increment.sum()),
        claimed_share=claimed / conversions,
        rank_correlation=rank_correlation(credit, increment),
        worst_channel=worst,
        worst_error=None if worst is None else float(error[worst]),
    )


def shares(amounts: Floats) -> Floats | None:
    """(channels,) that sum to 1; None when no amount is positive."""
    positive = np.clip(amounts, 0.0, None)
    total = positive.sum()
    return positive / total if total > 0 else None


def mean_ranks(numbers: Floats) -> Floats:
    """(n,) rank of each, from 1; ties share their mean rank."""
    # As scipy's rankdata, which takes a second to import.
    _, which, count = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[which])


def rank_correlation(one: Floats, other: Floats) -> float | None:
    """Spearman's, ties sharing their mean rank; None when one of the two does not vary."""
    ranks = np.stack([mean_ranks(one), mean_ranks(other)])
    spread = ranks - ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((spread**2).sum(axis=1))
    return float((spread[0] * spread[1]).sum() / size.prod()) if size.all() else None
