"""Facts about `mta models` and `mta simulate`."""

import json

import polars as pl
import pytest

from mta_assets.models.registry import MODELS


def test_every_model_is_listed_with_its_parameters_and_what_it_needs(run):
    listed = json.loads(run("models", "--json").stdout)
    assert [model["name"] for model in listed] == list(MODELS)
    decay = next(model for model in listed if model["name"] == "time_decay")
    assert decay["parameters"][0]["name"] == "half_life_days"
    assert decay["parameters"][0]["range"]
    assert decay["unavailable"] is None
    assert "milestone" in next(model for model in listed if model["name"] == "w_shaped")["unavailable"]
    shown = run("models").stdout
    assert all(name in shown for name in MODELS)


def test_a_configured_milestone_makes_a_model_available_and_a_variant_joins_the_list(run, place):
    (place / "mta.yaml").write_text("milestones: {lead: sign_up}\nmodels: {decay_2d: {model: time_decay, half_life_days: 2}}\n")
    listed = {model["name"]: model for model in json.loads(run("models", "--json").stdout)}
    assert listed["w_shaped"]["unavailable"] is None
    assert listed["decay_2d"]["parameters"][0]["value"] == 2


def test_one_model_is_shown_in_full_and_a_wrong_name_gets_the_nearest(run):
    shown = run("models", "shapley").stdout
    assert MODELS["shapley"].formula in shown
    assert MODELS["shapley"].source in shown
    refused = run("models", "shaply")
    assert refused.exit_code == 2
    assert "Did you mean 'shapley'" in refused.stderr


def test_a_wrong_line_in_the_configuration_is_named_by_its_path(run, place):
    (place / "mta.yaml").write_text("lookback_days: -3\n")
    refused = run("models")
    assert refused.exit_code == 2
    assert "lookback_days" in refused.stderr
    assert "mta.yaml" in refused.stderr


def test_simulated_files_are_attributed_as_the_help_says(run, place):
    made = json.loads(run("simulate", "sample", "--layout", "single", "--touchpoints", 3_000, "--days", 8, "--seed", 5, "--json").stdout)
    assert len(made["files"]) == 3
    result = run(
        "attribute", "sample/touchpoints.csv", "sample/conversions.csv", "--spend", "sample/spend.csv", "--models", "linear", "--json"
    )
    document = json.loads(result.stdout)
    rows = document["rows"]
    assert rows["read"] == sum(pl.read_csv(path, infer_schema=False).height for path in made["files"])
    assert rows["read"] == rows["accepted"] + rows["quarantined"] + rows["duplicates"]
    assert rows["quarantined"] > 0
    assert document["sums"][0]["holds"]


def test_equal_options_give_equal_bytes_and_another_seed_others(run, place):
    for folder, seed in (("one", 3), ("two", 3), ("three", 4)):
        assert run("simulate", folder, "--touchpoints", 500, "--days", 2, "--seed", seed).exit_code == 0
    one, two, three = ([path.read_bytes() for path in sorted((place / folder).rglob("*.csv"))] for folder in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_a_world_that_cannot_be_is_refused(run):
    assert run("simulate", "out", "--dirty", 2).exit_code == 2
    refused = run("simulate", "out", "--currency", "XXY")
    assert refused.exit_code == 2
    assert "XXY" in refused.stderr


def test_a_folder_that_is_a_file_is_refused_with_its_name(run, place):
    (place / "out").write_text("here first")
    refused = run("simulate", "out", "--touchpoints", 100)
    assert refused.exit_code == 2
    assert "out" in refused.stderr
    assert (place / "out").read_text() == "here first"


def test_a_world_whose_truth_is_known_is_written_and_its_truth_told(run, place):
    options = ["--world", "pure-noise", "--users", 400, "--days", 20, "--layout", "single"]
    made = json.loads(run("simulate", "known", *options, "--truth", "--json").stdout)
    told = {row["channel"]: row["incremental_conversions"] for row in made["truth"]}
    assert told.pop(None) > 0
    assert set(told.values()) == {0}
    text = (place / "known" / "touchpoints.csv").read_text()
    assert "retargeting" in text
    assert "brand search" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--world", "default", "--touchpoints", 5], "this world takes --users"),
        (["--users", 5], "--users is of one of the other worlds"),
        (["--world", "default", "--holdout", "display"], "not CHANNEL=SHARE"),
        (["--world", "default", "--holdout", "displya=0.1"], "Did you mean 'display'"),
        (["--holdout", "display=0.1"], "--holdout is of one of the other worlds"),
    ],
)
def test_options_of_another_world_are_refused(run, options, said):
    refused = run("simulate", "out", *options)
    assert refused.exit_code == 2
    assert said in refused.stderr
