"""What a person reads of increments: estimates, what experiments make of them, iROAS, and why a channel has no experiment behind it."""

import polars as pl

from mta_assets.analysis.incrementality import Incrementality, incrementality
from mta_assets.cli.incrementality import incrementality_document, show_incrementality
from tests.analysis.test_incrementality_of_files import OWN, RESULTS
from tests.marts.test_calibration import TOUCHES, experiment


def test_a_tested_channel_stands_with_its_bands_its_basis_and_the_day_it_expires(capsys):
    show_incrementality(incrementality(OWN, RESULTS, experiment(), TOUCHES, 0.9))
    out = capsys.readouterr().out
    (social,) = [line for line in out.splitlines() if line.startswith("social ")]
    assert "tested" in social
    assert "2026-09-30" in social
    assert social.count("..") == 3  # calibrated, multiplier, iROAS
    assert "bands of 90%" in out
    assert "mail, video: it was not tested" in out
    assert "direct: nobody pays for it" in out


def test_experiments_that_do_not_count_and_doubts_are_told(capsys):
    doubted = {"incremental": OWN["incremental"].with_columns(doubt=pl.lit("the placebo fails"))}
    show_incrementality(incrementality(doubted, RESULTS, experiment("socal"), TOUCHES, 0.9))
    out = capsys.readouterr().out
    assert "Not to be trusted here: the placebo fails." in out
    assert "The experiment of 'socal' (tests.csv row 2) does not count" in out


def test_without_a_model_of_increments_nothing_is_shown(capsys):
    show_incrementality(Incrementality())
    assert capsys.readouterr().out == ""


def test_the_document_has_all_rows_and_experiments():
    document = incrementality_document(incrementality(OWN, RESULTS, experiment(), TOUCHES, 0.9))
    assert [row["channel"] for row in document["rows"]] == OWN["incremental"]["channel"].to_list()
    assert document["experiments"][0]["effect_here"] == 600.0
    assert "bands" in document


def test_wrong_experiments_are_refused_before_any_file_is_read(run, place):
    (place / "tests.csv").write_text(
        "channel,kind,first_day,last_day,effect,standard_error\nsocial,holdout,2026-03-01,2026-03-28,310,-80\n"
    )
    result = run("attribute", "none.csv", "--experiments", "tests.csv")
    assert result.exit_code != 0
    assert "tests.csv row 2, column standard_error: '-80' must be above 0" in result.stderr
