"""The scorecard's rows -> one row per model, over seeds and worlds, and its form as Markdown. No computation of a score."""

from collections.abc import Sequence

import polars as pl

from mta_assets.contracts.describe import markdown_table

JUDGED = ("default", "no-hidden-targeting", "no-upstream", "randomised")  # the worlds whose mean is the figure of a model
NOISE = "pure-noise"
NOISE_HEADING = "claims of pure noise"
START, END = "<!-- scorecard: make scorecard -->", "<!-- end of scorecard -->"


def summary(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per model that could be computed, the nearest to the truth first; a mean over seeds, then over worlds.

    model, mean (total variation over the `JUDGED` worlds), a column of total variation for each world but pure noise; over_claim, rank_correlation and
    profit_per_moved over the `JUDGED` worlds, worst_channel (most often the worst on them) with its mean worst_error, noise_claimed (pure noise).
    """
    worlds = rows["world"].unique(maintain_order=True).to_list()
    judged = rows.filter(pl.col("world").is_in(list(JUDGED)))
    means = _means(judged, ["total_variation", "over_claim", "rank_correlation", "profit_per_moved"]).rename({"total_variation": "mean"})
    result = rows.filter(pl.col("unavailable").is_null()).select(pl.col("model").unique(maintain_order=True))
    result = result.join(means, on="model", how="left", maintain_order="left").join(
        _worst(judged), on="model", how="left", maintain_order="left"
    )
    for world in worlds:
        here = rows.filter(world=world).group_by("model").agg(pl.col("total_variation", "claimed_share").mean())
        named = {"total_variation": world} if world != NOISE else {"claimed_share": "noise_claimed"}
        result = result.join(here.select("model", *named).rename(named), on="model", how="left", maintain_order="left")
    return result.sort("mean", nulls_last=True, maintain_order=True)


def markdown(rows: pl.DataFrame) -> str:
    """The table of the docs."""
    table = summary(rows)
    worlds = [world for world in rows["world"].unique(maintain_order=True) if world != NOISE]
    head = ("model", "mean of four", *worlds, "over-claim", "rank correlation", "farthest off", "profit", NOISE_HEADING)
    body = [
        (
            f"`{row['model']}`" if row["model"][0] != "(" else row["model"],
            _number(row["mean"], 3),
            *(_number(row[world], 3) for world in worlds),
            _number(row["over_claim"], 2),
            _number(row["rank_correlation"], 2),
            f"{row['worst_channel']} {row['worst_error']:+.2f}" if row["worst_channel"] else "-",
            _number(row["profit_per_moved"], 2),
            _percent(row.get("noise_claimed")),
        )
        for row in table.to_dicts()
    ]
    return markdown_table(head, body)


def foretelling(predictions: pl.DataFrame) -> pl.DataFrame:
    """One row per model that predicts, the smallest log-loss first: the mean over the `JUDGED` worlds and their seeds; bins are averaged as well."""
    judged = predictions.filter(pl.col("world").is_in(list(JUDGED)))
    figures = judged.group_by("model", maintain_order=True).agg(pl.col("log_loss", "auc", "calibration_error").mean())
    bins = judged.select("model", "foretold", "happened", bin=pl.int_ranges(pl.col("foretold").list.len()))
    curve = (
        bins.explode("foretold", "happened", "bin")
        .group_by("model", "bin", maintain_order=True)
        .agg(pl.col("foretold", "happened").mean())
        .group_by("model", maintain_order=True)
        .agg("foretold", "happened")
    )
    return figures.join(curve, on="model", maintain_order="left").sort("log_loss", maintain_order=True)


def foretelling_markdown(predictions: pl.DataFrame) -> str:
    """The table of predictions of the docs."""
    rows = [
        (
            f"`{row['model']}`" if row["model"][0] != "(" else row["model"],
            _number(row["log_loss"], 4),
            _number(row["auc"], 3),
            _number(row["calibration_error"], 3),
            ", ".join(f"{foretold:.0%} {seen:.0%}" for foretold, seen in zip(row["foretold"], row["happened"], strict=True)),
        )
        for row in foretelling(predictions).to_dicts()
    ]
    return markdown_table(("model", "log-loss", "AUC", "calibration error", "foretold and happened, by tenths of the touches"), rows)


def on_page(page: str, text: str) -> str:
    """The page with the text between its marks. Raises ValueError when the marks are not there."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"The page lacks the marks {START} and {END}.")
    return f"{before}{START}\n{text}\n{END}{after}"


def read_back(page: str) -> dict[str, dict[str, float]]:
    """Model -> its figures by their headings, as the page's first table has them: a distance for each world and the mean of four, over-claim and noise."""
    table = page.partition(START)[2].strip().split("\n\n")[0]
    head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    wanted = [*head[1 : head.index("over-claim") + 1], NOISE_HEADING]
    return {row[0].strip("`"): {name: _figure(row[head.index(name)]) for name in wanted} for row in body if row[0].startswith("`")}


def _figure(cell: str) -> float:
    return float(cell.removesuffix("%")) / 100 if cell.endswith("%") else float(cell)


def _means(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Per model the mean over worlds of the mean over seeds."""
    by_world = rows.group_by("model", "world", maintain_order=True).agg(pl.col(columns).mean())
    return by_world.group_by("model", maintain_order=True).agg(pl.col(columns).mean())


def _worst(rows: pl.DataFrame) -> pl.DataFrame:
    """Per model the channel that was most often the farthest off; of those, the one that was farther off."""
    named = rows.drop_nulls("worst_channel").group_by("model", "worst_channel").agg(pl.len(), pl.col("worst_error").mean())
    order = ["len", pl.col("worst_error").abs(), "worst_channel"]
    return named.sort(order, descending=True).group_by("model", maintain_order=True).first().select("model", "worst_channel", "worst_error")


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
