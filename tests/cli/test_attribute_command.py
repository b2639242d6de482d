"""Facts about `mta attribute`: what it takes, what it prints and writes, and how it refuses."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.contracts.increments import BASELINE

JULY = Path(__file__).parents[2] / ".." / "shared" / "data" / "july2018"
needs_july = pytest.mark.skipif(not JULY.exists(), reason="../shared/data/july2018 is not beside this repository")
JULY_CONVERSIONS = 1_838  # counted in the file: rows with conversion = 1
PATHS = "path,total_conversions,total_conversion_value,total_null\nC1 > C2 > C3,1,10,0\nC1,0,0,1\nC2 > C3,0,0,1\n"


def read_json(path):
    return pl.DataFrame(json.loads(path.read_text()))


READERS = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": read_json}


@pytest.fixture
def pairs(place):
    touches, orders = place / "touches.csv", place / "orders.csv"
    touches.write_text(
        "who,when,channel,campaign\nu1,2026-03-01 10:00,search,brand\nu1,2026-03-02 10:00,email,weekly\nu2,2026-03-02 10:00,email,weekly\n"
    )
    orders.write_text("who,ordered_at,conversion_id,value\nu1,2026-03-03 09:00,o1,40\nu2,2026-03-03 09:00,o2,20\n")
    return touches, orders


def rows_of(document, model):
    return {row["channel"]: row["conversions"] for row in document["results"] if row["model"] == model}


@needs_july
def test_the_july_file_gives_every_model_with_roas_and_cpa_and_credit_sums_to_its_1838_conversions(run):
    result = run("attribute", JULY / "events.csv", "--columns", "user_id=customer_id,ts=time", "--spend", JULY / "spend.csv", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    results = pl.DataFrame(document["results"])
    credited = results.filter(pl.col("channel") != BASELINE, pl.col("conversions") > 0)
    sums = {each["model"]: each for each in document["sums"]}
    assert set(credited["model"]) == set(sums)
    assert len(sums) + len(document["unavailable"]) >= 15
    assert [each["conversions"] for each in sums.values() if each["holds"]] == [pytest.approx(JULY_CONVERSIONS, rel=1e-12)] * (
        len(sums) - 1
    )
    assert sums["participation"]["holds"] is None
    assert credited.select("roas", "cpa").null_count().row(0) == (0, 0)
    assert {row["basis"] for row in document["incrementality"]["rows"]} == {"none"}
    assert {row["channel"] for row in document["incrementality"]["rows"] if row["iroas"] is None} == {"Paid Search"}
    rows = document["rows"]
    assert rows["read"] == 62_483 + 155 == rows["accepted"] + rows["quarantined"] + rows["duplicates"]
    assert document["conversions"] == JULY_CONVERSIONS


@needs_july
def test_without_the_column_names_the_july_file_is_refused_with_the_option_that_helps(run):
    result = run("attribute", JULY / "events.csv")
    assert result.exit_code == 2
    assert "--columns user_id=customer_id,ts=time" in result.stderr
    assert "events.csv" in result.stderr


def test_an_event_log_is_credited_and_a_model_that_cannot_be_is_named_with_its_reason(run, events):
    result = run("attribute", events, "--models", "last_touch,w_shaped")
    assert result.exit_code == 0
    assert "w_shaped: no milestone is configured" in result.stdout
    assert "5 rows read = 5 accepted + 0 quarantined + 0 duplicates; 3 journeys, 2 conversions" in result.stdout
    assert "Credit sums to 2 conversions and to their value for 1 of 1 additive models" in result.stdout


def test_a_path_table_gives_the_worked_markov_example_and_names_time_decay_as_unavailable(run, place):
    (place / "paths.csv").write_text(PATHS)
    document = json.loads(run("attribute", "paths.csv", "--json").stdout)
    assert rows_of(document, "markov_1") == {"C1": pytest.approx(0.2), "C2": pytest.approx(0.4), "C3": pytest.approx(0.4)}
    effects = {row["channel"]: row["effect"] for row in document["effects"] if row["model"] == "markov_1"}
    assert effects == {"C1": pytest.approx(0.5), "C2": pytest.approx(1), "C3": pytest.approx(1)}
    assert "no times of touches" in document["unavailable"]["time_decay"]
    assert document["journeys"] == 3


def test_a_rejected_row_of_a_path_table_is_counted_and_the_others_still_earn_credit(run, place):
    (place / "paths.csv").write_text(PATHS + "C4,many,,\n")
    document = json.loads(run("attribute", "paths.csv", "--models", "linear", "--json").stdout)
    assert document["rows"] == {"read": 4, "accepted": 3, "quarantined": 1, "duplicates": 0}
    assert sum(rows_of(document, "linear").values()) == pytest.approx(1)


def test_touchpoints_and_conversions_are_told_apart_by_their_columns_in_either_order(run, pairs):
    outcomes = [
        json.loads(run("attribute", *files, "--columns", "user_id=who,touchpoints.ts=when,conversions.ts=ordered_at", "--json").stdout)
        for files in (pairs, pairs[::-1])
    ]
    assert [set(outcome["files"].values()) for outcome in outcomes] == [{"touchpoints", "conversions"}] * 2
    assert outcomes[0]["results"] == outcomes[1]["results"]
    assert rows_of(outcomes[0], "last_touch") == {"email": 2.0, "search": 0.0}


def test_a_conversions_file_that_also_names_a_channel_must_be_said_to_be_one(run, pairs):
    touches, orders = pairs
    orders.write_text("who,ordered_at,conversion_id,value,channel\nu1,2026-03-03 09:00,o1,40,email\n")
    mapping = ("--columns", "user_id=who,touchpoints.ts=when,conversions.ts=ordered_at", "--json")
    refused = run("attribute", touches, orders, *mapping)
    assert refused.exit_code == 2
    assert "--conversions" in refused.stderr
    assert run("attribute", touches, "--conversions", orders, *mapping).exit_code == 0


def test_by_campaign_splits_a_channel_into_its_campaigns(run, pairs):
    mapping = ("--columns", "user_id=who,touchpoints.ts=when,conversions.ts=ordered_at")
    rows = json.loads(run("attribute", *pairs, *mapping, "--models", "linear", "--by", "campaign", "--json").stdout)["results"]
    assert [(row["channel"], row["campaign"], row["conversions"]) for row in rows] == [("email", "weekly", 1.5), ("search", "brand", 0.5)]


def test_the_lookback_of_the_call_decides_which_touches_count(run, events):
    short = json.loads(run("attribute", events, "--models", "first_touch", "--lookback-days", "0.5", "--json").stdout)
    usual = json.loads(run("attribute", events, "--models", "first_touch", "--json").stdout)
    assert rows_of(short, "first_touch") == {"direct": 1, "email": 0, "search": 1}
    assert rows_of(usual, "first_touch") == {"direct": 0, "email": 0, "search": 2}


@pytest.mark.parametrize("ending", READERS)
def test_a_written_result_reads_back_to_what_was_printed_in_full_precision(run, events, place, ending):
    (place / "spend.csv").write_text("day,channel,cost\n2026-03-01,email,3.10\n2026-03-01,search,0\n")
    out = place / f"credit.{ending}"
    printed = json.loads(run("attribute", events, "--spend", "spend.csv", "--models", "linear,markov_1", "--out", out, "--json").stdout)
    written = READERS[ending](out).with_columns(pl.col("cost").cast(pl.Float64))
    assert written.columns == ["model", "channel", "conversions", "value", "cost", "roas", "cpa"]
    assert_frame_equal(written, pl.DataFrame(printed["results"]), check_exact=True)
    assert [path.name for path in place.iterdir() if path.name.endswith(".part")] == []


def test_a_spend_of_zero_gives_no_roas_and_no_spend_gives_no_cost(run, events, place):
    (place / "spend.csv").write_text("day,channel,cost\n2026-03-01,email,3.10\n2026-03-01,search,0\n")
    rows = json.loads(run("attribute", events, "--spend", "spend.csv", "--models", "first_touch", "--json").stdout)["results"]
    by_channel = {row["channel"]: (row["cost"], row["roas"], row["cpa"]) for row in rows}
    assert by_channel == {"direct": (None, None, None), "email": (3.1, 0.0, None), "search": (0.0, None, 0.0)}


def test_two_currencies_are_kept_apart_and_named(run, place):
    (place / "log.csv").write_text(
        "user_id,ts,channel,conversion,value,currency\nu1,2026-03-01T10:00:00Z,email,1,10,USD\nu2,2026-03-01T10:00:00Z,email,1,9,EUR\n"
    )
    rows = json.loads(run("attribute", "log.csv", "--models", "linear", "--json").stdout)["results"]
    assert [(row["currency"], row["conversions"], row["value"]) for row in rows] == [("EUR", 1, 9), ("USD", 1, 10)]


def test_csv_output_makes_spreadsheet_formulas_harmless_and_other_formats_keep_names_as_they_are(run, place):
    (place / "paths.csv").write_text("path,total_conversions\n=cmd() > @x > plain,1\n")
    for ending in READERS:
        assert run("attribute", "paths.csv", "--models", "linear", "--out", f"r.{ending}").exit_code == 0
    assert READERS["csv"](place / "r.csv")["channel"].to_list() == ["'=cmd()", "'@x", "plain"]
    for ending in ("json", "parquet"):
        assert READERS[ending](place / f"r.{ending}")["channel"].to_list() == ["=cmd()", "@x", "plain"]


def test_bad_rows_are_set_aside_with_a_pointer_and_do_not_fail_the_call(run, events):
    events.write_text(events.read_text() + "u9,2026-02-31T10:00:00Z,email,1,10\n")
    result = run("attribute", events, "--models", "linear")
    assert result.exit_code == 0
    assert "6 rows read = 5 accepted + 1 quarantined + 0 duplicates" in result.stdout
    assert f"mta validate {events}" in result.stdout


BAD_CALLS = {
    "no file at all": ([], "Name at least one file"),
    "a file that is not there": (["gone.csv"], "gone.csv"),
    "a model that does not exist": (["events.csv", "--models", "markof_1"], "Did you mean 'markov_1'"),
    "an output format that is not known": (["events.csv", "--out", "r.xlsx"], ".csv, .json, .parquet"),
    "an output folder that is not there": (["events.csv", "--out", "nowhere/r.csv"], "there is no folder"),
    "a mapping that is no mapping": (["events.csv", "--columns", "user_id"], "OURS=THEIRS"),
    "a mapping of none of our columns": (["events.csv", "--columns", "usr_id=user_id"], "Did you mean 'user_id'"),
    "a mapping to a column that no file has": (["events.csv", "--columns", "campaign=camp"], "which no given file has"),
    "a mapping for no kind of file": (["events.csv", "--columns", "orders.ts=ts"], "no kind of file"),
    "touchpoints without conversions": (["--touchpoints", "touches.csv"], "Add a file of conversions"),
    "spend alone": (["spend.csv"], "spend alone earns no credit"),
    "an empty file": (["empty.csv"], "empty.csv is empty"),
    "a file of no kind": (["other.csv"], "does not look like any kind of input"),
    "a path table beside events": (["events.csv", "paths.csv"], "on its own"),
    "campaigns of a path table": (["paths.csv", "--by", "campaign"], "no campaigns"),
    "a file in which every row is bad": (["bad.csv"], "None of the 2 rows"),
    "a configuration that is not there": (["events.csv", "--config", "my.yaml"], "there is no file my.yaml"),
    "an unknown time zone": (["events.csv", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
}


@pytest.mark.parametrize(("arguments", "says"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_what_cannot_be_done_is_refused_with_exit_code_2_and_one_message_that_helps(run, events, place, arguments, says):
    (place / "touches.csv").write_text("user_id,ts,channel\nu1,2026-03-01T10:00:00Z,email\n")
    (place / "spend.csv").write_text("day,channel,cost\n2026-03-01,email,1\n")
    (place / "paths.csv").write_text(PATHS)
    (place / "empty.csv").write_text("")
    (place / "other.csv").write_text("a;b\n1;2\n")
    (place / "bad.csv").write_text("user_id,ts,channel,conversion\nu1,never,email,1\n,2026-03-01,email,1\n")
    result = run("attribute", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
