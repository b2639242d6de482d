"""What would have been expected without a touch: counts after random moments and after visits that tell of intent, with the same history. No judging."""

from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.models.histories.timeline import SECONDS_PER_DAY, Moments, Singles, Timeline, some
from mta_assets.models.histories.trees import FOLDS, Expectation, expectations

MOST_MOMENTS = 300_000  # that expectations are learned from
MOMENTS_PER_EVENT = 1  # of smaller data
INTENT_SECONDS = 3 * SECONDS_PER_DAY  # before and after a touch, in which visits tell of intent
PAUSE_SECONDS = SECONDS_PER_DAY  # after a touch, which are left out: one visit stands for others of its day, and a purchase ends them
_TREES, _FEWER_TREES = 100, 60
_BUCKET_BITS = 6  # of the user's hash, that the jackknife uses; the next one parts the folds


@dataclass(frozen=True, kw_only=True)
class Horizons:
    """How long after a moment conversions count, in seconds: for the figure itself, and for the one that is known sooner."""

    full: int
    provisional: int


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Counts that are expected after some moments by their history, (moments,) each. visiting*: None without visits that tell of intent.

    full, provisional: conversions after random moments within the horizons; visiting, visiting_provisional: after visits that tell of intent;
    before, after: such visits in `INTENT_SECONDS` before, by the history before them, and after `PAUSE_SECONDS`.
    """

    full: Floats
    provisional: Floats
    before: Floats
    after: Floats
    visiting: Floats | None
    visiting_provisional: Floats | None


@dataclass(frozen=True, kw_only=True)
class Controls:
    """The random moments: what followed and what was expected of it (cross-fitted), and their history. (moments, ...)."""

    moments: Moments
    history: Singles
    outcome: Floats
    expected: Floats


class Comparison:
    """The expectations of one window. visits: ascending keys of the visits that tell of intent, maybe none."""

    def __init__(self, timeline: Timeline, visits: Ints, horizons: Horizons, rng: np.random.Generator) -> None:
        self.timeline, self.visits, self.horizons = timeline, visits, horizons
        events = sum(len(keys) for keys in timeline.touches) + len(timeline.conversions)
        count = min(MOST_MOMENTS, MOMENTS_PER_EVENT * events)
        moments = timeline.random_moments(count, rng)
        history, fold = timeline.history(moments), self.fold(moments)
        outcomes = [self.outcome(moments, horizons.full), self.outcome(moments, horizons.provisional), self.visits_after(moments)]
        self._full, self._provisional, self._after = expectations(history, outcomes, fold, (_TREES, _FEWER_TREES, _FEWER_TREES))
        earlier = timeline.history(moments.shifted(-INTENT_SECONDS))
        (self._before,) = expectations(earlier, [self.visits_before(moments)], fold, (_FEWER_TREES,))
        self._visiting = self._learn_visits(count, rng) if len(visits) else None
        self.controls = Controls(moments=moments, history=history, outcome=outcomes[0], expected=self._full.of(history, fold))

    def expected(self, moments: Moments, history: Singles) -> Expected:
        """What is expected of some moments, whose history is given."""
        fold = self.fold(moments)
        visiting = [each.of(history, fold) for each in self._visiting] if self._visiting else [None, None]
        return Expected(
            full=self._full.of(history, fold),
            provisional=self._provisional.of(history, fold),
            before=self._before.of(self.timeline.history(moments.shifted(-INTENT_SECONDS)), fold),
            after=self._after.of(history, fold),
            visiting=visiting[0],
            visiting_provisional=visiting[1],
        )

    def outcome(self, moments: Moments, horizon: int) -> Floats:
        """(moments,) conversions within the horizon; what converts in the same second counts."""
        return self.timeline.between(self.timeline.conversions, moments, 0, horizon + 1)

    def visits_before(self, moments: Moments) -> Floats:
        """(moments,) visits that tell of intent in `INTENT_SECONDS` before."""
        return self.timeline.between(self.visits, moments, -INTENT_SECONDS, 0)

    def visits_after(self, moments: Moments) -> Floats:
        """(moments,) visits that tell of intent in `INTENT_SECONDS` after the pause."""
        return self.timeline.between(self.visits, moments, PAUSE_SECONDS + 1, PAUSE_SECONDS + INTENT_SECONDS + 1)

    def fold(self, moments: Moments) -> Ints:
        """(moments,) the fold of each user: a bit of the hash, so that it does not depend on who else is there."""
        return np.asarray((self.timeline.users[moments.user] >> _BUCKET_BITS) % FOLDS)

    def _learn_visits(self, count: int, rng: np.random.Generator) -> list[Expectation]:
        moments = self.timeline.moments(some(self.visits, count, rng))
        outcomes = [self.outcome(moments, self.horizons.full), self.outcome(moments, self.horizons.provisional)]
        return expectations(self.timeline.history(moments), outcomes, self.fold(moments), (_TREES, _FEWER_TREES))
