"""What a day of events looks like in some hundred numbers: `core/event_profile`, by which checks compare days. Pure; a function of each day's rows alone."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints
from mta_assets.contracts.profiles import EVENT_PROFILE

# What each measure counts; docs/checks.md has this list.
MEASURES: Mapping[str, str] = {
    "touches": "touches, by source and channel",
    "bots": "users like bots, of all sources",
    "bot_touches": "their touches, by source and channel",
    "touches_repeated": "touches that repeat the user's touch before within a second: same source, channel, campaign and kind",
    "touches_matched": "touches whose user reaches a goal on the same day",
    "touches_at": "touches, by hour of the day in the reporting timezone",
    "touches_ahead": "touches later than the moment at which their file was ingested",
    "conversions": "conversions and milestones, by source and goal",
    "conversions_at": "conversions and milestones, by hour of the day in the reporting timezone",
    "conversions_ahead": "conversions and milestones later than the moment at which their file was ingested",
    "conversion_currency": "conversions with a value, by source and currency",
    "values": "conversions with a value, by goal and currency",
    "value_quarter": "the value below which a quarter of these lie (an amount of money)",
    "value_median": "the value below which half of these lie (an amount of money)",
    "value_three_quarters": "the value below which three quarters of these lie (an amount of money)",
    "value_largest": "the largest of these (an amount of money)",
    "spend": "rows of spend, by source and channel",
    "spend_cost": "cost, by source and channel, over all currencies (an amount of money)",
    "spend_currency": "rows of spend, by source and currency",
}
REPEATED_WITHIN_US = 1_000_000
_SLOT_US = 900_000_000  # time zones differ by multiples of a quarter of an hour
_SOURCE = ["day", "source_name"]


def event_profile(
    touchpoints: pl.DataFrame, conversions: pl.DataFrame, spend: pl.DataFrame, *, flagged: pl.DataFrame, files: pl.DataFrame, timezone: str
) -> pl.DataFrame:
    """`core/event_profile` of the days of these core rows, which are sorted as the tables are; what there is nothing of has no row.

    flagged: `core/bots` of the days; files: `staged/files`.
    """
    parts = [
        _by(touchpoints, "touches", "channel"),
        _rows(flagged.group_by("day").agg(pl.len().alias("amount")).with_columns(source_name=pl.lit(""), part=pl.lit("")), "bots"),
        _by(touchpoints.join(flagged.select("day", "user"), on=["day", "user"], how="semi"), "bot_touches", "channel"),
        _of(_repeated(touchpoints), "touches_repeated"),
        _of(
            touchpoints.select(*_SOURCE, "user").join(conversions.select("day", "user"), on=["day", "user"], how="semi"), "touches_matched"
        ),
        _hours(touchpoints, "touches_at", timezone),
        _of(_ahead(touchpoints, files), "touches_ahead"),
        _by(conversions, "conversions", "goal"),
        _hours(conversions, "conversions_at", timezone),
        _of(_ahead(conversions, files), "conversions_ahead"),
        _by(conversions.filter(pl.col("value") > 0), "conversion_currency", "currency"),
        *_values(conversions.filter(pl.col("value") > 0)),
        _by(spend, "spend", "channel"),
        _rows(spend.group_by(*_SOURCE, part="channel").agg(pl.col("cost").sum().cast(pl.Float64).alias("amount")), "spend_cost"),
        _by(spend, "spend_currency", "currency"),
    ]
    return pl.concat([EVENT_PROFILE.empty(), *parts]).sort(EVENT_PROFILE.key)


def _by(frame: pl.DataFrame, measure: str, part: str) -> pl.DataFrame:
    return _rows(frame.group_by(*_SOURCE, part=part).agg(pl.len().alias("amount")), measure)


def _of(frame: pl.DataFrame, measure: str) -> pl.DataFrame:
    return _rows(frame.group_by(_SOURCE).agg(pl.len().alias("amount")).with_columns(part=pl.lit("")), measure)


def _rows(frame: pl.DataFrame, measure: str) -> pl.DataFrame:
    return EVENT_PROFILE.conform(frame.with_columns(measure=pl.lit(measure)))


def _repeated(touchpoints: pl.DataFrame) -> pl.DataFrame:
    """The touches that say what the one before them says, no more than a second later."""
    user, ts = touchpoints["user"].to_numpy(), touchpoints["ts"].to_physical().to_numpy()
    again = 1 + np.flatnonzero((user[1:] == user[:-1]) & (ts[1:] - ts[:-1] <= REPEATED_WITHIN_US) & (ts[1:] >= ts[:-1]))
    said = ["source_name", "channel", "campaign", "kind"]
    here, before = _taken(touchpoints, again, ["day", *said]), _taken(touchpoints, again - 1, said)
    same = pl.all_horizontal(here[column] == before[column] for column in said)
    return here.filter(same)


def _taken(frame: pl.DataFrame, rows: Ints, columns: list[str]) -> pl.DataFrame:
    return frame.select(columns)[rows]


def _hours(frame: pl.DataFrame, measure: str, timezone: str) -> pl.DataFrame:
    slots = frame.group_by(*_SOURCE, (pl.col("ts").dt.timestamp("us") // _SLOT_US).alias("slot")).len()
    hour = pl.from_epoch(pl.col("slot") * _SLOT_US, time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.hour()
    by_hour = slots.group_by(*_SOURCE, part=hour.cast(pl.String).str.zfill(2)).agg(pl.col("len").sum().alias("amount"))
    return _rows(by_hour, measure)


def _ahead(frame: pl.DataFrame, files: pl.DataFrame) -> pl.DataFrame:
    """The rows that are later than the ingest of their file."""
    key = ["source_name", "file"]
    newest = frame.group_by(key).agg(pl.col("ts").max())
    current = files.filter(pl.col("status") == "current").select(*key, "ingested_at")
    suspect = newest.join(current, on=key).filter(pl.col("ts") > pl.col("ingested_at")).drop("ts")
    return frame.select(*_SOURCE, "file", "ts").join(suspect, on=key).filter(pl.col("ts") > pl.col("ingested_at"))


def _values(conversions: pl.DataFrame) -> list[pl.DataFrame]:
    """Quartiles and the largest of each day's values. They are over all sources: a goal in a currency has one measure of worth."""
    value = pl.col("value").cast(pl.Float64)
    part = pl.format("{} {}", "goal", "currency")
    found = conversions.group_by("day", part=part).agg(
        values=pl.len().cast(pl.Float64),
        value_quarter=value.quantile(0.25, "nearest"),
        value_median=value.quantile(0.5, "nearest"),
        value_three_quarters=value.quantile(0.75, "nearest"),
        value_largest=value.max(),
    )
    names = ("values", "value_quarter", "value_median", "value_three_quarters", "value_largest")
    return [_rows(found.select("day", "part", amount=name).with_columns(source_name=pl.lit("")), name) for name in names]
