"""A lake that is copied while a run writes to it: each copy is a lake as it was at one moment, which the next run brings to the same end."""

import shutil

import pytest

from mta_assets.errors import LakeError
from mta_assets.lake import copies
from mta_assets.lake.copies import copy_lake, moment
from mta_assets.lake.lake import Lake
from mta_assets.lake.lock import Lock
from tests.pipeline.crashing import ran
from tests.pipeline.test_crashes import child


@pytest.fixture
def running(case, tmp_path):
    """A lake in which a run of another process is under way."""
    root = shutil.copytree(case.before, tmp_path / "lake")
    process = child(root, case.landing)
    yield str(root), process
    assert process.communicate(timeout=120)[1] == ""
    assert process.returncode == 0


def test_a_copy_of_a_lake_at_rest_is_equal_to_it(case, tmp_path):
    versions = moment(Lake(str(case.before)))
    rows = copy_lake(str(case.before), str(tmp_path / "copy"), versions)
    assert moment(Lake(str(tmp_path / "copy"))) == versions
    assert sum(rows.values()) > 0
    lake = Lake(str(tmp_path / "copy"))
    ran(lake, case.landing)
    case.check(lake)


@pytest.mark.parametrize("locked", [True, False], ids=["local", "as on an object store, where nothing is locked"])
def test_every_copy_made_while_a_run_writes_becomes_whole_by_the_next_run(case, running, tmp_path, monkeypatch, locked):
    root, process = running
    monkeypatch.setattr(copies, "SECONDS_BETWEEN_LOOKS", 0.02)
    lake = Lake(root)
    if not locked:
        lake._lock = Lock(None)
    made = []
    while process.poll() is None or not made:
        target = str(tmp_path / f"copy{len(made)}")
        versions = moment(lake)
        if versions not in [known for known, _ in made]:
            copy_lake(root, target, versions)
            made.append((versions, target))
    for _, target in made[:: max(1, len(made) // 3)]:
        copy = Lake(target)
        ran(copy, case.landing)
        case.check(copy)


def test_a_lake_in_which_no_moment_is_quiet_is_not_copied(case, monkeypatch):
    numbers = iter(range(1_000))
    monkeypatch.setattr(copies, "_versions", lambda root: {"core/spend": next(numbers)})
    monkeypatch.setattr(copies, "SECONDS_BETWEEN_LOOKS", 0)
    with pytest.raises(LakeError, match="written to at every one of 60 looks"):
        moment(Lake(str(case.before)))


def test_a_copy_goes_into_an_empty_place_only(case):
    with pytest.raises(LakeError, match="Copy into an empty place"):
        copy_lake(str(case.before), str(case.empty), {})


def test_a_file_that_is_gone_is_said_and_the_table_is_not_there_in_the_copy(case, tmp_path):
    root = shutil.copytree(case.before, tmp_path / "lake")
    versions = moment(Lake(str(root)))
    next((root / "core/journeys").rglob("*.parquet")).unlink()
    with pytest.raises(LakeError, match="core/journeys could not be copied"):
        copy_lake(str(root), str(tmp_path / "copy"), versions)
    assert "core/journeys" not in copies.names(str(tmp_path / "copy"))
