"""What a model of increments makes of a world in which some channels were tested: its estimates, calibrated with the experiments that the holdouts are."""

import polars as pl

from mta_assets.analysis.incrementality import touches_by_day
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.marts.calibration import calibrate
from mta_assets.models.linear import Linear
from mta_assets.scorecard.credit import credited
from mta_assets.simulation.known import Simulated

TESTS, HELD_OUT = 2, 0.2  # how many channels are tested, and from which share of the users each is held out
_LEVEL = 0.9  # of bands, which the scorecard does not judge


def named(model: str) -> str:
    """The name of a model's row with experiments."""
    return f"({model} + experiments)"


def holdouts(world: Simulated, increments: pl.DataFrame) -> dict[str, float]:
    """Paid channel -> share of users to be held out, for those on which the model and linear attribution disagree by most conversions: what to test first.

    No truth is looked at. increments: `INCREMENTS` rows of the world.
    """
    paid = increments.filter(pl.col("channel").is_in(list(world.world.paid)))
    linear = credited(world, {"linear": Linear()}).credit.select("channel", "conversions")
    gap = (pl.col("increment").fill_null(0.0) - pl.col("conversions")).abs()
    return dict.fromkeys(paid.join(linear, on="channel").sort(gap, "channel", descending=True)["channel"].head(TESTS), HELD_OUT)


def calibrated_credit(world: Simulated, increments: pl.DataFrame, credit: pl.DataFrame) -> pl.DataFrame:
    """channel, conversions, value: calibrated increments, at the value per conversion that the model credits the channel with, or all channels where none.

    increments: `INCREMENTS` rows of the world; credit: channel, conversions, value of the same model.
    """
    last = world.world.days - 1
    days = DayRange(world.world.day(0), world.world.day(last))
    found = calibrate(increments, _stated(world), touches_by_day(world.touchpoints, "UTC"), days, _LEVEL).rows
    worth: float = credit.select(pl.col("value").sum() / pl.col("conversions").sum()).item()
    each = pl.when(pl.col("conversions") > 0).then(pl.col("value") / pl.col("conversions")).otherwise(worth)
    added = pl.col("calibrated").fill_null(0.0).clip(0.0)  # nobody is credited with less than nothing
    return found.join(credit, on="channel", how="left", maintain_order="left").select(
        "channel", conversions=added, value=added * each.fill_null(worth)
    )


def _stated(world: Simulated) -> pl.DataFrame:
    """The world's experiments as an analyst states them."""
    return EXPERIMENTS.conform(
        world.experiments.with_columns(
            pl.format("holdout of {}", "channel").alias("stated"), pl.lit("holdout").alias("kind"), pl.col("last_day").alias("valid_until")
        )
    )
