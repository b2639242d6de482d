"""`python benchmarks/new_day.py LAKE`: one more day on a year of history: its journeys, statistics, fits and credits, beside what scanning its window costs.

The models are those of the other rows: every rule, Markov of order 1 and Shapley. A day is written before it is measured, so that fits find their window.
"""

import sys
from datetime import timedelta
from pathlib import Path

import data
import engine
from stages import Stages

from mta_assets.config import Config
from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CONVERSIONS, JOURNEYS, TOUCHPOINTS, credits_table
from mta_assets.journeys.assemble import touches_of
from mta_assets.journeys.events import CONVERSION_COLUMNS, TOUCH_COLUMNS
from mta_assets.journeys.statistic_frames import statistic_frames
from mta_assets.lake.lake import Lake
from mta_assets.models.base import RuleModel
from mta_assets.models.registry import MODELS
from mta_assets.pipeline import learning
from mta_assets.pipeline.closings import ConvertedDays, close
from mta_assets.pipeline.credits import credited
from mta_assets.pipeline.window import closed_journeys


def main(root: Path) -> None:
    lake, config, world = Lake(str(root)), Config(), data.world(1)
    rules = {name: model for name, model in MODELS.items() if isinstance(model, RuleModel) and not model.needs_milestones}
    learned = engine.learned_models()
    tables = [table for name, model in learned.items() for table in learning.learned_tables(name, model)]
    lake.prepare([*FIXED_TABLES, *tables, *(credits_table(name) for name in [*rules, *learned])])
    day = world.day(world.days - 5)
    before, only = DayRange(day - timedelta(days=1), day - timedelta(days=1)), DayRange(day, day)
    close(lake, config, before)  # opens tables, imports what writing needs
    window = only.back(2 * int(config.lookback_days) + 1)
    stages = Stages()
    with stages("scan of the window"):
        lake.scan(TOUCHPOINTS, window).select(TOUCH_COLUMNS).collect()
        lake.scan(CONVERSIONS, window).select(CONVERSION_COLUMNS).collect()
    with stages("journeys"):
        closed = closed_journeys(lake, config, only)
    with stages("statistics"):
        statistics = statistic_frames(touches_of(closed, value_currency=config.currency), closed)
    with stages("writing"):
        for table, frame in ({JOURNEYS: closed} | statistics).items():
            lake.replace_days(table, frame, only)
    with stages("fits"):
        fits = [fit for name, model in learned.items() for fit in learning.learned(lake, config, name, model, only).items()]
    with stages("writing"):
        for table, frame in fits:
            lake.replace_days(table, frame, only)
    with stages("credits"):
        converted = ConvertedDays().of(lake, config, only)
        earned = {name: credited(lake, config, name, model, converted, only) for name, model in (rules | learned).items()}
    with stages("writing"):
        for name, frame in earned.items():
            lake.replace_days(credits_table(name), frame, only)
    stages.report(journeys=closed.height, credit_rows=sum(frame.height for frame in earned.values()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
