"""What channels added by the files of a one-off analysis, calibrated with experiments, beside what they cost. Pure: frames in, frames out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.experiments import JUDGED
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.errors import ConfigError, did_you_mean
from mta_assets.marts.calibration import calibrate
from mta_assets.marts.incrementality import incrementality as beside_cost


@dataclass(frozen=True, kw_only=True)
class Incrementality:
    """rows: `marts/incrementality` rows, of the last day of the files. experiments: `JUDGED` rows; left_out: a sentence for each that does not count."""

    rows: pl.DataFrame = field(default_factory=INCREMENTALITY.empty)
    experiments: pl.DataFrame = field(default_factory=JUDGED.to_frame)
    left_out: tuple[str, ...] = ()


def touches_by_day(touchpoints: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """channel, day, touches: how many each channel has on each reporting day."""
    day = pl.col("ts").dt.convert_time_zone(timezone).dt.date().alias("day")
    return touchpoints.group_by("channel", day).agg(pl.len().alias("touches")).sort("channel", "day")


def check_channels(stated: pl.DataFrame, touches: pl.DataFrame) -> None:
    """Raises ConfigError that names the row and the nearest channels when an experiment that is valid on the last day is of a channel that no touch has."""
    if touches.is_empty():  # paths have no days; no model can be calibrated then
        return
    channels = touches["channel"].unique().sort().to_list()
    in_force = stated.filter(pl.col("valid_until") >= touches["day"].max(), ~pl.col("channel").is_in(channels))
    wrong = [
        f"{where}, column channel: no touch has the channel {name!r}. {did_you_mean(name, channels)}"
        for where, name in in_force.select("stated", "channel").iter_rows()
    ]
    if wrong:
        raise ConfigError("\n".join([*wrong, "Correct the channel, or leave the experiment out for these files."]))


def incrementality(
    increments: Mapping[str, pl.DataFrame], results: pl.DataFrame, stated: pl.DataFrame, touches: pl.DataFrame, level: float
) -> Incrementality:
    """Of each model that estimates increments. increments: model -> its rows; stated: `EXPERIMENTS` rows; touches: channel, day, touches."""
    found = Incrementality()
    if not increments:
        return found
    first, last = touches.select(pl.col("day").min(), last=pl.col("day").max()).row(0)
    rows = []
    for model, own in increments.items():
        calibration = calibrate(own, stated, touches, DayRange(first, last), level)
        doubts = own["doubt"].drop_nulls().unique().to_list()
        rows.append(beside_cost(calibration.rows, _cost(results.filter(model=model)), "; ".join(doubts) or None, model, last, level))
        found = Incrementality(rows=pl.concat(rows), experiments=calibration.experiments, left_out=calibration.left_out)
    return found


def _cost(results: pl.DataFrame) -> pl.DataFrame:
    """channel, currency, cost and roas of one model's results, which may be by campaign and without spend."""
    known = results if "cost" in results.columns else results.with_columns(cost=pl.lit(None, INCREMENTALITY.schema["cost"]))
    cost = pl.when(pl.col("cost").is_not_null().any()).then(pl.col("cost").sum()).alias("cost")
    summed = known.group_by("channel", "currency", maintain_order=True).agg(cost, pl.col("value").sum())
    spent = pl.col("cost").cast(pl.Float64)
    return summed.with_columns(roas=pl.when(spent > 0).then(pl.col("value") / spent))
