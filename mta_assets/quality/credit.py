"""Checks on credit: conserved, never negative, once per key. Pure: frames in, Finding out."""

import polars as pl

from mta_assets.quality.findings import Finding

# Sums of many shares in double precision; a lost or doubled conversion is off by at least the smallest share, far above this.
TOLERANCE = 1e-9


def conservation(credit: pl.DataFrame, journeys: pl.DataFrame) -> Finding:
    """Whether each conversion's credit sums to 1 and its value credit to its value.

    credit: `credits/<model>` rows; journeys: `core/journeys` rows of the same days.
    """
    key = ["day", "source_name", "conversion_id"]
    due = journeys.filter(pl.col("outcome") == "converted").select(*key, pl.col("value").cast(pl.Float64).alias("due"))
    got = credit.group_by(key).agg(pl.col("credit").sum(), pl.col("value").sum())
    both = due.join(got, on=key, how="full", coalesce=True).fill_null(0.0)
    off = both.filter(
        ((pl.col("credit") - 1).abs() > TOLERANCE) | ((pl.col("value") - pl.col("due")).abs() > TOLERANCE * (1 + pl.col("due").abs()))
    )
    numbers = {"conversions": due.height, "credit": float(credit["credit"].sum()), "value": float(due["due"].sum())}
    if off.is_empty():
        return Finding(passed=True, message=f"credit of {due.height} conversions sums to {due.height}", numbers=numbers)
    worst = off.row(0, named=True)
    return Finding(
        passed=False,
        message=f"{off.height} conversions are not credited exactly once, e.g. {worst['conversion_id']!r}: credit {worst['credit']:.9f}",
        recommendation="rematerialise core/journeys and then this asset for the partition; if it stays, the model's weights are at fault",
        numbers=numbers | {"off": off.height},
    )


def not_negative(credit: pl.DataFrame) -> Finding:
    """Whether no credit is negative or not a number."""
    bad = credit.filter(~(pl.col("credit").is_finite() & pl.col("value").is_finite() & (pl.col("credit") >= 0) & (pl.col("value") >= 0)))
    return Finding(
        passed=bad.is_empty(),
        message="no credit is negative" if bad.is_empty() else f"{bad.height} rows have negative or non-finite credit",
        recommendation="" if bad.is_empty() else "look at the model's weights for the conversions listed in this partition",
        numbers={"rows": credit.height, "bad": bad.height},
    )


def unique_keys(frame: pl.DataFrame, key: tuple[str, ...]) -> Finding:
    """Whether the key is unique."""
    twice = frame.height - frame.select(key).n_unique() if frame.height else 0
    return Finding(
        passed=twice == 0,
        message="every key is there once" if twice == 0 else f"{twice} rows repeat the key {', '.join(key)}",
        recommendation="" if twice == 0 else "rematerialise the partition; if it stays, two writers raced on it: look at its runs",
        numbers={"rows": frame.height, "repeated": twice},
    )
