"""Models side by side with their bands and advice, of the journeys of a one-off analysis. The rules of the advice are in `marts`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import Attribution, ClosedJourneys
from mta_assets.analysis.bands import RATIOS
from mta_assets.config import Config
from mta_assets.contracts.tables import BUCKETS, MONEY, NO_CONSENT
from mta_assets.journeys.statistics import statistics_of
from mta_assets.marts import bands as figures
from mta_assets.marts.advice import LIMITS, NO_INCREMENTS, NOT_ADDITIVE, TARGETED, Advice, Evidence, advise
from mta_assets.marts.disagreement import Facts
from mta_assets.marts.openers import openers
from mta_assets.marts.power import dispersion
from mta_assets.models.base import AttributionModel

NO_USERS = "a path table does not say whose journeys it has"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """shares: `marts/bands` rows of the metric share, of additive models; advice on them; level: of their bands.

    unavailable: model -> why it could not be computed. limits: what the comparison cannot say.
    """

    shares: pl.DataFrame
    advice: Advice
    level: float
    unavailable: Mapping[str, str]
    limits: tuple[str, ...]


def compared(
    journeys: ClosedJourneys,
    models: Mapping[str, AttributionModel],
    results: pl.DataFrame,
    bands: pl.DataFrame | None,
    attribution: Attribution,
    config: Config,
) -> Comparison:
    """The models of the results beside each other. bands: of the results; None when nobody knows whose the journeys are. attribution: which made them."""
    known = without_bands(results, config.band_level) if bands is None else bands
    paths = statistics_of(journeys.learning, ("paths",))
    if paths.paths is None:
        raise TypeError("paths were asked for")
    evidence = Evidence(
        bands=known,
        costs=costs(results),
        openers=openers(paths.paths, paths.units),
        facts=_facts(journeys),
        refused=dict(attribution.unavailable) | not_additive(models, results),
        increments=attribution.increments,
    )
    return comparison(evidence, config, attribution.unavailable)


def comparison(evidence: Evidence, config: Config, unavailable: Mapping[str, str]) -> Comparison:
    """What the evidence comes to."""
    doubts = tuple(f"What {model} estimates is not to be trusted here: {reason}." for model, reason in evidence.doubts.items())
    limits = (*LIMITS, TARGETED) if evidence.trusted else (*LIMITS, NO_INCREMENTS, *doubts)
    return Comparison(
        shares=evidence.shares, advice=advise(evidence, config.advice), level=config.band_level, unavailable=unavailable, limits=limits
    )


def without_bands(results: pl.DataFrame, level: float) -> pl.DataFrame:
    """`marts/bands` rows, but for the day, of results of nobody knows whom."""
    keys = results.select("model", "currency").unique().rows()
    known = results.with_columns(pl.lit(None, pl.Float64).alias(name) for name in RATIOS if name not in results.columns)
    return figures.bands(known, dict.fromkeys(keys, NO_USERS), level)


def not_additive(models: Mapping[str, AttributionModel], results: pl.DataFrame) -> dict[str, str]:
    """Of the results' models, those that cannot be compared by shares, and why."""
    return incomparable({name: models[name] for name in results["model"].unique(maintain_order=True)})


def incomparable(models: Mapping[str, AttributionModel]) -> dict[str, str]:
    """Of some models, those of which shares cannot be compared with those of others, and why."""
    return {name: NOT_ADDITIVE for name, model in models.items() if not model.additive}


def costs(performance: pl.DataFrame) -> pl.DataFrame:
    """channel, currency, cost of rows of performance that have a cost, which is the same for each model."""
    if "cost" not in performance.columns:
        return pl.DataFrame(schema={"channel": pl.String, "currency": pl.String, "cost": MONEY})
    return performance.drop_nulls("cost").group_by("channel", "currency").agg(pl.col("cost").max())


def conversions_of(performance: pl.DataFrame, models: Mapping[str, AttributionModel]) -> dict[str, float]:
    """Currency -> conversions that an additive model credits in rows of performance; those without consent are not among them."""
    additive = [name for name in performance["model"].unique(maintain_order=True) if models[name].additive][:1]
    own = performance.filter(pl.col("model").is_in(additive), pl.col("channel") != NO_CONSENT)
    return dict(own.group_by("currency").agg(pl.col("conversions").sum()).sort("currency").iter_rows())


def _facts(journeys: ClosedJourneys) -> dict[str, Facts]:
    return {currency: _facts_of(journeys, currency) for currency in sorted(journeys.currency)}


def _facts_of(journeys: ClosedJourneys, currency: str) -> Facts:
    conversions = np.where(journeys.currency[currency], journeys.touches.conversions, 0.0)
    users, earning = journeys.users, conversions > 0
    if users is None or not earning.any():
        return Facts(all_conversions=float(conversions.sum()), days=None, dispersion=None)
    day = users.day[earning]
    by_bucket = np.bincount(users.bucket, weights=conversions, minlength=BUCKETS)
    return Facts(all_conversions=float(conversions.sum()), days=int(day.max() - day.min()) + 1, dispersion=dispersion(by_bucket))
