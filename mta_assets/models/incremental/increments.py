"""A window's histories -> what each channel added, with its diagnostics: a row per channel, as its contract says. Numbers happen elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools, Floats, Histories
from mta_assets.errors import UnavailableError
from mta_assets.models.histories.timeline import Timeline
from mta_assets.models.histories.windows import too_little
from mta_assets.models.incremental import limits
from mta_assets.models.incremental.channels import Told, told
from mta_assets.models.incremental.comparison import Comparison, Horizons
from mta_assets.models.incremental.diagnostics import doubt
from mta_assets.models.incremental.estimate import NAMES, Estimate, Sums, estimate, means
from mta_assets.models.incremental.roles import PUSHED, UNPAID, is_search

SEED = 20_260_101
ESTIMATES = ("increment", "increment_se", "provisional", "provisional_se", "half_life_days")
# Of a touch's part in a conversion. What is pushed works for days; what is looked for answers a wish of the moment.
_HALF_LIFE_DAYS = {PUSHED: 7.0}
_HALF_LIFE_DAYS_OF_OTHERS = 2.0


@dataclass(frozen=True, kw_only=True)
class Increments:
    """rows: one per channel, as the contract says, without day and touch_weight. samples: (channels, BUCKETS) the increments without each bucket of users."""

    rows: pl.DataFrame
    samples: Floats


def increments(histories: Histories, roles: Sequence[str], horizons: Horizons) -> Increments:
    """Raises UnavailableError with the reason when nothing can be said of the window. roles: (channels,)."""
    timeline, rng = Timeline(histories), np.random.default_rng(SEED)
    if reason := too_little(timeline):
        raise UnavailableError(f"what touches added cannot be estimated: {reason}")
    telling = _telling(histories.channels, roles, timeline)
    visits = np.sort(np.concatenate([timeline.conversions[:0], *(timeline.touches[code] for code in np.flatnonzero(telling))]))
    comparison = Comparison(timeline, visits, horizons, rng)
    channels = [told(comparison, keys, rng) for keys in timeline.touches]
    sums = {name: np.stack([each.sums[name] for each in channels]) for name in NAMES}
    found = estimate(sums, telling)
    unpaid = sum(len(keys) for keys, role in zip(timeline.touches, roles, strict=True) if role == UNPAID)
    reasons = [limits.of_channel(role, each.users, each.overlap, unpaid) for role, each in zip(roles, channels, strict=True)]
    rows = _rows(histories.channels, roles, reasons, channels, sums, found)
    return Increments(
        rows=rows.with_columns(pl.lit(doubt(rows, len(timeline.conversions)), pl.String).alias("doubt")), samples=found.samples
    )


def unestimated(channels: Sequence[str], roles: Sequence[str], touches: Sequence[int], reason: str) -> pl.DataFrame:
    """The rows of a window of which nothing can be said, without day and touch_weight."""
    texts = {"channel": channels, "role": roles, "reason": [reason] * len(channels)}
    return pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in texts.items()}).with_columns(
        pl.Series("touches", touches, dtype=pl.Int64), pl.lit(None, pl.String).alias("doubt")
    )


def _telling(channels: Sequence[str], roles: Sequence[str], timeline: Timeline) -> Bools:
    """(channels,) whose visits tell of intent: unpaid searches, or where those are too few all unpaid visits; none where those are too few as well."""
    searches = np.array([is_search(channel, role) for channel, role in zip(channels, roles, strict=True)])
    counts = np.array([len(keys) for keys in timeline.touches])
    unpaid = np.array(roles) == UNPAID
    return next((each for each in (searches, unpaid) if counts[each].sum() >= limits.LEAST_VISITS), np.zeros_like(unpaid))


def _rows(
    names: Sequence[str], roles: Sequence[str], reasons: Sequence[str | None], channels: Sequence[Told], sums: Sums, found: Estimate
) -> pl.DataFrame:
    """The rows but for `doubt`; what cannot be estimated is null."""
    mean = {name: values[:, 0] for name, values in means(_whole(sums)).items()}
    rows = pl.DataFrame(
        {
            "channel": pl.Series(names, dtype=pl.String),
            "role": pl.Series(roles, dtype=pl.String),
            "touches": sums["touches"].sum(axis=1).astype(np.int64),
            **{name: getattr(found, name) for name in ESTIMATES if name != "half_life_days"},
            "reason": pl.Series(reasons, dtype=pl.String),
            "outcome": mean["outcome"],
            "expected": mean["expected"],
            "expected_visiting": mean["visiting"],
            "intent": found.intent,
            **{name: [getattr(each, name) for each in channels] for name in ("overlap", "imbalance", "calibration", "effective_touches")},
            "half_life_days": [_HALF_LIFE_DAYS.get(role, _HALF_LIFE_DAYS_OF_OTHERS) for role in roles],
        }
    )
    told_nothing = [pl.when(pl.col("reason").is_null()).then(pl.col(name)).alias(name) for name in ESTIMATES]
    return rows.with_columns(told_nothing).with_columns(pl.col(pl.Float64).fill_nan(None))


def _whole(sums: Sums) -> Mapping[str, Floats]:
    return {name: by_bucket.sum(axis=1, keepdims=True) for name, by_bucket in sums.items()}
