"""What a model credits without each group of users: the samples that bands are made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools, Floats, Ints
from mta_assets.contracts.tables import APART, BUCKETS
from mta_assets.marts.credit_buckets import BucketSums
from mta_assets.marts.jackknife import without_each


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One model in one currency, without each group of users, scaled up to all of them.

    conversions, value: (channels, groups). buckets, value_buckets: (channels,) how many of the `BUCKETS` buckets have somebody who converted (at a value) and
    on whose journey the credit rests. cut: (channels,) whether the model gives the channel nothing without some group: its effect is cut off at 0.
    days: closing days on which anything converted.
    """

    channels: tuple[str, ...]
    conversions: Floats
    value: Floats
    buckets: Ints
    value_buckets: Ints
    cut: Bools
    days: int


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What a learned model learned without each group, by channel. effect, share, value_share: (channels, groups)."""

    channels: tuple[str, ...]
    effect: Floats
    share: Floats
    value_share: Floats


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """On how many users a channel's part in conversions rests. buckets, value_buckets: channel -> how many buckets have one (at a value)."""

    buckets: Mapping[str, int]
    value_buckets: Mapping[str, int]


def of_sums(sums: BucketSums) -> Sample:
    """The sample of a model whose credit is a sum over journeys: nothing is computed again."""
    return Sample(
        channels=sums.channels,
        conversions=without_each(sums.conversions),
        value=without_each(sums.value),
        buckets=(sums.conversions > 0).sum(axis=1),
        value_buckets=(sums.value > 0).sum(axis=1),
        cut=np.zeros(len(sums.channels), dtype=np.bool_),
        days=sums.days,
    )


def of_shares(sums: BucketSums, shares: Shares, evidence: Evidence) -> Sample:
    """The sample of a learned model, which shares out all attributed conversions alike: what is left of them, by what is learned without the group."""
    groups = shares.share.shape[1]
    apart = np.isin(sums.channels, APART)
    conversions, value = (in_groups(amounts, groups) for amounts in (sums.conversions, sums.value))
    attributed, worth = (without_each(amounts[~apart].sum(axis=0)) for amounts in (conversions, value))

    def seen(counted: Mapping[str, int], amounts: Floats) -> Ints:
        known = np.array([counted.get(channel, 0) for channel in shares.channels], dtype=np.int64)
        return np.concatenate([known, (amounts[apart] > 0).sum(axis=1)])

    return Sample(
        channels=(*shares.channels, *np.array(sums.channels)[apart].tolist()),
        conversions=np.concatenate([attributed * shares.share, without_each(conversions[apart])]),
        value=np.concatenate([worth * shares.value_share, without_each(value[apart])]),
        buckets=seen(evidence.buckets, sums.conversions),
        value_buckets=seen(evidence.value_buckets, sums.value),
        cut=np.concatenate([(shares.share <= 0).any(axis=1), np.zeros(apart.sum(), dtype=np.bool_)]),
        days=sums.days,
    )


def in_groups(amounts: Floats, groups: int) -> Floats:
    """(..., groups) of (..., BUCKETS): group g has the buckets that leave g when divided by the number of groups."""
    return np.asarray(amounts.reshape(*amounts.shape[:-1], BUCKETS // groups, groups).sum(axis=-2))


def evidence(coalitions: pl.DataFrame) -> Evidence:
    """The evidence of these `core/coalitions` rows."""

    def counted(earning: pl.Expr) -> dict[str, int]:
        members = coalitions.filter(earning).select("bucket", "coalition").explode("coalition", empty_as_null=False, keep_nulls=False)
        return dict(members.group_by("coalition").agg(pl.col("bucket").n_unique()).iter_rows())

    return Evidence(buckets=counted(pl.col("conversions") > 0), value_buckets=counted(pl.col("value") > 0))
