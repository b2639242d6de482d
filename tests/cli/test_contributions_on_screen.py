"""What a person reads of how a model foretells: a table beside the raw effects, what it leaves out, and that it is about the model."""

import polars as pl

from mta_assets.cli.contributions import MEANS, contributions_document, show_contributions

FOUND = {
    "hazard": pl.DataFrame(
        {
            "channel": ["display", "mail", "search"],
            "touched": [0.5, 0.1, 0.9],
            "contribution": [-0.1, 0.02, 0.7],
            "absolute": [0.2, 0.03, 0.75],
            "others": [0.05] * 3,
            "expected": [-4.6] * 3,
        }
    )
}
EFFECTS = pl.DataFrame(
    {"model": ["markov_1", "hazard", "hazard"], "channel": ["search", "search", "display"], "effect": [0.5, 300.0, 20.0]}
)


def test_channels_stand_with_what_they_add_the_most_read_first(capsys):
    show_contributions(FOUND, EFFECTS)
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines() if line.startswith(("display", "mail", "search"))]
    assert lines == [
        ["search", "300.00", "0.90", "0.70", "0.75"],
        ["display", "20.00", "0.50", "-0.10", "0.20"],
        ["mail", "-", "0.10", "0.02", "0.03"],
    ]
    assert "What hazard foretells conversions by" in out
    assert "+0.05 by earlier conversions and the calendar, from -4.60 before anything is known" in out
    assert "not what brought the conversions" in out
    assert MEANS in out


def test_without_such_a_model_nothing_is_shown(capsys):
    show_contributions({}, EFFECTS)
    assert capsys.readouterr().out == ""


def test_the_document_has_every_row():
    assert contributions_document(FOUND) == {"hazard": FOUND["hazard"].to_dicts()}
