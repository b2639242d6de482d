"""What is kept of users who did not agree to be followed: counts per day. Pure."""

import polars as pl

from mta_assets.contracts.tables import ANONYMOUS, NOT_SET, UNCONSENTED

_OF_TOUCHES = {"goal": NOT_SET, "currency": NOT_SET}
_OF_CONVERSIONS = {"channel": NOT_SET, "campaign": NOT_SET, "kind": NOT_SET}


def unconsented(event: str, rows: pl.DataFrame) -> pl.DataFrame:
    """`core/no_consent` of deduplicated staged rows without consent. event: touchpoints or conversions. A touch is worth nothing, whatever it cost."""
    named, value = (_OF_TOUCHES, pl.lit(0)) if event == "touchpoints" else (_OF_CONVERSIONS, pl.col("value"))
    keyed = rows.with_columns(
        pl.lit(event).alias("event"), value.alias("value"), *(pl.lit(text).alias(name) for name, text in named.items())
    )
    sums = keyed.group_by(UNCONSENTED.key).agg(pl.len().alias("events"), pl.col("value").sum())
    return UNCONSENTED.conform(sums).sort(UNCONSENTED.key)


def apart(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(staged rows with consent, those without)."""
    refused = rows["user_id"] == ANONYMOUS
    return rows.filter(~refused), rows.filter(refused)


def noon(day: pl.Series, timezone: str) -> pl.Series:
    """(rows,) the moment, in UTC, at which it is noon in the zone: there is one on every day."""
    return day.cast(pl.Datetime("us")).dt.offset_by("12h").dt.replace_time_zone(timezone).dt.convert_time_zone("UTC")
