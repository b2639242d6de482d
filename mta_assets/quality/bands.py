"""Whether each figure has a band that holds it, or the reason why there is none. Pure: frames in, Finding out."""

import polars as pl

from mta_assets.quality.findings import Finding

ROUNDING = 1e-9
REMEDY = (
    "Nothing was written. Rematerialise the asset of the day; if it stays, statistics and credits of its window are not of the same run."
)


def banded(bands: pl.DataFrame, performance: pl.DataFrame) -> Finding:
    """bands: `marts/bands` rows, none where no day is the newest; performance: `marts/channel_performance` rows, all of that day among them."""
    keys = ["day", "model", "channel", "currency"]
    due = performance.filter(pl.col("day").is_in(bands["day"].unique().to_list()))
    bare = due.join(bands.filter(metric="conversions"), on=keys, how="anti").height
    slack = ROUNDING * (1 + pl.col("estimate").abs())
    held = pl.col("estimate").is_between(pl.col("low") - slack, pl.col("high").fill_null(float("inf")) + slack).fill_null(value=False)
    wrong = bands.filter(~pl.when(pl.col("reason").is_null()).then(held).otherwise(pl.col("low").is_null() & pl.col("high").is_null()))
    numbers = {"figures": bands.height, "without_band": bands["reason"].count(), "wrong": wrong.height, "missing": bare}
    if not bare and wrong.is_empty():
        said = bands.height - bands["reason"].count()
        return Finding(passed=True, message=f"{said} of {bands.height} figures have a band, the others a reason for none", numbers=numbers)
    example = f", e.g. {wrong.row(0, named=True)}" if wrong.height else ""
    return Finding(
        passed=False,
        message=f"{bare} channels have no row of bands, and {wrong.height} bands do not hold their figure{example}",
        recommendation=REMEDY,
        numbers=numbers,
    )
