"""Bands of a one-off analysis are those of leaving out users, and files that name no users have none."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.config import Config
from mta_assets.contracts.tables import BUCKETS
from mta_assets.errors import CallError
from mta_assets.ingest.identity import user_hash
from mta_assets.marts.jackknife import quantile

NOW = datetime(2024, 2, 1, tzinfo=UTC)
CHANNELS = ("direct", "email", "paid search")
MODELS = "linear,last_touch,markov_1,shapley,counterfactual"


def lines(users=500):
    """Each user touches one to three channels on a day of four; some buy, some of them without a touch."""
    rng = np.random.default_rng(1)
    for user in range(users):
        day = f"2024-01-0{rng.integers(1, 5)}"
        for hour in range(rng.integers(0, 4)):
            yield f"u{user},{day}T0{hour}:00Z,{CHANNELS[rng.integers(3)]},"
        if rng.random() < 0.4:
            yield f"u{user},{day}T09:00Z,,{rng.integers(5, 50)}"


def written(folder, chosen):
    rows = [line.split(",") for line in chosen]
    frame = pl.DataFrame(rows, schema=["user_id", "ts", "channel", "value"], orient="row")
    touches, orders = frame.filter(pl.col("value") == "").drop("value"), frame.filter(pl.col("value") != "").drop("channel")
    folder.mkdir(exist_ok=True)
    touches.write_csv(folder / "touchpoints.csv")
    orders.write_csv(folder / "conversions.csv")
    return [GivenFile(path=folder / name) for name in ("touchpoints.csv", "conversions.csv")]


def analysed(files, models=MODELS, **options):
    return analyze(files, Options(models=models, **options), Config(), NOW)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return analysed(written(tmp_path_factory.mktemp("events"), lines()), bands=True)


def test_every_figure_has_a_band_that_holds_it_and_credit_is_the_same_without(found, tmp_path):
    assert found.bands["reason"].null_count() == found.bands.height
    assert found.bands.filter(~pl.col("estimate").is_between("low", "high")).is_empty()
    assert set(found.bands.filter(model="markov_1")["metric"]) == {"conversions", "value", "share", "effect"}
    plain = analysed(written(tmp_path / "again", lines()))
    assert plain.bands is None
    assert plain.results.equals(found.results)


@pytest.mark.parametrize("model", ["linear", "markov_1", "counterfactual"])
def test_an_error_is_that_of_analysing_the_files_of_the_other_users(found, tmp_path, model):
    bucket = user_hash(pl.Series([f"u{n}" for n in range(500)])).to_numpy() % BUCKETS
    own = found.bands.filter(model=model, channel="email", metric="share").row(0, named=True)
    groups = own["groups"]
    without = {}
    for group in (0, 1):
        others = [line for line in lines() if bucket[int(line.split(",")[0][1:])] % groups != group]
        results = analysed(written(tmp_path / str(group), others), models=model).results
        without[group] = results.filter(channel="email")["conversions"].sum() / results["conversions"].sum()
    # Two of the groups alone, so that a test takes seconds: what they move is a part of the error that is neither nothing nor more than the whole.
    moved = np.sqrt(sum((share - own["estimate"]) ** 2 for share in without.values()))
    assert 0 < moved < 1.1 * own["standard_error"]
    assert own["high"] == pytest.approx(own["estimate"] + quantile(0.9, groups) * own["standard_error"])


def test_a_path_table_has_no_users_and_hence_no_bands(tmp_path):
    path = tmp_path / "paths.csv"
    path.write_text("path,total_conversions\nemail > direct,50\nemail,20\n")
    with pytest.raises(CallError, match="does not say whose journeys"):
        analysed([GivenFile(path=path)], models="linear", bands=True)


def test_bands_are_of_channels(tmp_path):
    with pytest.raises(CallError, match="Bands are of channels"):
        analysed(written(tmp_path, lines(40)), models="linear", by="campaign", bands=True)
