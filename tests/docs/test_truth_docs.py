"""The pictures of docs/truth.md are those of their numbers, and the page explains every word that `mta compare` says."""

import re
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest

from benchmarks.truth_pictures import NUMBERS, draw
from mta_assets.contracts.advice import UNKNOWN, VERDICTS
from mta_assets.marts.disagreement import CLOSER, COUNTING, OPENER, TARGETING
from mta_assets.marts.known_distances import KNOWN
from mta_assets.scorecard.summary import read_back

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "truth.md").read_text(encoding="utf-8")
NUMBERED = orjson.loads(NUMBERS.read_bytes())


@pytest.mark.parametrize("name", ["preceding.svg", "credited.svg"])
def test_a_picture_is_drawn_of_its_numbers_and_can_be_read_on_light_and_dark(name):
    picture = (DOCS / "pictures" / name).read_text(encoding="utf-8")
    assert picture == draw(NUMBERED)[name]
    assert ElementTree.fromstring(picture).tag.endswith("svg")  # noqa: S314  our own file
    assert "prefers-color-scheme:dark" in picture
    assert f"(pictures/{name})" in PAGE


def test_the_pictures_show_what_the_page_says_of_them():
    after, base = NUMBERED["preceding"]["after_a_touch"], NUMBERED["preceding"]["any_moment"]
    assert after["brand search"] > 5 * base
    assert after["video"] == pytest.approx(base, rel=0.05)
    said = NUMBERED["credited"]
    assert said["display"]["shown"] > said["video"]["shown"]
    assert 2.5 < said["video"]["true"] / said["display"]["true"] < 3
    assert said["brand search"]["least"] > 3 * said["brand search"]["true"]
    assert all(row["low"] < row["shown"] < row["high"] for row in said.values())


def test_every_verdict_and_reason_is_explained():
    first_cells = {line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("|")}
    assert {*VERDICTS, CLOSER, OPENER, COUNTING, TARGETING} - {UNKNOWN} <= first_cells
    assert "cannot be said" in first_cells


def test_the_figures_that_suggestions_are_made_of_are_those_of_the_scorecard():
    shown = read_back((DOCS / "scorecard.md").read_text(encoding="utf-8"))
    assert set(shown) == set(KNOWN)
    for model, known in KNOWN.items():
        assert known.over_claim == shown[model]["over-claim"]
        assert all(distance == shown[model][world] for world, distance in known.worlds.items())
        assert known.worst[1] == max(known.worlds.values())


def test_links_lead_to_pages_that_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (DOCS / target).exists(), target
