"""`python benchmarks/core_tables.py LAKE`: the core tables of a year, each day sorted by (bucket, user, time), to everything."""

import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import data
import engine
import numpy as np
import polars as pl
from stages import Stages

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, TOUCHPOINTS
from mta_assets.journeys.events import CONVERSION_COLUMNS, by_goal, microseconds
from mta_assets.journeys.pieces import History
from mta_assets.journeys.split import UserSplit
from mta_assets.lake.lake import Lake

DAYS_PER_READ = 92  # of a year of 100 M touches, 1 GB


def main(root: Path) -> None:
    world = data.world(1)
    stages, lake = Stages(), Lake(str(root))
    split, codes = UserSplit(), {}
    starts = [world.day(n) for n in range(0, world.days, DAYS_PER_READ)]
    for first, past in pairwise([*starts, world.day(world.days)]):
        with stages("read"):
            channel = pl.col("channel").cast(pl.Categorical)  # while what is read is still in the cache
            days = lake.scan(TOUCHPOINTS, DayRange(first, past - timedelta(days=1))).select("day", "user", "ts", channel).collect()
        with stages("split"):
            add_days(split, days, codes)
    with stages("read"):
        everyone = DayRange(world.first_day, world.day(world.days))
        conversions = lake.scan(CONVERSIONS, everyone).select("day", *CONVERSION_COLUMNS).filter(pl.col("goal") == "purchase").collect()
        conversions = by_goal(conversions.sort("day", maintain_order=True), {})[0]
        value = conversions["value"].cast(pl.Float64).to_numpy()
    history = History(touches=split, labels=list(codes), channels=list(codes), conversions=conversions)
    earned = engine.everything(history, value, stages)
    stages.report(touches=len(split), conversions=len(value), **{name: float(credit.conversions.sum()) for name, credit in earned.items()})


def add_days(split: UserSplit, days: pl.DataFrame, codes: dict[str, int]) -> None:
    """Add the days in order of time; files come in any. Touches of a user and moment are of one day, which has them in order of their identity."""
    channel = days["channel"]
    names = channel.unique()
    recode = np.zeros(names.to_physical().max() + 1, dtype=np.int32)
    recode[names.to_physical().to_numpy()] = [codes.setdefault(name, len(codes)) for name in names]
    code = recode[channel.to_physical().to_numpy()]
    user, ts, day = days["user"].to_numpy(), microseconds(days["ts"]), days["day"].to_physical().to_numpy()
    bounds = [0, *(np.flatnonzero(day[1:] != day[:-1]) + 1).tolist(), len(day)]
    for start, stop in sorted(pairwise(bounds), key=lambda run: day[run[0]]):
        split.add(user[start:stop], ts[start:stop], code[start:stop])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
