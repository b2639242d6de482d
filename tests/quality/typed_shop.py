"""A simulated shop as core rows, journeys and credit, straight from its draws: what the pipeline makes of its files, in a second and without any."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.tables import BUCKETS, CONVERSIONS, SPEND, TIME, TOUCHPOINTS
from mta_assets.journeys.assemble import journey_frame
from mta_assets.journeys.events import user_events
from mta_assets.journeys.kernel import journeys
from mta_assets.pipeline.closings import Converted
from mta_assets.pipeline.credits import rule_credit
from mta_assets.simulation.cohort import GOALS, KINDS, draw

EVERYTHING = ("click", "view", "visit")


@dataclass(frozen=True, kw_only=True)
class Typed:
    """core: kind -> rows of every day; journeys and credits (by model) of every closing day."""

    core: dict[str, pl.DataFrame]
    journeys: pl.DataFrame
    credits: dict[str, pl.DataFrame]


def typed(world, models) -> Typed:
    drawn = draw(world, 0)
    core = {"touchpoints": _touchpoints(world, drawn), "conversions": _conversions(world, drawn)}
    core["spend"] = _spend(core["touchpoints"])
    events = user_events(core["touchpoints"], core["conversions"], kinds=EVERYTHING, stages={})
    lookback = Config().lookback_us
    closed = journey_frame(events, journeys(events.arrays(), lookback, restart_after_conversion=False), lookback, "UTC")
    converted = Converted(journeys=closed.filter(outcome="converted"), stages=())
    return Typed(core=core, journeys=closed, credits={name: rule_credit(model, converted) for name, model in models.items()})


def _when(world, seconds, users):
    """day, bucket, user and ts of some rows."""
    start = int(np.datetime64(world.first_day, "us").astype(np.int64))
    user = (users.astype(np.int64) * 0x9E3779B97F4A7C1) & (2**62 - 1)  # spread over the buckets, as the hash of an id is
    ts = pl.Series(start + seconds * 1_000_000).cast(TIME)
    return pl.DataFrame({"user": user, "ts": ts}).with_columns(day=pl.col("ts").dt.date(), bucket=pl.col("user") & (BUCKETS - 1))


def _about(kind):
    return {"source_name": pl.lit(kind), "file": pl.lit(f"{kind}/all.csv"), "row": pl.int_range(1, pl.len() + 1), "extra": pl.lit(None)}


def _touchpoints(world, drawn):
    labels = pl.DataFrame({"channel": [world.channels[each.channel].name for each in world.placements]})
    rows = _when(world, drawn.ts, drawn.user).with_columns(
        labels[drawn.placement],
        event_id=pl.format("e{}", pl.int_range(pl.len())),
        kind=pl.Series(np.array(KINDS)[drawn.kind]),
        cost=pl.Series(np.where(drawn.cents >= 0, drawn.cents, 0) / 100),
        **{name: pl.lit("x") for name in ("source", "medium", "campaign")},
        **_about("touchpoints"),
    )
    return TOUCHPOINTS.conform(rows).sort("day", "bucket", "user", "ts", "event_id")


def _conversions(world, drawn):
    rows = _when(world, drawn.order_ts, drawn.order_user).with_columns(
        conversion_id=pl.format("c{}", pl.int_range(pl.len())),
        goal=pl.Series(np.array(GOALS)[drawn.goal]),
        value=pl.Series(drawn.order_cents / 100),
        currency=pl.lit(world.currency),
        **_about("conversions"),
    )
    return CONVERSIONS.conform(rows).sort("day", "bucket", "user", "ts", "conversion_id")


def _spend(touchpoints):
    """One row per day and channel that has clicks or views."""
    paid = touchpoints.filter(pl.col("kind") != "visit").group_by("day", "channel").agg(pl.col("cost").sum(), pl.len().alias("clicks"))
    rows = paid.sort("day", "channel").with_columns(
        spend_id=pl.format("s{}", pl.int_range(pl.len())),
        campaign=pl.lit("x"),
        currency=pl.lit("USD"),
        impressions=pl.col("clicks") * 25,
        **_about("spend"),
    )
    return SPEND.conform(rows)
