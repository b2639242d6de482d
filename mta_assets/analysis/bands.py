"""Bands of a one-off analysis: credit by bucket of users, and learned models fitted again without each group of them. Pure: arrays in, frames out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import ClosedJourneys, Users, allocation
from mta_assets.contracts.arrays import HISTORIES, Bools, Floats, Touches
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import BUCKETS, COALITIONS, PATHS, TRANSITIONS, UNATTRIBUTED
from mta_assets.errors import CallError
from mta_assets.journeys.statistic_frames import coalitions_frame, paths_frame, transitions_frame
from mta_assets.journeys.statistic_windows import StatisticWindows, decode
from mta_assets.marts import bands as figures
from mta_assets.marts.credit_buckets import BucketSums
from mta_assets.marts.samples import Evidence, Sample, Shares, evidence, of_shares, of_sums
from mta_assets.models.base import AttributionModel, Learned, LearnedModel, RuleModel, TouchAllocation, estimates_increments
from mta_assets.models.refits import fitting_needs, groups_for, refit

RATIOS = ("cost", "roas", "cpa")


def bands(journeys: ClosedJourneys, models: Mapping[str, AttributionModel], results: pl.DataFrame, level: float) -> pl.DataFrame:
    """`marts/bands` rows, but for the day, of the results' models: model, channel, currency, conversions, value, and with spend cost, roas, cpa.

    Raises CallError when nobody knows whose the journeys are, or credit is not of channels.
    """
    users = journeys.users
    if users is None:
        raise CallError("A path table does not say whose journeys it has, so that no band can be computed; give events.", "bands")
    if journeys.by != ("channel",):
        raise CallError("Bands are of channels; leave out --by campaign, or --bands.", "bands")
    chosen = {name: models[name] for name in results["model"].unique(maintain_order=True)}
    learned = {name: model for name, model in chosen.items() if isinstance(model, LearnedModel)}
    refitted = _refitted(users.learning, learned)
    sums: dict[tuple[str, str], BucketSums] = {}
    for currency, rows in journeys.currency.items():
        part = _Part(journeys.touches, users, rows & (journeys.touches.conversions > 0))
        sums |= {(name, currency): part.sums(model, refitted.fits.get(name)) for name, model in chosen.items()}
    known = results.with_columns(pl.lit(None, pl.Float64).alias(name) for name in RATIOS if name not in results.columns)
    return banded(known, sums, refitted, level)


@dataclass(frozen=True, kw_only=True)
class Refitted:
    """What learned models learned. shares: by model, what it learns without each group of users, or why that cannot be had; evidence: of how many users."""

    fits: Mapping[str, Learned]
    shares: Mapping[str, Shares | str]
    evidence: Evidence

    @classmethod
    def of(
        cls,
        models: Mapping[str, LearnedModel],
        fits: Mapping[str, Learned],
        windows: StatisticWindows,
        days: DayRange | None,
        seen: Evidence,
    ) -> "Refitted":
        """Fit each of the models again, but for those that look at events. fits: to the statistics of these days, from `windows`."""
        shares = {
            name: _of_events(model) if HISTORIES in model.needs else _shares(model, fits[name], windows, days)
            for name, model in models.items()
        }
        return cls(fits=fits, shares=shares, evidence=seen)


def banded(performance: pl.DataFrame, sums: Mapping[tuple[str, str], BucketSums], refitted: Refitted, level: float) -> pl.DataFrame:
    """`marts/bands` rows, but for the day. performance: as `marts.bands` takes it; sums: by model and currency, of the same journeys."""
    samples = {(model, currency): _sample(each, refitted.shares.get(model), refitted.evidence) for (model, currency), each in sums.items()}
    effects = [
        figures.effect_bands(name, dict(zip(fit.units, fit.effect.tolist(), strict=True)), refitted.shares[name], refitted.evidence, level)
        for name, fit in refitted.fits.items()
    ]
    return pl.concat([figures.bands(performance, samples, level), *effects])


def _refitted(learning: Touches, models: Mapping[str, LearnedModel]) -> Refitted:
    needs = sorted({need for model in models.values() for need in fitting_needs(model)})
    orders = [int(need.removeprefix("transitions_")) for need in needs if need.startswith("transitions_")]
    frames = {COALITIONS: coalitions_frame(learning)}
    if "paths" in needs:
        frames[PATHS] = paths_frame(learning)
    if orders:
        frames[TRANSITIONS] = transitions_frame(learning, orders)
    windows = decode(frames, needs)
    fits = {name: model.fit(windows.within(None)) for name, model in models.items() if HISTORIES not in model.needs}
    return Refitted.of(models, fits, windows, None, evidence(frames[COALITIONS]))


def _of_events(model: LearnedModel) -> str:
    return figures.OF_INCREMENTS if estimates_increments(model) else figures.OF_EVENTS


def _shares(model: LearnedModel, fit: Learned, windows: StatisticWindows, days: DayRange | None) -> Shares | str:
    groups = groups_for(windows.within(days), model)
    if not groups:
        return figures.TOO_LARGE
    refits = refit(model, fit, windows.without_each(days, groups))
    return Shares(channels=fit.units, effect=refits.effect, share=refits.share, value_share=refits.value_share)


def _sample(sums: BucketSums, shares: Shares | str | None, seen: Evidence) -> Sample | str:
    if isinstance(shares, str):
        return shares
    return of_sums(sums) if shares is None else of_shares(sums, shares, seen)


class _Part:
    """The converting journeys in one currency, by bucket of their users."""

    def __init__(self, touches: Touches, users: Users, earning: Bools) -> None:
        self._touches, self._bucket = touches.take(earning), users.bucket[earning]
        self._days = len(np.unique(users.day[earning]))

    def sums(self, model: AttributionModel, fit: Learned | None) -> BucketSums:
        """What the model credits; of a model that shares conversions out alike, or has no band, only their sum counts."""
        touches = self._touches
        shared = allocation(model, touches, fit) if fit is not None or isinstance(model, RuleModel) else None
        even = np.repeat(1.0 / np.maximum(touches.length, 1), touches.length)
        weight = shared.weight if isinstance(shared, TouchAllocation) else even
        conversions, value = (self._by_bucket(weight, amount) for amount in (touches.conversions, touches.value))
        return BucketSums(channels=(*touches.units, UNATTRIBUTED), conversions=conversions, value=value, days=self._days)

    def _by_bucket(self, weight: Floats, amount: Floats) -> Floats:
        """(units and what no touch earned, BUCKETS)."""
        touches, untouched = self._touches, self._touches.length == 0
        cell = touches.unit.astype(np.int64) * BUCKETS + self._bucket[touches.journey]
        earned = np.bincount(cell, weights=weight * amount[touches.journey], minlength=len(touches.units) * BUCKETS)
        nowhere = np.bincount(self._bucket[untouched], weights=amount[untouched], minlength=BUCKETS)
        return np.concatenate([earned.reshape(-1, BUCKETS), nowhere[None, :]]).astype(np.float64)
