"""Which experiments count for some days, what each measured for as many touches as these have, and why others do not count. Pure: frames in, frames out."""

from datetime import date

import polars as pl

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.experiments import JUDGED
from mta_assets.errors import did_you_mean

_PERIOD = ["channel", "first_day", "last_day"]


def judged(experiments: pl.DataFrame, touches: pl.DataFrame, days: DayRange, as_of: date) -> pl.DataFrame:
    """`JUDGED` rows, one per experiment, in the order given. touches: channel, day, touches: how many each channel has on each of these days.

    An effect is carried over in proportion to the channel's touches where its period lies within the days, and to the number of days where it does
    not. as_of: the day on which an experiment must be over and valid.
    """
    channels = touches["channel"].unique().sort().to_list()
    inside = (pl.col("first_day") >= days.first) & (pl.col("last_day") <= days.last)
    by_days = len(days) / ((pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1)
    factor = pl.when(inside).then(pl.col("whole") / pl.col("within")).otherwise(by_days)
    return (
        experiments.join(_within(experiments, touches), on=_PERIOD, how="left", maintain_order="left")
        .join(touches.group_by("channel").agg(pl.col("touches").sum().alias("whole")), on="channel", how="left", maintain_order="left")
        .with_columns(_reason(channels, as_of, inside).alias("reason"))
        .with_columns(
            pl.when(pl.col("reason").is_null()).then(factor * pl.col(measured)).alias(here)
            for measured, here in (("effect", "effect_here"), ("standard_error", "error_here"))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in JUDGED.items())
    )


def _within(experiments: pl.DataFrame, touches: pl.DataFrame) -> pl.DataFrame:
    """channel, first_day, last_day, within: touches of the tested channel within each experiment's period."""
    own = experiments.select(_PERIOD).unique().join(touches, on="channel")
    return own.filter(pl.col("day").is_between("first_day", "last_day")).group_by(_PERIOD).agg(pl.col("touches").sum().alias("within"))


def _reason(channels: list[str], as_of: date, inside: pl.Expr) -> pl.Expr:
    unknown = pl.col("channel").map_elements(
        lambda name: f"no touch of these days has the channel {name!r}. {did_you_mean(name, channels)}", pl.String
    )
    return (
        pl.when(pl.col("valid_until") < as_of)
        .then(pl.format("it was valid until {} and has expired; test the channel again", "valid_until"))
        .when(pl.col("last_day") > as_of)
        .then(pl.format("it ends on {}, after the last of these days", "last_day"))
        .when(~pl.col("channel").is_in(channels))
        .then(unknown)
        .when(inside & (pl.col("within").fill_null(0) == 0))
        .then(pl.lit("the channel has no touch in its period; correct the days or the channel"))
    )
