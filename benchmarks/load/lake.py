"""The lake that the API is measured over: a year of `marts/channel_daily` with 12 models and 16 channels, made once under benchmarks/.work."""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY
from mta_assets.models.registry import build_models
from mta_assets.pipeline.run import open_lake
from mta_assets.simulation.channels import CHANNELS

WORK = Path(__file__).parent.parent / ".work"
FIRST, DAYS, MODELS = date(2025, 1, 1), 365, 12
CAMPAIGNS, GOALS = ("brand", "generic"), ("purchase", "signup")
DAYS_PER_WRITE = 30


def lake() -> Path:
    """Its root. Credit is drawn at random: what is measured is how it is served."""
    root = WORK / "lake-of-the-api"
    if not (root / "done").exists():
        print(f"making {root.name}", file=sys.stderr)
        made = open_lake(str(root), build_models(Config().models))
        for start in range(0, DAYS, DAYS_PER_WRITE):
            days = DayRange(FIRST + timedelta(days=start), FIRST + timedelta(days=min(start + DAYS_PER_WRITE, DAYS) - 1))
            made.replace_days(CHANNEL_DAILY, _rows(days), days)
        (root / "done").touch()
    return root


def models() -> list[str]:
    """The names of the models that the lake has."""
    return [name for name, model in build_models(Config().models).items() if model.additive and not model.needs_milestones][:MODELS]


def _rows(days: DayRange) -> pl.DataFrame:
    """One row per model x channel x campaign x goal of each day."""
    draw = np.random.default_rng(days.first.toordinal())
    axes = {
        "day": list(days),
        "model": models(),
        "channel": [channel.name for channel in CHANNELS][:16],
        "campaign": CAMPAIGNS,
        "goal": GOALS,
    }
    frame = pl.DataFrame({"day": axes.pop("day")})
    for name, values in axes.items():
        frame = frame.join(pl.DataFrame({name: values}), how="cross")
    conversions = draw.gamma(2.0, 3.0, frame.height)
    rows = frame.with_columns(
        kind=pl.lit("click"), currency=pl.lit("USD"), conversions=conversions, value=conversions * draw.uniform(20, 80, frame.height)
    )
    return CHANNEL_DAILY.conform(rows)
