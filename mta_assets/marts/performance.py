"""Credit beside spend: what each channel cost and returned, per model. Money stays exact; ratios are null where they mean nothing."""

from collections.abc import Sequence

import polars as pl

from mta_assets.contracts.tables import CHANNEL_DAILY, SPEND_DAILY
from mta_assets.marts.sums import summed

MONEY = SPEND_DAILY.schema["cost"]


def with_spend(results: pl.DataFrame, spend: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """`results` (model, *by, currency, conversions, value) with cost, roas and cpa; one row more per model for spend that earned no credit.

    by: channel, or channel and campaign. cost is null where no spend is known; roas = value / cost is null where cost is null or 0;
    cpa = cost / conversions is null where cost is null or conversions are 0. Credit in a currency meets only spend in that currency.
    """
    keys = [*by, "currency"]
    cost = spend.group_by(keys).agg(pl.col("cost").sum())
    models = results.select("model").unique(maintain_order=True).with_row_index("rank")
    without_credit = (
        models.join(cost, how="cross").join(results, on=["model", *keys], how="anti").select("model", *keys, conversions=0.0, value=0.0)
    )
    joined = pl.concat([results, without_credit], how="vertical_relaxed").join(cost, on=keys, how="left").join(models, on="model")
    return joined.sort("rank", *keys).select("model", *keys, "conversions", "value", *ratios())


def ratios() -> list[pl.Expr]:
    """cost, roas and cpa from cost, value and conversions."""
    cost = pl.col("cost").cast(pl.Float64)
    return [
        pl.col("cost").cast(MONEY),
        pl.when(cost > 0).then(pl.col("value") / cost).alias("roas"),
        pl.when(pl.col("conversions") > 0).then(cost / pl.col("conversions")).alias("cpa"),
    ]


def channel_daily(credit: pl.DataFrame, model: str) -> pl.DataFrame:
    """`marts/channel_daily` rows of one model's credits."""
    keys = ["day", "channel", "campaign", "kind", "goal", "currency"]
    rows = summed(credit, keys, ["credit", "value"]).rename({"credit": "conversions"})
    return CHANNEL_DAILY.conform(rows.with_columns(model=pl.lit(model)))


def spend_daily(spend: pl.DataFrame) -> pl.DataFrame:
    """`marts/spend_daily` rows of `core/spend`."""
    keys = list(SPEND_DAILY.key)
    measured = [pl.when(pl.col(c).is_not_null().any()).then(pl.col(c).sum()).alias(c) for c in ("impressions", "clicks")]
    return SPEND_DAILY.conform(spend.group_by(keys).agg(pl.col("cost").sum(), *measured)).sort(keys)
