"""What the journeys that closed on a day look like in some tens of numbers: `core/journey_profile`, by which checks compare days. Pure."""

from collections.abc import Mapping

import polars as pl

from mta_assets.contracts.profiles import JOURNEY_PROFILE

MEASURES: Mapping[str, str] = {
    "converted": "journeys that converted, by source of the conversion and goal",
    "untouched": "of these, those that no touch precedes within the lookback",
    "journey_length": "of the others, how many have so many touches (the classes begin at the part)",
    "journey_lag": "of the others, how many took so many hours from the first touch to the conversion (the classes begin at the part)",
    "expired": "journeys that expired",
}
LENGTHS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 50, 100)  # touches; each class begins here
LAGS_HOURS = (0, 1, 3, 6, 12, 24, 48, 96, 168, 336, 504, 672, 1440, 2880)


def journey_profile(journeys: pl.DataFrame) -> pl.DataFrame:
    """`core/journey_profile` of the days of these `core/journeys` rows."""
    converted = (
        journeys.lazy()
        .filter(pl.col("outcome") == "converted")
        .select(
            "day",
            "source_name",
            "goal",
            length=pl.col("touch_ts").list.len(),
            hours=(pl.col("closing_ts") - pl.col("touch_ts").list.first()).dt.total_hours(),
        )
    )
    touched = converted.filter(pl.col("length") > 0)
    by_goal = ["day", "source_name", pl.col("goal").alias("part")]
    parts = [
        _rows(converted.group_by(by_goal).agg(pl.len().alias("amount")), "converted"),
        _rows(converted.filter(pl.col("length") == 0).group_by(by_goal).agg(pl.len().alias("amount")), "untouched"),
        _rows(_classes(touched, "length", LENGTHS), "journey_length"),
        _rows(_classes(touched, "hours", LAGS_HOURS), "journey_lag"),
        _rows(_of_all(journeys.lazy().filter(pl.col("outcome") == "expired").group_by("day").agg(pl.len().alias("amount"))), "expired"),
    ]
    return pl.concat([JOURNEY_PROFILE.empty(), *pl.collect_all(parts)]).sort(JOURNEY_PROFILE.key)


def class_name(start: int) -> str:
    """How a class is called as a part: sorted as text it is sorted as a number."""
    return f"{start:04d}"


def _classes(rows: pl.LazyFrame, column: str, starts: tuple[int, ...]) -> pl.LazyFrame:
    begins = pl.Series("start", starts, dtype=pl.Int64)
    index = pl.lit(begins).search_sorted(pl.col(column).cast(pl.Int64), side="right") - 1
    names = pl.DataFrame(
        {"index": range(len(starts)), "part": [class_name(start) for start in starts]}, schema_overrides={"index": pl.Int64}
    )
    counted = rows.select("day", index.cast(pl.Int64).alias("index")).group_by("day", "index").agg(pl.len().alias("amount"))
    return counted.join(names.lazy(), on="index").select("day", "part", "amount", pl.lit("").alias("source_name"))


def _of_all(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.with_columns(source_name=pl.lit(""), part=pl.lit(""))


def _rows(frame: pl.LazyFrame, measure: str) -> pl.LazyFrame:
    schema = JOURNEY_PROFILE.schema
    return frame.with_columns(measure=pl.lit(measure)).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
