"""What is summed over the touches of each channel: what followed them and what was expected to, by bucket of users, and what they tell of themselves."""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints
from mta_assets.contracts.tables import BUCKETS
from mta_assets.models.histories.timeline import SECONDS_PER_DAY, Moments, Singles, some
from mta_assets.models.incremental.comparison import INTENT_SECONDS, PAUSE_SECONDS, Comparison
from mta_assets.models.incremental.diagnostics import balance, effective_touches
from mta_assets.models.incremental.estimate import NAMES, Sums

MOST_TOUCHES = 40_000  # of a channel of which it is worked out what was expected; what followed is counted after all


@dataclass(frozen=True, kw_only=True)
class Told:
    """Of one channel. sums: by name of `estimate.NAMES`, (BUCKETS,); users: who were touched; the others as in the contract of increments."""

    sums: Sums
    users: int
    overlap: float
    imbalance: float
    calibration: float
    effective_touches: float


def told(comparison: Comparison, touches: Ints, rng: np.random.Generator) -> Told:
    """What the touches of a channel, as ascending keys, tell."""
    if not len(touches):
        none = dict.fromkeys(NAMES, np.zeros(BUCKETS))
        return Told(sums=none, users=0, overlap=1.0, imbalance=np.nan, calibration=np.nan, effective_touches=0.0)
    timeline, controls = comparison.timeline, comparison.controls
    everything, sample = timeline.moments(touches), timeline.moments(some(touches, MOST_TOUCHES, rng))
    history = timeline.history(sample)
    expected, sums = _expected(comparison, sample, history)
    imbalance, calibration = balance(history, expected, controls)
    return Told(
        sums=_followed(comparison, everything) | sums,
        users=len(np.unique(everything.user)),
        overlap=float((timeline.between(touches, controls.moments, 0, SECONDS_PER_DAY) == 0).mean()),
        imbalance=imbalance,
        calibration=calibration,
        effective_touches=effective_touches(everything.user),
    )


def _followed(comparison: Comparison, moments: Moments) -> dict[str, Floats]:
    """What came before and after all touches."""
    buckets, horizons = _Buckets.of(comparison, moments), comparison.horizons
    early, late = _whole(comparison, moments)
    return {
        "touches": buckets.count(),
        "outcome": buckets.sum(comparison.outcome(moments, horizons.full)),
        "provisional": buckets.sum(comparison.outcome(moments, horizons.provisional)),
        "before_touches": buckets.count(early),
        "before": buckets.sum(comparison.visits_before(moments), early),
        "after_touches": buckets.count(late),
        "after": buckets.sum(comparison.visits_after(moments), late),
    }


def _expected(comparison: Comparison, moments: Moments, history: Singles) -> tuple[Floats, dict[str, Floats]]:
    """((moments,) conversions expected of some touches without them, and sums of all that was expected)."""
    buckets, expected = _Buckets.of(comparison, moments), comparison.expected(moments, history)
    early, late = _whole(comparison, moments)
    visiting = (expected.visiting, expected.visiting_provisional)
    sums = {
        "sampled": buckets.count(),
        "expected": buckets.sum(expected.full),
        "expected_provisional": buckets.sum(expected.provisional),
        "before_sampled": buckets.count(early),
        "before_expected": buckets.sum(expected.before, early),
        "after_sampled": buckets.count(late),
        "after_expected": buckets.sum(expected.after, late),
    }
    named = zip(("visiting", "visiting_provisional"), visiting, strict=True)
    return expected.full, sums | {name: np.full(BUCKETS, np.nan) if each is None else buckets.sum(each) for name, each in named}


def _whole(comparison: Comparison, moments: Moments) -> tuple[Bools, Bools]:
    """((moments,) whether all the time before in which intent shows is within the window, the same of the time after)."""
    return moments.at > INTENT_SECONDS, moments.at < comparison.timeline.end - PAUSE_SECONDS - INTENT_SECONDS


@dataclass(frozen=True, kw_only=True)
class _Buckets:
    """bucket: (moments,) that of each moment's user."""

    bucket: Ints

    @classmethod
    def of(cls, comparison: Comparison, moments: Moments) -> "_Buckets":
        return cls(bucket=comparison.timeline.users[moments.user] & (BUCKETS - 1))

    def sum(self, amount: Floats, where: Bools | None = None) -> Floats:
        """(BUCKETS,) sums."""
        chosen = slice(None) if where is None else where
        return np.bincount(self.bucket[chosen], weights=amount[chosen], minlength=BUCKETS).astype(np.float64)

    def count(self, where: Bools | None = None) -> Floats:
        """(BUCKETS,) how many moments."""
        return self.sum(np.ones(len(self.bucket)), where)
