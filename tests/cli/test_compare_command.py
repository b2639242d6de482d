"""`mta compare` says of files what it says of a lake: shares with bands, where models differ and why, a model, an experiment, and what none can say."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from mta_assets.cli import mta
from mta_assets.cli.compare import command

PATHS = "path,total_conversions,total_conversion_value,total_null\nvideo > search,60,10,200\nvideo,30,10,300\nsearch,40,10,90\n"
SOME = ("--models", "first_touch,last_touch,linear,markov_1,shapley")  # what bands are computed of quickly


def journeys(users=1500):
    """Video comes first, search last; direct now and then in between."""
    rng = np.random.default_rng(7)
    for user in range(users):
        day = 1 + int(rng.integers(27))
        path = [*(["video"] if rng.random() < 0.8 else []), *(["direct"] if rng.random() < 0.3 else []), "search"]
        for hour, channel in enumerate(path):
            yield f"u{user},2026-03-{day:02}T0{hour}:00Z,{channel},0,"
        if rng.random() < 0.6:
            yield f"u{user},2026-03-{day:02}T08:00Z,{path[-1]},1,{int(rng.integers(10, 90))}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    (folder / "events.csv").write_text("\n".join(["user_id,ts,channel,conversion,value", *journeys()]) + "\n")
    (folder / "spend.csv").write_text("day,channel,cost\n2026-03-02,video,900\n2026-03-02,search,400\n")
    return folder


@pytest.fixture(scope="module")
def printed(shop):
    found = CliRunner().invoke(
        mta, ["compare", str(shop / "events.csv"), "--spend", str(shop / "spend.csv"), *SOME], catch_exceptions=False
    )
    assert found.exit_code == 0, found.output
    return " ".join(found.stdout.split())


def machine(*arguments):
    found = CliRunner().invoke(command, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def test_a_person_reads_shares_reasons_a_model_an_experiment_and_what_is_not_said(printed):
    assert re.search(r"last_touch \d+ ±\d", printed)
    assert re.search(r"Models disagree .*search \(closer\): .*first_touch", printed)
    assert "video (opener):" in printed
    assert re.search(r"Suggested model \w+: in the simulated world that suits it least", printed)
    assert re.search(r"leave \d+% of users without it, drawn by lot, for \d+ days", printed)
    assert "does not say how far the model itself is from what a channel caused" in printed
    assert "hidden targeting) cannot be judged" in printed
    assert "docs/truth.md" in printed


def test_a_machine_reads_the_same(shop, printed):
    document = machine(shop / "events.csv", "--spend", shop / "spend.csv", *SOME)
    assert f"Suggested model {document['suggested']}:" in printed
    rows = {row["channel"]: row for row in document["channels"]}
    assert rows["search"]["reasons"] == ["closer"]
    assert rows["direct"]["no_experiment"]
    assert f"leave {rows[document['experiment']]['held_out']:.0%} of users" in printed
    for row in document["shares"]:
        assert row["reason"] or row["low"] <= row["share"] <= row["high"]


def test_more_power_takes_a_larger_or_longer_experiment(shop):
    files = (shop / "events.csv", "--models", "first_touch,last_touch")
    usual, surer = (machine(*files, *options)["channels"] for options in ((), ("--power", "0.99")))
    weight = [sum((row["held_out"] or 0) * (row["experiment_days"] or 0) for row in rows) for rows in (usual, surer)]
    assert 0 < weight[0] < weight[1]


def test_a_path_table_has_shares_without_bands_and_no_verdict_that_takes_them(place):
    (place / "paths.csv").write_text(PATHS)
    document = machine(place / "paths.csv")
    assert {row["verdict"] for row in document["channels"]} <= {"agree", "unknown"}
    assert "path table" in " ".join(row["why"] for row in document["channels"])
    assert document["experiment"] is None
    assert "time_decay" in document["unavailable"]


def test_two_conversions_judge_nobody(run, events):
    result = run("compare", events)
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "Too few conversions to tell models apart" in words
    assert "None: too few users stand behind every figure" in words
    assert "None: on no channel do the models surely disagree." in words
    assert "±" not in words.split("Too few")[0].replace("without ±", "")


def test_models_that_cannot_be_computed_leave_nothing_to_compare(run, events):
    result = run("compare", events, "--models", "w_shaped,full_path")
    assert result.exit_code == 0
    assert "nothing to compare" in result.stdout
    assert "no milestone is configured" in result.stdout


def test_a_model_whose_credit_does_not_add_up_is_not_compared(run, events):
    document = json.loads(run("compare", events, "--models", "linear,participation", "--json").stdout)
    assert {row["model"] for row in document["shares"]} == {"linear"}
    assert "does not add up" in next(row["reason"] for row in document["models"] if row["model"] == "participation")


@pytest.mark.parametrize("option", [("--power", "1.5"), ("--alpha", "0"), ("--most-days", "3")])
def test_an_experiment_that_cannot_be_is_refused_by_its_setting(run, events, option):
    result = run("compare", events, *option)
    assert result.exit_code == 2
    assert f"advice.{option[0].strip('-').replace('-', '_')}" in result.stderr


def test_without_files_and_without_a_lake_it_says_what_to_do(run, place):
    result = run("compare")
    assert result.exit_code == 2
    assert "mta" in result.stderr
