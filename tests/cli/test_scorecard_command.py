"""Facts about `mta scorecard`."""

import json

from mta_assets.scorecard.summary import END, START

SMALL = ("scorecard", "--world", "default", "--seed", 3, "--users", 1_000, "--models", "linear,markov_1")


def test_every_model_asked_for_has_a_row_and_the_table_is_put_on_the_page(run, place):
    page = place / "page.md"
    page.write_text(f"before\n{START}\n{END}\nafter\n")
    said = json.loads(run(*SMALL, "--page", page, "--json").stdout)
    assert [(row["world"], row["seed"], row["model"]) for row in said["rows"]] == [
        ("default", 3, m) for m in ("(truth)", "linear", "markov_1")
    ]
    assert [row["model"] for row in said["predictions"]] == ["(base rate)", "markov_1"]
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| `linear` |" in text
    assert "log-loss" in text


def test_a_page_without_marks_is_refused_and_left_alone(run, place):
    page = place / "page.md"
    page.write_text("no marks")
    refused = run(*SMALL[:-1], "linear", "--page", page)
    assert refused.exit_code == 2
    assert "lacks the marks" in refused.stderr
    assert page.read_text() == "no marks"


def test_an_unknown_model_is_met_with_the_nearest(run):
    refused = run("scorecard", "--models", "liner")
    assert refused.exit_code == 2
    assert "'linear'" in refused.stderr
