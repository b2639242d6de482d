"""Sums over touches -> what each channel added, and how sure that is. Arithmetic on sums by channel and bucket; nothing is fitted here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats
from mta_assets.contracts.tables import BUCKETS

Sums = Mapping[str, Floats]
# Over all touches, and over those of which it was worked out what was expected. Each sum has its count.
COUNTS = {
    "outcome": "touches",
    "provisional": "touches",
    "before": "before_touches",
    "after": "after_touches",
    "expected": "sampled",
    "expected_provisional": "sampled",
    "visiting": "sampled",
    "visiting_provisional": "sampled",
    "before_expected": "before_sampled",
    "after_expected": "after_sampled",
}
NAMES = tuple(dict.fromkeys([*COUNTS, *COUNTS.values()]))


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """(channels,) each. increment, provisional: conversions added within the two horizons; *_se: their standard errors; intent: see docs/incremental.md.

    samples: (channels, BUCKETS) the increment without each bucket of users.
    """

    increment: Floats
    increment_se: Floats
    provisional: Floats
    provisional_se: Floats
    intent: Floats
    samples: Floats


def estimate(sums: Sums, telling: Bools) -> Estimate:
    """What each channel added. sums: name of `NAMES` -> (channels, BUCKETS); telling: (channels,) whose visits tell of intent."""
    whole = {name: by_bucket.sum(axis=1, keepdims=True) for name, by_bucket in sums.items()}
    touches = whole["touches"]
    found = _effects(whole, telling)
    # The touches that there are stay what they are: without a bucket, their mean effect is that of the others.
    without = _effects({name: whole[name] - by_bucket for name, by_bucket in sums.items()}, telling)
    samples = {name: without[name] * touches for name in ("full", "provisional")}
    return Estimate(
        increment=(found["full"] * touches)[:, 0],
        increment_se=_error(samples["full"]),
        provisional=(found["provisional"] * touches)[:, 0],
        provisional_se=_error(samples["provisional"]),
        intent=found["intent"][:, 0],
        samples=samples["full"],
    )


def means(sums: Sums) -> dict[str, Floats]:
    """Name -> (channels, ...) mean per touch; nan where nothing was counted."""
    return {name: _divided(sums[name], sums[count]) for name, count in COUNTS.items()}


def _effects(sums: Sums, telling: Bools) -> dict[str, Floats]:
    """full, provisional: (channels, ...) mean effect of a touch within the horizons; intent: how far touches go with intent that the history does not show.

    That is how many more telling visits there are around a touch than the history foretells, as a part of how many more there are around such a visit itself.
    A touch cannot have caused those before it, but what follows visits, as a mail does, has more of them there than intent explains; those after it may be its
    own doing. It goes with something between: the geometric mean of the two, which is none where either is none.
    """
    mean = means(sums)
    before = _relative(mean["before"] - mean["before_expected"], sums["touches"], telling)
    after = _relative(mean["after"] - mean["after_expected"], sums["touches"], telling)
    intent = np.sqrt(before * after)

    def effect(outcome: str, expected: str, visiting: str) -> Floats:
        more = np.where(intent > 0, intent * (mean[visiting] - mean[expected]), 0.0)
        return np.asarray(mean[outcome] - mean[expected] - more)

    return {
        "full": effect("outcome", "expected", "visiting"),
        "provisional": effect("provisional", "expected_provisional", "visiting_provisional"),
        "intent": intent,
    }


def _relative(excess: Floats, touches: Floats, telling: Bools) -> Floats:
    """The excess as a part of that of telling visits, from 0 on; 0 where these have none."""
    weight = np.where(telling[:, None], touches, 0.0)
    usual = _divided((np.where(weight > 0, excess, 0.0) * weight).sum(axis=0), weight.sum(axis=0))
    return np.where(usual > 0, np.clip(_divided(excess, usual), 0.0, None), 0.0)


def _error(samples: Floats) -> Floats:
    """(channels,) standard error by the delete-a-bucket jackknife."""
    spread = samples - samples.mean(axis=1, keepdims=True)
    return np.asarray(np.sqrt((BUCKETS - 1) / BUCKETS * (spread**2).sum(axis=1)))


def _divided(amounts: Floats, counts: Floats) -> Floats:
    """Nan where nothing was counted."""
    return np.where(counts > 0, amounts / np.where(counts > 0, counts, 1.0), np.nan)
