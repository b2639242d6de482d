"""`mta attribute --bands` puts each figure's band beside it, and says what the bands do not cover."""

import json

import pytest
from click.testing import CliRunner

from mta_assets.cli.attribute import command
from tests.analysis.test_bands_of_files import lines, written


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return [str(file.path) for file in written(tmp_path_factory.mktemp("events"), lines(300))]


def said(*arguments):
    found = CliRunner().invoke(command, arguments)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_person_reads_the_band_beside_the_figure_and_what_it_does_not_cover(files):
    output = said(*files, "--models", "linear,markov_1", "--bands")
    assert "Bands of 90%." in output
    assert "does not say how far the model itself is from what a channel caused" in output
    assert "conversions band" in output
    assert " .. " in next(line for line in output.splitlines() if line.startswith("linear"))
    assert "cpa" not in output


def test_a_machine_reads_bounds_and_reasons(files):
    document = json.loads(said(*files, "--models", "markov_1", "--bands", "--json"))
    assert "does not say" in document["bands"]
    for row in document["results"]:
        assert row["conversions_low"] < row["conversions"] < row["conversions_high"]
        assert row["no_band"] is None


def test_without_the_option_nothing_is_said_of_bands(files):
    document = json.loads(said(*files, "--models", "linear", "--json"))
    assert document["bands"] is False
    assert set(document["results"][0]) == {"model", "channel", "conversions", "value"}
