"""Credit of models over days, channels, campaigns, goals and kinds of touch: what `marts/channel_daily` says, summed as asked. Days are additive."""

from collections.abc import Iterable

import polars as pl

from mta_assets.contracts.tables import CHANNEL_DAILY
from mta_assets.marts.sums import summed
from mta_assets.results.questions import Answer, Marts, Selection, by_period, checked_groups, days_of


def credit(marts: Marts, models: Iterable[str], group_by: Iterable[str], selection: Selection) -> Answer:
    """One row per model x group x currency: conversions, value (in `currency`), and whether the closing days in it may still change.

    A week is named by its Monday, a month by its first day. Raises UnknownModelError, UnavailableError and QuestionError.
    """
    chosen, groups = marts.chosen(models), checked_groups(group_by)
    rows = selection.rows(marts.snapshots.of(CHANNEL_DAILY).frame, chosen)
    marked = by_period(rows, groups).with_columns(marts.provisional().alias("provisional"))
    keys = ["model", *groups, "currency"]
    sums = summed(marked, keys, ["conversions", "value"])
    open_days = marked.group_by(keys).agg(pl.col("provisional").any())
    rank = pl.DataFrame({"model": chosen}, schema={"model": pl.String}).with_row_index("rank")
    frame = sums.join(open_days, on=keys).join(rank, on="model").sort("rank", *groups, "currency").drop("rank")
    return Answer(frame=frame, days=days_of(rows), provisional=bool(marked["provisional"].any()))


def compare(marts: Marts, models: Iterable[str], group_by: Iterable[str], selection: Selection) -> Answer:
    """Models side by side: one row per group x currency, with each model's conversions and value as `<model>_conversions` and `<model>_value`.

    spread: the most that any two models differ by, in conversions. A group to which a model gives nothing has 0.
    """
    chosen = marts.chosen(models)
    answer = credit(marts, chosen, group_by, selection)
    keys = [*checked_groups(group_by), "currency"]
    frame = answer.frame.select(keys).unique(maintain_order=True)
    for name in chosen:
        own = answer.frame.filter(pl.col("model") == name).select(
            *keys, pl.col("conversions").alias(f"{name}_conversions"), pl.col("value").alias(f"{name}_value")
        )
        frame = frame.join(own, on=keys, how="left")
    frame = frame.with_columns(pl.col(f"{name}_{measure}").fill_null(0.0) for name in chosen for measure in ("conversions", "value"))
    counts = [f"{name}_conversions" for name in chosen]
    spread = pl.max_horizontal(counts) - pl.min_horizontal(counts)
    provisional = answer.frame.group_by(keys).agg(pl.col("provisional").any())
    joined = frame.with_columns(spread.alias("spread")).join(provisional, on=keys, how="left")
    return Answer(frame=joined.sort(keys), days=answer.days, provisional=answer.provisional)
