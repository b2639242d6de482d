"""Facts about `mta demo`, `mta ingest` and `mta status` on a lake of their own."""

import json
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.contracts.advice import CHANNEL_ADVICE, MODEL_ADVICE
from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, FILES
from mta_assets.lake.lake import Lake
from tests.cli.demos import DEMO, in_demo
from tests.pipeline.damaging import damaged_one


@pytest.fixture(scope="module")
def twice(demo, tmp_path_factory):
    """A folder in which the demo ran twice, and what it printed each time."""
    made, first = demo
    folder = shutil.copytree(made, tmp_path_factory.mktemp("twice") / "demo")
    return folder, [first, *in_demo(folder, DEMO)]


@pytest.fixture
def there(place, twice, monkeypatch) -> Path:  # after `place`, which every test has
    """That folder as the current one."""
    folder, _ = twice
    monkeypatch.chdir(folder)
    return folder


def test_the_demo_shows_a_result_that_reconciles_and_says_where_to_look_next(twice):
    _, (first, _) = twice
    assert first.exit_code == 0
    assert "ROAS" in first.stdout
    assert "make up" in first.stdout
    assert "markov_1" in first.stdout
    assert "not_estimated" not in first.stdout  # a channel of a model that is not shown
    counts = next(line for line in first.stdout.splitlines() if "rows read" in line).replace(",", "").split()
    read, accepted, quarantined, duplicates = (int(word) for word in counts[2:] if word.isdigit())
    assert read == accepted + quarantined + duplicates
    assert "does not" not in first.stdout


def test_a_second_demo_makes_nothing_takes_nothing_twice_and_shows_the_same_result(twice):
    _, (first, second) = twice
    assert first.stdout.startswith("Made")
    assert second.stdout.startswith("Found")
    assert first.stdout.splitlines()[1:] == second.stdout.splitlines()[1:]


@pytest.mark.usefixtures("there")
def test_the_comparison_of_the_lake_is_that_of_its_marts(run):
    document = json.loads(run("compare", "--json").stdout)
    lake = Lake(".mta/lake")
    channels = {row["channel"]: row for row in lake.read(CHANNEL_ADVICE).to_dicts()}
    assert {row["channel"]: row["why"] for row in document["channels"]} == {name: row["why"] for name, row in channels.items()}
    assert [document["suggested"]] == (lake.read(MODEL_ADVICE).filter(pl.col("suggested"))["model"].to_list() or [None])
    assert "Models compared on" in run("compare", "--models", "linear,last_touch").stdout


@pytest.mark.usefixtures("there")
def test_every_additive_model_of_the_demo_credits_the_conversions_of_the_lake():
    performance = Lake(".mta/lake").read(CHANNEL_PERFORMANCE)
    newest = performance.filter(pl.col("day") == pl.col("day").max(), pl.col("model") != "participation")
    totals = newest.group_by("model").agg(pl.col("conversions").sum())["conversions"]
    assert totals.min() == pytest.approx(totals.max(), rel=1e-9)
    assert totals.min() > 0


def test_the_demo_leaves_a_landing_folder_with_other_files_alone(run, place):
    (place / ".mta" / "landing").mkdir(parents=True)
    (place / ".mta" / "landing" / "mine.csv").write_text("a\n")
    refused = run(*DEMO)
    assert refused.exit_code == 2
    assert "not the demo's" in refused.stderr
    assert not (place / ".mta" / "lake").exists()


@pytest.mark.usefixtures("there")
def test_another_demo_in_the_same_place_is_refused(run):
    refused = run("demo", "--touchpoints", "700", "--days", "3")
    assert refused.exit_code == 2
    assert "'touchpoints': 600" in refused.stderr


@pytest.mark.usefixtures("there")
def test_the_status_says_how_far_the_lake_reaches_and_what_was_rejected(run):
    status = json.loads(run("status", "--json").stdout)
    files = Lake(".mta/lake").read(FILES)
    assert status["newest_day"] == status["provisional"]["last"]
    assert status["pending"] == {"core": [], "closing": [], "fit": []}
    assert sum(reason["rows"] for reason in status["quarantine"]) == files["quarantined"].sum()
    rows = {table["name"]: table["rows"] for table in status["tables"]}
    assert rows["staged/files"] == files.height
    assert rows["marts/channel_performance"] > 0
    shown = run("status")
    assert shown.exit_code == 0
    assert "credits/linear" in shown.stdout


def test_the_status_of_no_lake_is_refused_with_what_to_do(run):
    refused = run("status")
    assert refused.exit_code == 2
    assert "mta ingest" in refused.stderr


@pytest.mark.usefixtures("there")
def test_a_damaged_day_is_found_and_computed_again(run):
    lake = Lake(".mta/lake")
    before = lake.read(CHANNEL_DAILY).sort(CHANNEL_DAILY.key)
    damaged_one(Path(".mta/lake", CHANNEL_DAILY.name), lake.files(CHANNEL_DAILY), "gone", random.Random(1))  # noqa: S311  no secret
    looked = run("heal", "--look")
    assert looked.exit_code == 1
    assert "marts/channel_daily" in looked.stdout
    healed = run("heal", "--json")
    assert healed.exit_code == 0
    document = json.loads(healed.stdout)
    (damage,) = document["damaged"]
    assert (document["core"], document["lost"]) == ([], [])
    assert [days["first"] for days in document["closed"]] == damage["days"]
    assert_frame_equal(Lake(".mta/lake").read(CHANNEL_DAILY).sort(CHANNEL_DAILY.key), before, check_exact=True)
    assert run("heal").stdout == "No file of the lake is damaged.\n"


def test_ingest_without_a_landing_folder_is_refused(run):
    refused = run("ingest")
    assert refused.exit_code == 2
    assert "MTA_LANDING" in refused.stderr


def test_ingest_takes_what_it_can_names_what_it_cannot_and_says_so_in_its_exit_code(run, place, events):
    landing = place / "in"
    for folder in ("event_log", "spend", "misplaced"):
        (landing / folder).mkdir(parents=True)
    events.rename(landing / "event_log" / "march.csv")
    (landing / "spend" / "broken.csv").write_bytes(b"\x1f\x8b broken")
    (landing / "misplaced" / "lost.csv").write_text("a\n")
    result = run("ingest", "--landing", landing, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    status = {file["file"]: (file["status"], file["rows_read"], file["accepted"]) for file in document["files"]}
    assert status == {"event_log/march.csv": ("ingested", 5, 5), "spend/broken.csv": ("unreadable", 0, 0)}
    assert document["unclaimed"] == ["misplaced/lost.csv"]
    assert document["closed"]
    (landing / "spend" / "broken.csv").unlink()
    again = run("ingest", "--landing", landing)
    assert again.exit_code == 0
    assert "0 files new or changed, 1 unchanged" in again.stdout
    assert "No source takes misplaced/lost.csv" in again.stdout
