"""What a model that learns shares credits on the days of the lake, by campaign and kind."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import PLACEMENTS, learned_table
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.closings import ConvertedDays
from mta_assets.pipeline.credits import credited
from mta_assets.pipeline.run import open_lake, run

CONFIG = parse_config({"lookback_days": 2, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01", "clock_back_hours": 240})
MODEL = {"hazard": MODELS["hazard"]}
DAY = date(2024, 1, 5)


@pytest.fixture
def lake(tmp_path):
    """One user who converts each day after an email."""
    files = {
        "touchpoints": ["user_id,ts,channel", *(f"ann,2024-01-0{day}T01:00:00Z,email" for day in range(1, 6))],
        "conversions": ["user_id,ts,value,conversion_id", *(f"ann,2024-01-0{day}T02:00:00Z,10,o{day}" for day in range(1, 6))],
    }
    for kind, lines in files.items():
        (tmp_path / "landing" / kind).mkdir(parents=True)
        (tmp_path / "landing" / kind / "a.csv").write_text("\n".join(lines))
    made = open_lake(str(tmp_path / "lake"), MODEL)
    run(made, CONFIG, MODEL, tmp_path / "landing", datetime(2024, 1, 12, tzinfo=UTC))
    return made


def learn(lake, channel):
    """Have the model have learned that this channel brings everything."""
    rows = lake.read(learned_table("hazard"), DayRange(DAY, DAY)).head(1)
    lake.replace_days(learned_table("hazard"), rows.with_columns(channel=pl.lit(channel), share=1.0, value_share=1.0), DayRange(DAY, DAY))


def test_a_channel_of_the_window_that_the_fit_has_not_seen_earns_nothing(lake):
    """A fit that stands for some days looks at fewer days than the window of the first of them has: a channel that stopped may be on the others alone."""
    learn(lake, "email")
    first = DAY.replace(day=2)
    placed = lake.read(PLACEMENTS, DayRange(first, first))
    stopped = placed.head(1).with_columns(channel=pl.lit("paid search"), converting_touches=pl.lit(0, placed.schema["converting_touches"]))
    lake.replace_days(PLACEMENTS, pl.concat([placed, stopped]), DayRange(first, first))
    days = DayRange(DAY, DAY)
    credit = credited(lake, CONFIG, "hazard", MODEL["hazard"], ConvertedDays().of(lake, CONFIG, days), days)
    assert credit.select("channel", "credit").rows() == [("email", 1.0)]
