"""The hazard of a conversion: the chance that the first one after a moment falls on a day ahead, by the history at the moment. No credit is given here."""

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints
from mta_assets.models.histories.timeline import SECONDS_PER_DAY, Moments, Singles, Timeline
from mta_assets.models.histories.trees import Chance, chance

AHEAD_DAYS = 7
MOST_PERIODS = 200_000  # that the hazard is learned from; half of them follow touches, half random moments
HELD_OUT = 8  # of so many users one says when to stop learning
_BUCKET_BITS = 6  # of the user's hash, that the jackknife and the scorecard use


def hazard(timeline: Timeline, rng: np.random.Generator) -> Chance:
    """The hazard by the figures of `figures_at`, learned from days after touches and after random moments, drawn by lot.

    A day counts when it lies within the window and nothing converted between the moment and the day.
    """
    learned = [_of_days(timeline, *drawn) for drawn in _drawn(timeline, rng)]
    figures, happened, held_out = (np.concatenate(parts) for parts in zip(*learned, strict=True))
    return chance(figures, happened, held_out)


def figures_at(timeline: Timeline, moments: Moments, ahead: Ints) -> Singles:
    """(moments, figures): the history, and which day ahead is spoken of: 0 begins with the moment."""
    return _with_day(timeline.recent(moments), ahead)


def chance_within(hazard: Chance, timeline: Timeline, moments: Moments, days: int) -> Floats:
    """(moments,) chance that a conversion follows within so many days, at most `AHEAD_DAYS`."""
    history, none = timeline.recent(moments), np.ones(len(moments))
    for day in range(days):
        none *= 1.0 - hazard.of(_with_day(history, np.full(len(moments), day)))
    return np.asarray(1.0 - none)


def _drawn(timeline: Timeline, rng: np.random.Generator) -> list[tuple[Moments, Ints]]:
    """[(moments, days ahead of them)]: as many days after touches as after random moments."""
    touches = np.sort(np.concatenate(timeline.touches))
    days = len(touches) * AHEAD_DAYS
    touch, ahead = np.divmod(np.sort(rng.choice(days, min(days, MOST_PERIODS // 2), replace=False)), AHEAD_DAYS)
    elsewhere = timeline.random_moments(len(touch), rng)
    return [(timeline.moments(touches[touch]), ahead), (elsewhere, rng.integers(0, AHEAD_DAYS, len(touch)))]


def _of_days(timeline: Timeline, moments: Moments, ahead: Ints) -> tuple[Singles, Bools, Bools]:
    """(figures, whether something converted, whether the user is held out) of those of the days that count."""
    begins = ahead * SECONDS_PER_DAY
    ends = begins + SECONDS_PER_DAY
    counts = (moments.at + ends <= timeline.end) & (timeline.between(timeline.conversions, moments, 0, begins) == 0)
    moments, ahead, ends = Moments(user=moments.user[counts], at=moments.at[counts]), ahead[counts], ends[counts]
    held_out = (timeline.users[moments.user] >> _BUCKET_BITS) % HELD_OUT == 0
    return figures_at(timeline, moments, ahead), timeline.between(timeline.conversions, moments, 0, ends) > 0, held_out


def _with_day(history: Singles, ahead: Ints) -> Singles:
    return np.concatenate([history, ahead[:, None].astype(np.float32)], axis=1)
