"""Credit beside spend: what each channel cost and returned, per model. Money stays exact; ratios are null where they mean nothing."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from mta_assets.contracts.tables import CHANNEL_DAILY, NO_CONSENT, NOT_SET, SPEND_DAILY
from mta_assets.marts.small_cells import named
from mta_assets.marts.sums import summed

MONEY = SPEND_DAILY.schema["cost"]


def with_spend(results: pl.DataFrame, spend: pl.DataFrame, by: Sequence[str], unestimated: pl.DataFrame | None = None) -> pl.DataFrame:
    """`results` (model, *by, currency, conversions, value) with cost, roas and cpa; one row more per model for spend that earned no credit.

    by: channel, or channel and campaign. unestimated: model, channel: of which the model cannot tell what they brought, so that it credits them with nothing.
    cost is null where no spend is known; roas = value / cost is null where cost is null or 0, or the channel unestimated; cpa = cost / conversions is null
    where cost is null or conversions are 0. Credit in a currency meets only spend in that currency.
    """
    keys = [*by, "currency"]
    cost = spend.group_by(keys).agg(pl.col("cost").sum())
    models = results.select("model").unique(maintain_order=True).with_row_index("rank")
    without_credit = (
        models.join(cost, how="cross").join(results, on=["model", *keys], how="anti").select("model", *keys, conversions=0.0, value=0.0)
    )
    joined = pl.concat([results, without_credit], how="vertical_relaxed").join(cost, on=keys, how="left").join(models, on="model")
    shown = joined.sort("rank", *keys).select("model", *keys, "conversions", "value", *ratios())
    if unestimated is None or unestimated.is_empty():
        return shown
    unknown = pl.struct("model", "channel").is_in(unestimated.select(pl.struct("model", "channel")).to_series().implode())
    return shown.with_columns(roas=pl.when(~unknown).then("roas"))


def unestimated(increments: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """model, channel of which the model says that it cannot tell what they brought. increments: model -> rows of its increments."""
    unknown = [
        rows.filter(pl.col("increment").is_null()).select(pl.lit(name).alias("model"), "channel") for name, rows in increments.items()
    ]
    return pl.concat([pl.DataFrame(schema={"model": pl.String, "channel": pl.String}), *unknown])


def ratios() -> list[pl.Expr]:
    """cost, roas and cpa from cost, value and conversions."""
    cost = pl.col("cost").cast(pl.Float64)
    return [
        pl.col("cost").cast(MONEY),
        pl.when(cost > 0).then(pl.col("value") / cost).alias("roas"),
        pl.when(pl.col("conversions") > 0).then(cost / pl.col("conversions")).alias("cpa"),
    ]


CELL, VALUES = ["channel", "campaign", "kind", "goal"], ["credit", "value"]


def shown(credit: pl.DataFrame, fewest: int, touched: pl.DataFrame | None) -> pl.DataFrame:
    """One model's credits as they may be shown. fewest: users of a cell with its own name; touched: who was, of a model that learns (see `small_cells`)."""
    if not fewest:
        return credit
    return named(credit, group=["day", "currency"], cell=CELL, values=VALUES, fewest=fewest, evidence=touched)


def channel_daily(credit: pl.DataFrame, model: str) -> pl.DataFrame:
    """`marts/channel_daily` rows of one model's credits."""
    rows = summed(credit, ["day", *CELL, "currency"], VALUES).rename({"credit": "conversions"})
    return CHANNEL_DAILY.conform(rows.with_columns(model=pl.lit(model)))


def without_consent(counted: pl.DataFrame, models: Sequence[str], milestones: Collection[str], fewest: int = 0) -> pl.DataFrame:
    """`marts/channel_daily` rows of conversions that no model may credit, the same for every model.

    counted: `core/no_consent`; milestones: goals that are no conversions; fewest: conversions of a row that is shown, for nobody knows of how many users.
    """
    conversions = counted.filter(pl.col("event") == "conversions", pl.col("events") >= fewest, ~pl.col("goal").is_in(list(milestones)))
    rows = conversions.select("day", "goal", "currency", pl.col("events").alias("conversions"), "value")
    named = {"channel": NO_CONSENT, "campaign": NOT_SET, "kind": NOT_SET}
    per_model = pl.DataFrame({"model": models}, schema={"model": pl.String}).join(rows, how="cross")
    return CHANNEL_DAILY.conform(per_model.with_columns(pl.lit(text).alias(name) for name, text in named.items()))


def spend_daily(spend: pl.DataFrame) -> pl.DataFrame:
    """`marts/spend_daily` rows of `core/spend`."""
    keys = list(SPEND_DAILY.key)
    measured = [pl.when(pl.col(c).is_not_null().any()).then(pl.col(c).sum()).alias(c) for c in ("impressions", "clicks")]
    return SPEND_DAILY.conform(spend.group_by(keys).agg(pl.col("cost").sum(), *measured)).sort(keys)
