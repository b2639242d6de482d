"""The newest day has advice: that of `mta compare` on the files of its window, whatever was computed with it."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.config import parse_config
from mta_assets.contracts.advice import CHANNEL_ADVICE, MODEL_ADVICE
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE
from mta_assets.errors import UnavailableError
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.advice import advice
from mta_assets.pipeline.run import open_lake
from mta_assets.results.advice import stored
from tests.pipeline.test_bands_of_days import CONFIG, MODELS_IN_TEST, NOW, SETTINGS, events, ran


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("advised")


@pytest.fixture(scope="module")
def lake(folder):
    return ran(folder, events(np.random.default_rng(2)))


def day_of(lake):
    return lake.read(CHANNEL_ADVICE)["day"].unique().item()


def again(lake):
    return advice(lake, CONFIG, MODELS_IN_TEST, lake.read(CHANNEL_PERFORMANCE), lake.read(BANDS))


def test_every_channel_of_the_newest_day_is_judged_and_one_model_suggested(lake):
    assert day_of(lake) == lake.read(CHANNEL_PERFORMANCE)["day"].max()
    assert set(lake.read(CHANNEL_ADVICE)["channel"]) == {"direct", "email", "paid search"}
    assert lake.read(MODEL_ADVICE)["suggested"].sum() == 1


def test_the_lake_says_what_the_same_files_say(lake, folder):
    files = [GivenFile(path=folder / "landing" / kind / "a.csv") for kind in ("event_log", "spend")]
    found = analyze(files, Options(models=",".join(MODELS_IN_TEST), comparison=True), CONFIG, NOW).comparison.advice
    channels = lake.read(CHANNEL_ADVICE).sort("channel").drop("day")
    # Learned models are fitted on the same window; their bands are sums in another order.
    assert_frame_equal(channels, found.channels.sort("channel"), check_exact=False, rel_tol=1e-9)
    suggested = lake.read(MODEL_ADVICE).filter(pl.col("suggested"))["model"].item()
    assert suggested == found.models.filter(pl.col("suggested"))["model"].item()


def test_what_is_read_from_the_lake_is_what_the_marts_say(lake):
    found = stored(lake, CONFIG, MODELS_IN_TEST)
    assert_frame_equal(found.comparison.advice.channels.sort("channel"), lake.read(CHANNEL_ADVICE).sort("channel").drop("day"))
    assert_frame_equal(found.comparison.advice.models.sort("model"), lake.read(MODEL_ADVICE).sort("model").drop("day"))
    assert found.window.last == day_of(lake)


def test_some_of_the_models_and_a_larger_experiment_can_be_asked_for(lake):
    config = parse_config(SETTINGS | {"advice": {"power": 0.95}})
    found = stored(lake, config, {name: MODELS[name] for name in ("linear", "markov_1")}).comparison
    assert set(found.shares["model"]) == {"linear", "markov_1"}
    assert set(found.advice.channels["highest_model"]) <= {"linear", "markov_1"}


def test_advice_is_the_same_to_the_last_bit_when_it_is_computed_again(lake):
    for table, frame in again(lake).items():
        assert_frame_equal(frame, lake.read(table).sort(table.key), check_exact=True)


def test_a_day_that_is_not_the_newest_leaves_advice_as_it_is(lake):
    earlier = lake.read(CHANNEL_PERFORMANCE).filter(pl.col("day") < day_of(lake))
    assert advice(lake, parse_config(SETTINGS | {"advice": {"power": 0.99}}), MODELS_IN_TEST, earlier, None) == {}


def test_when_the_newest_day_has_no_results_any_more_the_one_before_it_has_advice(lake):
    day = day_of(lake) - timedelta(days=1)
    bands = lake.read(BANDS).with_columns(day=pl.lit(day))
    found = advice(lake, CONFIG, MODELS_IN_TEST, lake.read(CHANNEL_PERFORMANCE).clear(), bands)
    assert found[CHANNEL_ADVICE]["day"].unique().to_list() == [day]


def test_where_results_of_few_users_are_hidden_nothing_is_told_of_journeys_or_how_sure_figures_are(lake):
    day = DayRange(day_of(lake), day_of(lake))
    hidden = lake.read(BANDS, day).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("low", "high", "standard_error"))
    told = hidden.with_columns(reason=pl.lit("results of few users are hidden"))
    config = parse_config(SETTINGS | {"privacy": {"fewest_users": 5}})
    found = advice(lake, config, MODELS_IN_TEST, lake.read(CHANNEL_PERFORMANCE), told)[CHANNEL_ADVICE]
    assert set(found["verdict"]) <= {"unknown", "agree"}
    assert found.select("dispersion", "reached", "first_share", "held_out").null_count().row(0) == (found.height,) * 4


def test_a_lake_without_results_has_no_comparison_and_says_what_to_do(tmp_path):
    with pytest.raises(UnavailableError, match="mta ingest"):
        stored(open_lake(str(tmp_path / "lake"), MODELS_IN_TEST), CONFIG, MODELS_IN_TEST)
