"""Whether each channel is judged on the figures that bands are of, and has an experiment or the reason for none. Pure: frames in, Finding out."""

import polars as pl

from mta_assets.quality.findings import Finding

REMEDY = "Nothing was written. Rematerialise the asset of the day; if it stays, bands and advice are not of the same run."


def on_the_bands(channels: pl.DataFrame, bands: pl.DataFrame) -> Finding:
    """channels: `marts/channel_advice` rows; bands: `marts/bands` rows of the same day."""
    shares = bands.filter(pl.col("metric") == "share").select("day", "channel", "currency", "model", "estimate")
    keys = ["day", "channel", "currency"]
    wrong = [
        channels.join(shares, left_on=[*keys, f"{end}_model"], right_on=[*keys, "model"], how="left")
        .filter(pl.col(f"{end}_model").is_not_null(), pl.col(f"{end}_share") != pl.col("estimate").fill_null(0.0))
        .height
        for end in ("lowest", "highest")
    ]
    torn = channels.filter(pl.col("held_out").is_null() != pl.col("no_experiment").is_not_null()).height
    numbers = {"channels": channels.height, "off_the_bands": sum(wrong), "torn_experiments": torn}
    if not sum(wrong) and not torn:
        return Finding(passed=True, message=f"{channels.height} channels are judged on figures that have bands", numbers=numbers)
    return Finding(
        passed=False,
        message=f"{sum(wrong)} shares are not those of the bands, {torn} experiments are half there",
        recommendation=REMEDY,
        numbers=numbers,
    )
