"""Whether the marts say what the tables below them say. Pure: frames in, Finding out."""

from collections.abc import Collection

import polars as pl

from mta_assets.quality.daily import Judged, Off, summary
from mta_assets.quality.findings import Finding

# Sums of shares in double precision; one lost or doubled conversion is far above this.
TOLERANCE = 1e-6
REMEDY = (
    "Nothing was written. Rematerialise the credits of these days and then this asset; if it stays, two runs wrote the same days at once."
)
PERFORMANCE_REMEDY = "Nothing was written. Rematerialise marts/channel_daily of the fit window and then this asset."
SPEND_REMEDY = "Nothing was written. Rematerialise this asset; if it stays, core/spend changed while it was read."


def credited_daily(channel_daily: pl.DataFrame, converted: pl.DataFrame, additive: Collection[str]) -> Finding:
    """Whether each additive model's conversions and value of a day in `marts/channel_daily` are those of `core/journeys`.

    converted: (day, currency, conversions, value) of the converted journeys of the same days; additive: the models that share each conversion out whole.
    A model that has no credit at all on a day is not judged on it: it was configured later, and waits to be computed there.
    """
    keys = ["day", "currency"]
    due = converted.select(*keys, pl.col("conversions").cast(pl.Float64), pl.col("value").cast(pl.Float64))
    credited = (
        channel_daily.filter(pl.col("model").is_in(list(additive))).group_by("model", *keys).agg(pl.col("conversions", "value").sum())
    )
    computed = credited.select("model", "day").unique()
    return _compared(credited, computed.join(due, on="day"), ["model", *keys], ("conversions", "value"), REMEDY)


def spent_daily(spend_daily: pl.DataFrame, spend: pl.DataFrame) -> Finding:
    """Whether `marts/spend_daily` has the cost of `core/spend`, by day, channel and currency."""
    keys = ["day", "channel", "currency"]
    found, due = (frame.group_by(keys).agg(pl.col("cost").sum().cast(pl.Float64)) for frame in (spend_daily, spend))
    return _compared(found, due, keys, ("cost",), SPEND_REMEDY)


def performed(performance: pl.DataFrame, due: pl.DataFrame, additive: Collection[str]) -> Finding:
    """Whether each additive model's conversions of a window in `marts/channel_performance` are those of its days.

    due: (day, model, currency, conversions, value): `marts/channel_daily` summed over the window that ends on the day.
    """
    keys = ["day", "model", "currency"]
    known = pl.col("model").is_in(list(additive))
    found = performance.filter(known).group_by(keys).agg(pl.col("conversions", "value").sum())
    return _compared(found, due.filter(known), keys, ("conversions", "value"), PERFORMANCE_REMEDY)


def _compared(found: pl.DataFrame, due: pl.DataFrame, keys: list[str], measures: tuple[str, ...], remedy: str) -> Finding:
    both = due.join(found, on=keys, how="full", coalesce=True, suffix="_found").with_columns(
        pl.col(name).fill_null(0.0) for measure in measures for name in (measure, f"{measure}_found")
    )
    differs = pl.any_horizontal(
        (pl.col(measure) - pl.col(f"{measure}_found")).abs() > TOLERANCE * (1 + pl.col(measure).abs()) for measure in measures
    )
    off = [
        Off(
            subject=" ".join(str(row[key]) for key in keys),
            found=", ".join(f"{measure} {row[f'{measure}_found']:,.2f}" for measure in measures),
            usual=", ".join(f"{measure} {row[measure]:,.2f}" for measure in measures),
            score=max(abs(row[measure] - row[f"{measure}_found"]) for measure in measures),
        )
        for row in both.filter(differs).sort(keys).iter_rows(named=True)
    ]
    return summary(Judged(subjects=both.height, off=off), remedy, "error")
