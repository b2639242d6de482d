"""`mta backup` and `mta restore`: into an empty place, and everything is as it was; anywhere else, nothing is changed."""

import json
import shutil

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, CONFLICTS, FILES
from mta_assets.lake.copies import moment
from mta_assets.lake.lake import Lake
from tests.cli.demos import in_demo


@pytest.fixture(scope="module")
def shop(demo, tmp_path_factory):
    """A folder with a lake, a state store with a key, and a backup of both."""
    folder = shutil.copytree(demo[0], tmp_path_factory.mktemp("shop") / "demo")
    for ended in in_demo(folder, ("keys", "create", "--owner", "acme", "--name", "report"), ("backup", "first")):
        assert ended.exit_code == 0, ended.stdout
    return folder


def test_what_is_restored_into_an_empty_place_is_what_was_backed_up(run, place, shop):
    said = run("restore", shop / "first")
    assert said.exit_code == 0, said.output
    ours, theirs = Lake(str(place / ".mta/lake")), Lake(str(shop / ".mta/lake"))
    assert moment(ours) == moment(theirs)
    for table in (CHANNEL_PERFORMANCE, CONFLICTS, FILES):
        assert_frame_equal(ours.read(table), theirs.read(table), check_exact=True, check_row_order=False)
    assert ours.read(CHANNEL_PERFORMANCE).select(pl.col("conversions").sum()).item() > 0
    assert json.loads(run("keys", "list", "--json").stdout)["keys"][0]["owner"] == "acme"


def test_the_restored_lake_goes_on(run, place, shop):
    run("restore", shop / "first")
    shutil.copytree(shop / ".mta/landing", place / ".mta/landing")
    assert "0 " in run("ingest").stdout  # every file is known
    assert run("status").exit_code == 0


def test_a_place_that_is_not_empty_is_left_as_it_is(run, place, shop):
    run("restore", shop / "first", "--only", "state")
    refused = run("restore", shop / "first")
    assert refused.exit_code == 2
    assert "The database of MTA_STATE_URL is not empty" in refused.stderr
    assert not (place / ".mta/lake").exists() or not moment(Lake(str(place / ".mta/lake")))


def test_a_backup_needs_a_new_folder(run, place):
    (place / "there").mkdir()
    (place / "there" / "file").touch()
    refused = run("backup", "there")
    assert (refused.exit_code, "is not empty" in refused.stderr) == (2, True)


def test_a_folder_that_is_no_backup_or_an_interrupted_one_is_refused(run, place):
    (place / "half" / "lake").mkdir(parents=True)
    assert "interrupted" in run("restore", "half").stderr


def test_a_damaged_backup_is_noticed(run, place, shop):
    damaged = shutil.copytree(shop / "first", place / "damaged")
    manifest = json.loads((damaged / "backup.json").read_text())
    manifest["tables"][CHANNEL_PERFORMANCE.name]["rows"] += 1
    (damaged / "backup.json").write_text(json.dumps(manifest))
    refused = run("restore", damaged)
    assert refused.exit_code == 2
    assert f"{CHANNEL_PERFORMANCE.name} has other rows" in refused.stderr


def test_a_part_that_was_not_backed_up_cannot_be_restored(run, place, shop):
    assert "has no dagster" in run("restore", shop / "first", "--only", "dagster").stderr
