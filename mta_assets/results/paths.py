"""The paths that journeys take and the moves they are made of: `core/paths` and `core/transitions`, summed over days. Days are additive."""

from collections.abc import Collection, Mapping

import polars as pl

from mta_assets.contracts.tables import MONEY, PATHS, TRANSITIONS
from mta_assets.results.questions import Answer, Marts
from mta_assets.results.small_cells import seen_by_all, seen_paths
from mta_assets.results.windows import Window

MOST_PATHS = 10_000
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"
# Counts are whole; values are added up as exact decimals, so that a sum does not depend on the order of files.
_SUMS = (pl.col("conversions").sum(), pl.col("nulls").sum(), pl.col("value").cast(MONEY).sum())


def top_paths(marts: Marts, days: Window, channels: Collection[str] = ()) -> tuple[Answer, Mapping[str, object]]:
    """The paths that converted most, at most MOST_PATHS, and the sums over all paths, these and others.

    One row per path: path (channels, oldest first, repeats kept), length, conversions, value (reporting currency), nulls, conversion_rate
    (conversions / (conversions + nulls)), share (of all these conversions). channels: only paths that touch one of them.
    """
    lake = marts.snapshots.lake
    rows = lake.scan(PATHS, days.asked)
    if marts.config.privacy.fewest_users:
        rows = seen_paths(lake.collect(rows, PATHS.name), marts.config).lazy()
    if channels:
        rows = rows.filter(pl.any_horizontal(pl.col("path").list.contains(channel) for channel in channels))
    sums = lake.collect(rows.group_by("path_hash").agg(_SUMS), PATHS.name)
    order = ["conversions", "value", "nulls", "path_hash"]
    top = sums.filter(pl.col("conversions") > 0).sort(order, descending=[True, True, False, False]).head(MOST_PATHS)
    named = lake.collect(rows.filter(pl.col("path_hash").is_in(top["path_hash"].implode())).select("path_hash", "path"), PATHS.name)
    total = sums.select(pl.len().alias("paths"), pl.col("conversions", "nulls", "value").sum()).row(0, named=True)
    frame = top.join(named.unique("path_hash"), on="path_hash", how="left", maintain_order="left").select(
        "path",
        pl.col("path").list.len().alias("length"),
        "conversions",
        "value",
        "nulls",
        (pl.col("conversions") / (pl.col("conversions") + pl.col("nulls"))).alias("conversion_rate"),
        (pl.col("conversions") / pl.lit(total["conversions"])).alias("share"),
    )
    return Answer(frame=frame, days=days.covered, provisional=days.provisional), total


def transitions(marts: Marts, days: Window, channels: Collection[str] = ()) -> Answer:
    """The matrix of moves from one channel to the next: one row per source x target, with count, probability (of all moves from the source) and value.

    source may be START, target CONVERSION or NULL. A channel that follows itself is no move. value: of the journeys that convert by the move.
    channels: only moves from or to one of them.
    """
    seen_by_all(marts.config, "Moves between channels")
    lake = marts.snapshots.lake
    state = {end: pl.col(f"{end}_state").list.get(0, null_on_oob=True) for end in ("from", "to")}
    ends = {"conversion": CONVERSION, "null": NULL}
    moves = lake.scan(TRANSITIONS, days.asked).filter(pl.col("order") == 1).group_by(state["from"], state["to"], "event")
    sums = lake.collect(moves.agg(pl.col("journeys").sum(), pl.col("value").cast(MONEY).sum()), TRANSITIONS.name)
    named = sums.select(
        pl.col("from_state").fill_null(START).alias("source"),
        pl.col("to_state").fill_null(pl.col("event").replace_strict(ends, default=None, return_dtype=pl.String)).alias("target"),
        pl.col("journeys").alias("count"),
        (pl.col("journeys") / pl.col("journeys").sum().over("from_state")).alias("probability"),
        "value",
    )
    if channels:
        named = named.filter(pl.col("source").is_in(list(channels)) | pl.col("target").is_in(list(channels)))
    return Answer(frame=named.sort("source", "target"), days=days.covered, provisional=days.provisional)


def sankey(moves: pl.DataFrame) -> dict[str, object]:
    """The moves as nodes and links of a diagram. A link names its nodes by their place. Links may lead back: journeys return to channels."""
    names = sorted({*moves["source"], *moves["target"]})
    kinds = {START: "start", CONVERSION: "conversion", NULL: "null"}
    place = {name: index for index, name in enumerate(names)}
    return {
        "nodes": [{"name": name, "kind": kinds.get(name, "channel")} for name in names],
        "links": [
            {"source": place[source], "target": place[target], "value": count}
            for source, target, count in moves.select("source", "target", "count").iter_rows()
        ],
    }
