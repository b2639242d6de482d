"""What channels added by the files of an analysis stands beside experiments and cost, and an experiment of a channel that the files do not have is refused."""

from datetime import date

import polars as pl
import pytest

from mta_assets.analysis.incrementality import check_channels, incrementality, touches_by_day
from mta_assets.contracts.experiments import EXPERIMENTS
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.errors import ConfigError
from tests.marts.test_calibration import DAYS, INCREMENTS, TOUCHES, experiment

RESULTS = pl.DataFrame(
    [
        ("incremental", "social", "a", "EUR", 600.0, 60_000.0, 20_000.0),
        ("incremental", "social", "b", "EUR", 400.0, 40_000.0, 30_000.0),
        ("incremental", "direct", "a", "EUR", 0.0, 0.0, None),
        ("linear", "social", "a", "EUR", 2_000.0, 900_000.0, 20_000.0),
    ],
    schema=["model", "channel", "campaign", "currency", "conversions", "value", "cost"],
    orient="row",
)
OWN = {"incremental": INCREMENTS.with_columns(doubt=pl.lit(None, pl.String))}


def test_roas_is_that_of_the_channel_over_all_its_campaigns_and_iroas_follows():
    found = incrementality(OWN, RESULTS, experiment(), TOUCHES, 0.9)
    row = INCREMENTALITY.validate(found.rows).row(by_predicate=pl.col("channel") == "social", named=True)
    assert (row["day"], row["roas"], float(row["cost"])) == (DAYS.last, pytest.approx(2.0), 50_000.0)
    assert row["iroas"] == pytest.approx(2.0 * row["multiplier"])
    assert found.left_out == ()


def test_without_spend_there_is_no_iroas_and_still_a_calibrated_figure():
    found = incrementality(OWN, RESULTS.drop("cost"), experiment(), TOUCHES, 0.9)
    row = found.rows.row(by_predicate=pl.col("channel") == "social", named=True)
    assert (row["cost"], row["roas"], row["iroas"]) == (None, None, None)
    assert row["basis"] == "tested"


def test_without_a_model_of_increments_there_is_nothing():
    found = incrementality({}, RESULTS, experiment(), TOUCHES, 0.9)
    assert found.rows.is_empty()
    assert found.experiments.is_empty()


def test_a_failed_placebo_is_the_doubt_of_every_row():
    doubted = {"incremental": INCREMENTS.with_columns(doubt=pl.lit("the placebo fails"))}
    assert set(incrementality(doubted, RESULTS, EXPERIMENTS.empty(), TOUCHES, 0.9).rows["doubt"]) == {"the placebo fails"}


def test_touches_are_counted_by_channel_and_reporting_day():
    at = pl.Series(["2026-01-01T23:30:00Z", "2026-01-02T00:30:00Z"]).str.to_datetime(time_unit="us", time_zone="UTC")
    rows = touches_by_day(pl.DataFrame({"channel": ["mail", "mail"], "ts": at}), "Europe/Berlin")
    assert rows.rows() == [("mail", date(2026, 1, 2), 2)]


def test_an_experiment_in_force_of_an_unknown_channel_is_refused_with_the_row_and_the_nearest_channel():
    with pytest.raises(ConfigError, match=r"tests.csv row 2, column channel: no touch has the channel 'socal'. Did you mean 'social'"):
        check_channels(experiment("socal"), TOUCHES)
    check_channels(experiment("socal", until=date(2026, 3, 30)), TOUCHES)  # has expired: it would not count anyway
    check_channels(experiment(), TOUCHES)
