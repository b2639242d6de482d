"""How many users came how far: touched, lead, opportunity, converted. From the core events of some days; journeys play no part in it."""

from collections.abc import Collection, Mapping

import polars as pl

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, TOUCHPOINTS
from mta_assets.results.questions import Answer, Marts
from mta_assets.results.small_cells import seen_by_all
from mta_assets.results.windows import Window

TOUCHED, CONVERTED = "touched", "converted"
MILESTONES = ("lead", "opportunity")


def funnel(marts: Marts, days: Window, channels: Collection[str] = (), goals: Collection[str] = ()) -> tuple[Answer, Mapping[str, object]]:
    """One row per stage, in order: users, share (of the touched), from_previous (of the users of the stage before, the share that is in this one too).

    touched: users with a touch that may earn credit, on these days; of them, lead and opportunity: those who reached the milestone's goal on these
    days; converted: those who reached a goal that is no milestone. A stage for which `mta.yaml` names no goal is not there, and is listed as
    missing. A user need not pass the stages in order, so that a later stage may have more users than an earlier one.
    channels: only users touched by one of them; goals: which goals count as converted.
    """
    seen_by_all(marts.config, "Stages of the funnel")
    stages = marts.config.milestones.stages
    touched = _touched(marts, days.asked, channels)
    reached = _reached(marts, days.asked, goals, touched)
    rows: list[dict[str, object]] = [{"stage": TOUCHED, "users": touched.len(), "from_previous": None}]
    before = touched
    for stage in (*(stage for stage in MILESTONES if stage in stages), CONVERTED):
        users = reached.filter(pl.col("stage") == stage)["user"]
        both = users.is_in(before.implode()).sum()
        rows.append({"stage": stage, "users": users.len(), "from_previous": both / before.len() if before.len() else None})
        before = users
    frame = pl.DataFrame(rows, schema={"stage": pl.String, "users": pl.Int64, "from_previous": pl.Float64})
    share = pl.when(pl.lit(touched.len()) > 0).then(pl.col("users") / touched.len())
    answer = Answer(
        frame=frame.select("stage", "users", share.alias("share"), "from_previous"), days=days.covered, provisional=days.provisional
    )
    return answer, {"missing": [stage for stage in MILESTONES if stage not in stages], "milestones": stages}


def _touched(marts: Marts, days: DayRange, channels: Collection[str]) -> pl.Series:
    """The users, each once."""
    lake = marts.snapshots.lake
    touches = lake.scan(TOUCHPOINTS, days).filter(pl.col("kind").is_in(list(marts.config.touch_kinds)))
    if channels:
        touches = touches.filter(pl.col("channel").is_in(list(channels)))
    return lake.collect(touches.select("user").unique(), TOUCHPOINTS.name)["user"]


def _reached(marts: Marts, days: DayRange, goals: Collection[str], touched: pl.Series) -> pl.DataFrame:
    """(user, stage), each once, of the touched users."""
    lake = marts.snapshots.lake
    stage_of = {goal: stage for stage, goal in marts.config.milestones.stages.items()}
    stage = pl.col("goal").replace_strict(stage_of, default=CONVERTED, return_dtype=pl.String)
    rows = lake.scan(CONVERSIONS, days).with_columns(stage.alias("stage"))
    if goals:
        rows = rows.filter((pl.col("stage") != CONVERTED) | pl.col("goal").is_in(list(goals)))
    pairs = lake.collect(rows.select("user", "stage").unique(), CONVERSIONS.name)
    return pairs.filter(pl.col("user").is_in(touched.implode()))
