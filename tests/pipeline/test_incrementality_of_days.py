"""The newest day has what each channel added: as estimated, as experiments have it, and what that returned on its cost."""

from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.incrementality import incrementality
from mta_assets.pipeline.run import open_lake, run
from tests.pipeline.test_bands_of_days import NOW, events, land
from tests.pipeline.test_bands_of_days import SETTINGS as SHORT

SETTINGS = SHORT | {
    "fit_window_days": 14,
    "lookback_days": 7,
}  # so that the newest day comes after a day on which models of increments are fitted
CONFIG = parse_config(SETTINGS)
MODELS_IN_TEST = {name: MODELS[name] for name in ("linear", "incremental")}
EXPERIMENT = {
    "channel": "email",
    "kind": "holdout",
    "first_day": date(2024, 1, 2),
    "last_day": date(2024, 1, 3),
    "effect": 12.0,
    "standard_error": 2.0,
}
# As the fit of a larger shop would have them.
INCREMENTS = {"direct": ("unpaid", 1.0, 3.0), "email": ("pushed", 40.0, 4.0), "paid search": ("pulled", 30.0, 4.0)}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("added")
    made = open_lake(str(folder / "lake"), MODELS_IN_TEST)
    run(made, CONFIG, MODELS_IN_TEST, land(folder / "landing", events(np.random.default_rng(2), users=200)), NOW)
    return made


@pytest.fixture(scope="module")
def newest(lake):
    return lake.days(CHANNEL_PERFORMANCE)[-1]


@pytest.fixture(scope="module")
def estimated(lake, newest):
    """The lake with estimates, and the performance of their day."""
    table = increments_table("incremental")
    rows = pl.DataFrame(
        [(newest, name, *row) for name, row in INCREMENTS.items()],
        schema=["day", "channel", "role", "increment", "increment_se"],
        orient="row",
    )
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in rows.columns]
    lake.replace_days(table, table.conform(rows.with_columns(absent).with_columns(touches=pl.lit(100))), DayRange(newest, newest))
    rows = {
        "channel": ["email", "direct"],
        "conversions": [40.0, 0.0],
        "value": [800.0, 0.0],
        "cost": [Decimal(100), None],
        "roas": [8.0, None],
    }
    performance = pl.DataFrame(rows).with_columns(
        day=pl.lit(newest), model=pl.lit("incremental"), currency=pl.lit("USD"), cpa=pl.lit(None, pl.Float64)
    )
    return CHANNEL_PERFORMANCE.conform(performance)


def added(lake, newest, performance, **experiments):
    config = parse_config(SETTINGS | {"experiments": experiments})
    found = incrementality(lake, config, MODELS_IN_TEST, DayRange(newest, newest), performance)
    return {row["channel"]: row for row in INCREMENTALITY.validate(found).to_dicts()}


def test_a_shop_too_small_for_estimates_has_a_row_for_each_channel_that_says_so(lake, newest):
    rows = lake.read(INCREMENTALITY)
    assert rows["day"].unique().to_list() == [newest]
    assert set(rows["channel"]) == set(INCREMENTS)
    assert rows["increment"].null_count() == rows["calibrated"].null_count() == rows.height
    (reason,) = set(rows.filter(role="pushed")["reason"])
    assert reason.startswith("what touches added cannot be estimated: in ")


def test_an_experiment_counts_for_its_channel_and_scales_the_others(lake, newest, estimated):
    rows = added(lake, newest, estimated, listed=[EXPERIMENT])
    assert (rows["email"]["basis"], rows["paid search"]["basis"], rows["direct"]["basis"]) == ("tested", "pooled", "none")
    assert rows["email"]["calibrated"] < 25
    assert rows["email"]["iroas"] == pytest.approx(8.0 * rows["email"]["multiplier"])
    assert rows["email"]["valid_until"] == date(2024, 7, 1)


def test_experiments_that_are_wrong_count_nothing_and_are_told_in_every_row(lake, newest, estimated, tmp_path):
    (tmp_path / "tests.csv").write_text(
        "channel,kind,first_day,last_day,effect,standard_error\nemail,holdout,2024-01-02,2024-01-03,12,-2\n"
    )
    rows = added(lake, newest, estimated, file=str(tmp_path / "tests.csv"))
    assert {row["basis"] for row in rows.values()} == {"none"}
    for row in rows.values():
        assert "tests.csv row 2, column standard_error: '-2' must be above 0" in row["doubt"]


def test_an_older_day_leaves_what_the_newest_has(lake, newest):
    older = lake.days(CHANNEL_PERFORMANCE)[0]
    assert lake.days(INCREMENTALITY) == [newest]
    assert incrementality(lake, CONFIG, MODELS_IN_TEST, DayRange(older, older), CHANNEL_PERFORMANCE.empty()) is None
