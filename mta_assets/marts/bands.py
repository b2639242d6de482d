"""Confidence bands of every model's figures, from what it credits without each group of users; or the reason why there is none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.tables import BUCKETS, NO_CONSENT, NOT_SET
from mta_assets.marts.jackknife import quantile, standard_error
from mta_assets.marts.samples import Evidence, Sample, Shares

FEWEST_BUCKETS = 10  # a bucket is a user at least: of fewer, nobody can tell how much they differ from how they happened to
TOO_FEW = "too few users"
UNKNOWN_USERS = "counted without consent: nobody knows of how many users"
ONE_DAY = "all conversions are of one day, which cannot tell how days differ"
TOO_LARGE = "too many states for fitting the model again without each group of users"
OF_EVENTS = "the model learns from events, and is not fitted again without each group of users"
OF_INCREMENTS = f"{OF_EVENTS}; the standard errors of its increments are in its learned table of increments"
SMALL_CELLS = "results of few users are hidden (privacy.fewest_users), and a band would tell of them"
NOTHING = "nothing was credited"
CUT_OFF = "the model's effect is not above 0 for all groups of users, and is cut off there: how far below, only the effect tells"

COVERS = (
    "A band says how far a figure would move if other users of the same kind had come by. It does not say how far the model itself is from what a channel "
    "caused: that bias is often many times wider. Nor does it cover days unlike these, or events that were never recorded."
)
_KEYS = ["model", "channel", "currency"]


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """One metric, as expressions over a row. low, high: without its bounds, or where they are."""

    metric: str
    estimate: pl.Expr
    error: pl.Expr
    low: pl.Expr
    high: pl.Expr
    buckets: str


def bands(performance: pl.DataFrame, samples: Mapping[tuple[str, str], Sample | str], level: float) -> pl.DataFrame:
    """Rows of all figures of `marts/channel_performance` rows of one day: `marts/bands` without the day.

    samples: by model and currency; a text is the reason why the model can have no band. A channel that a sample does not have rests on nobody.
    """
    known = [_errors(model, currency, sample) for (model, currency), sample in samples.items() if isinstance(sample, Sample)]
    refused = {key: _refusal(sample) for key, sample in samples.items()}
    errors = pl.concat([_NO_ERRORS, *known])
    credited = pl.when(pl.col("channel") != NO_CONSENT).then("conversions")
    total = credited.sum().over("model", "currency")
    rows = (
        performance.join(errors, on=_KEYS, how="left")
        .with_columns(_reasons(refused), pl.col("cost").cast(pl.Float64), share=pl.when(total > 0).then(credited / total))
        .with_columns(pl.col(name).fill_null(0) for name in errors.columns[3:])
        .with_columns(pl.col("groups").max().over("model", "currency"))
    )
    return _rows(rows, _FIGURES, level)


def effect_bands(model: str, effects: Mapping[str, float], without: Shares | str, evidence: Evidence, level: float) -> pl.DataFrame:
    """The same of a learned model's raw effects, which have no currency. without: see `bands`."""
    channels = list(effects)
    groups, error = 0, np.zeros(len(channels))
    if isinstance(without, Shares):
        groups = without.effect.shape[1]
        error = standard_error(without.effect)[[without.channels.index(channel) for channel in channels]]
    rows = pl.DataFrame(
        {
            "channel": pl.Series(channels, dtype=pl.String),
            "effect": pl.Series(list(effects.values()), dtype=pl.Float64),
            "effect_error": error,
            "buckets": pl.Series([evidence.buckets.get(channel, 0) for channel in channels], dtype=pl.Int64),
        }
    )
    told = {"model": model, "currency": NOT_SET, "cut": 0, "groups": groups, "refusal": without if isinstance(without, str) else ""}
    return _rows(rows.with_columns(pl.lit(value).alias(name) for name, value in told.items()), (_EFFECT,), level)


_NO_ERRORS = pl.DataFrame(
    schema=dict.fromkeys(_KEYS, pl.String)
    | dict.fromkeys(("conversions_error", "value_error", "share_error"), pl.Float64)
    | dict.fromkeys(("buckets", "value_buckets", "cut", "groups"), pl.Int64)
)


def _errors(model: str, currency: str, sample: Sample) -> pl.DataFrame:
    total = sample.conversions.sum(axis=0)
    share = sample.conversions / np.where(total > 0, total, np.nan)
    columns = {
        "channel": pl.Series(sample.channels, dtype=pl.String),
        "conversions_error": standard_error(sample.conversions),
        "value_error": standard_error(sample.value),
        "share_error": standard_error(share),
        "buckets": sample.buckets,
        "value_buckets": sample.value_buckets,
        "cut": sample.cut,
    }
    told = {"model": model, "currency": currency, "groups": sample.conversions.shape[1]}
    rows = pl.DataFrame(columns).with_columns(pl.lit(value).alias(name) for name, value in told.items())
    return rows.select(pl.col(name).cast(dtype) for name, dtype in _NO_ERRORS.schema.items())


def _refusal(sample: Sample | str) -> str:
    if isinstance(sample, str):
        return sample
    return ONE_DAY if sample.days == 1 else ""


def _reasons(refused: Mapping[tuple[str, str], str]) -> pl.Expr:
    """Why no figure of a row's model and currency can have a band; empty when some can."""
    reason = pl.lit(NOTHING)
    for (model, currency), text in refused.items():
        reason = pl.when(pl.col("model") == model, pl.col("currency") == currency).then(pl.lit(text)).otherwise(reason)
    return reason.alias("refusal")


def _rows(rows: pl.DataFrame, figures: tuple[_Figure, ...], level: float) -> pl.DataFrame:
    reach = {groups: quantile(level, groups) for groups in rows["groups"].unique() if groups > 1}
    reached = rows.with_columns(reach=pl.col("groups").replace_strict(reach, default=0.0, return_dtype=pl.Float64))
    parts = [_figure_rows(reached, figure, level) for figure in figures]
    columns = [column.name for column in BANDS.columns if column.name != "day"]
    return pl.concat(parts).select(pl.col(name).cast(BANDS.schema[name]) for name in columns)


def _figure_rows(rows: pl.DataFrame, figure: _Figure, level: float) -> pl.DataFrame:
    buckets = pl.col(figure.buckets)
    reason = (
        pl.when(pl.col("channel") == NO_CONSENT)
        .then(pl.lit(UNKNOWN_USERS))
        .when(pl.col("refusal") != "")
        .then("refusal")
        .when(buckets < FEWEST_BUCKETS)
        .then(pl.format(f"{TOO_FEW}: those it rests on fill {{}} of {BUCKETS} buckets, and a band takes {FEWEST_BUCKETS}", buckets))
        .when(pl.col("cut") > 0)
        .then(pl.lit(CUT_OFF))
    )
    measured = rows.filter(figure.estimate.is_not_null()).select(
        *_KEYS,
        pl.lit(figure.metric).alias("metric"),
        figure.estimate.alias("estimate"),
        figure.error.alias("standard_error"),
        figure.low.alias("low"),
        figure.high.alias("high"),
        pl.lit(level).alias("level"),
        pl.col("groups"),
        reason.alias("reason"),
    )
    shown = pl.col("reason").is_null()
    return measured.with_columns(
        *(pl.when(shown).then(name).alias(name) for name in ("standard_error", "low", "high")),
        pl.when(shown).then("groups").otherwise(0).alias("groups"),
    )


def _around(metric: str, buckets: str = "buckets", lowest: float | None = 0.0, highest: float | None = None) -> _Figure:
    estimate, error = pl.col(metric), pl.col(f"{metric}_error")
    reach = pl.col("reach") * error
    return _Figure(
        metric=metric,
        estimate=estimate,
        error=error,
        low=(estimate - reach).clip(lower_bound=lowest),
        high=(estimate + reach).clip(upper_bound=highest),
        buckets=buckets,
    )


def _ratios(conversions: _Figure, value: _Figure) -> tuple[_Figure, _Figure]:
    """ROAS is value over a cost that is known; CPA the cost over conversions, so that its band is theirs turned over, without end where they may be none."""
    cost = pl.col("cost")
    roas = _Figure(
        metric="roas",
        estimate=pl.col("roas"),
        error=value.error / cost,
        low=value.low / cost,
        high=value.high / cost,
        buckets=value.buckets,
    )
    cpa = _Figure(
        metric="cpa",
        estimate=pl.col("cpa"),
        error=cost * conversions.error / conversions.estimate**2,
        low=cost / conversions.high,
        high=pl.when(conversions.low > 0).then(cost / conversions.low),
        buckets=conversions.buckets,
    )
    return roas, cpa


_CONVERSIONS, _VALUE = _around("conversions"), _around("value", "value_buckets")
_FIGURES = (_CONVERSIONS, _VALUE, *_ratios(_CONVERSIONS, _VALUE), _around("share", highest=1.0))
_EFFECT = _around("effect", lowest=None)
