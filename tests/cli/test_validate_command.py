"""Facts about `mta validate`: its findings, its exit codes, the rejected rows it writes."""

import gzip
import json

import polars as pl
import pytest

from mta_assets.cli.validate import SHOWN


def test_a_clean_file_exits_with_0_and_says_so(run, events):
    result = run("validate", events)
    assert result.exit_code == 0
    assert "5 rows read = 5 accepted + 0 quarantined + 0 duplicates. Every row can be used." in result.stdout


def test_rejected_rows_exit_with_1_and_are_shown_with_row_column_value_reason_and_remedy(run, events):
    events.write_text(events.read_text() + "u9,2026-02-31T10:00:00Z,email,1,10\nu9,2026-03-01T10:00:00Z,email,1,many\n")
    result = run("validate", events, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["rows"] == {"read": 7, "accepted": 5, "quarantined": 2, "duplicates": 0}
    assert [(row["row"], row["column"], row["value"]) for row in document["rejected"]] == [
        (7, "ts", "2026-02-31T10:00:00Z"),
        (8, "value", "many"),
    ]
    assert all(row["reason"] and row["remedy"] and row["record"] for row in document["rejected"])
    assert [reason["rows"] for reason in document["reasons"]] == [1, 1]


def test_the_screen_shows_the_first_rows_only_and_how_to_get_all(run, place):
    bad = "".join(f"u{n},never,email,0,\n" for n in range(SHOWN + 5))
    (place / "log.csv").write_text("user_id,ts,channel,conversion,value\n" + bad)
    shown = run("validate", "log.csv").stdout
    assert f"The first {SHOWN} of {SHOWN + 5}" in shown
    assert shown.count("never") == SHOWN
    assert "--rejected" in shown


def test_all_rejected_rows_are_written_where_asked(run, place):
    (place / "log.csv").write_text("user_id,ts,channel,conversion,value\n" + "u1,never,email,0,\n" * 30 + "u1,2026-03-01,email,1,-5\n")
    assert run("validate", "log.csv", "--rejected", "bad.csv").exit_code == 1
    written = pl.read_csv(place / "bad.csv")
    assert written.columns == ["file", "row", "column", "value", "reason", "remedy", "record"]
    assert written["row"].to_list() == list(range(2, 33))
    assert written["value"][-1] == "'-5"  # a spreadsheet would compute it


def test_a_duplicate_is_counted_and_is_no_fault(run, events):
    lines = events.read_text().splitlines()
    (events.parent / "twice.csv").write_text(
        "\n".join(["event_id," + lines[0], *(f"e{n},{line}" for n, line in enumerate([*lines[1:], lines[1]]))])
    )
    text = (events.parent / "twice.csv").read_text().replace("e5,", "e0,")
    (events.parent / "twice.csv").write_text(text)
    result = run("validate", "twice.csv", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["rows"] == {"read": 6, "accepted": 5, "quarantined": 0, "duplicates": 1}


def test_row_numbers_of_a_path_table_are_those_of_a_spreadsheet(run, place):
    (place / "paths.csv").write_text("\npath,total_conversions\nA,1\nB,x,y\nC,-1\n")
    rejected = json.loads(run("validate", "paths.csv", "--json").stdout)["rejected"]
    assert [row["row"] for row in rejected] == [4, 5]


def test_control_characters_of_a_file_do_not_reach_the_terminal(run, place):
    (place / "log.csv").write_text("user_id,ts,channel,conversion\nu1,\x1b[31mnever,email,1\n")
    result = run("validate", "log.csv")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


UNREADABLE = {
    "empty": b"",
    "no columns of ours": b"a,b\n1,2\n",
    "truncated gz": gzip.compress(b"user_id,ts,channel,conversion\n" + b"u1,2026-03-01,email,1\n" * 5000)[:-40],
    "truncated Parquet": b"PAR1 and then nothing",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_exits_with_2_and_names_the_file(run, place, content):
    (place / "input").write_bytes(content)
    result = run("validate", "input")
    assert result.exit_code == 2
    assert "input" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_kind_can_be_said_where_the_columns_do_not_tell(run, place):
    (place / "orders.csv").write_text("user_id,ts,value,utm,channel\nu1,2026-03-01T10:00:00Z,5,x,email\n")
    assert run("validate", "orders.csv").exit_code == 2
    result = run("validate", "orders.csv", "--kind", "conversions", "--json")
    assert (result.exit_code, json.loads(result.stdout)["kind"]) == (0, "conversions")


def test_a_source_of_the_configuration_says_how_its_files_are_read(run, place):
    (place / "mta.yaml").write_text(
        "sources: {shop: {kind: conversions, glob: 'shop/*.csv', columns: {user_id: buyer, ts: at}, timezone: Europe/Berlin}}"
    )
    (place / "shop").mkdir()
    (place / "shop" / "orders.csv").write_text("buyer,at,channel\nu1,2026-03-01T10:00:00,email\n")
    result = run("validate", "shop/orders.csv", "--json")
    assert (result.exit_code, json.loads(result.stdout)["kind"]) == (0, "conversions")
