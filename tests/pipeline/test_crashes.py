"""A run that is killed, starved of disk, refused access or overtaken by another one: nothing is lost, and the next run ends where a calm one ends."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from deltalake import DeltaTable

from mta_assets.contracts.advice import ADVICE, CHANNEL_ADVICE
from mta_assets.contracts.bands import BANDS
from mta_assets.contracts.days import contiguous
from mta_assets.contracts.incrementality import INCREMENTALITY
from mta_assets.contracts.tables import CHANNEL_PERFORMANCE, CORE, FILES, RESTATEMENTS, STAGED
from mta_assets.errors import LakeError, LandingAwayError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline import ingest as ingest_module
from mta_assets.pipeline import restatements
from mta_assets.pipeline import run as run_module
from mta_assets.pipeline.core import build_pending
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.marts import write_marts
from mta_assets.pipeline.run import catch_up, recompute, refit
from tests.pipeline.crashing import AFTER, CONFIG, MODELS_IN_TEST, NOW, SETTINGS, land, ran

# More than the default tries forty moments of the run instead of four.
EVERY_MOMENT = int(os.environ.get("MTA_TEST_EXAMPLES", "2")) > 2
MOMENTS = [n / 40 for n in range(40)] if EVERY_MOMENT else [0.06, 0.25, 0.5, 0.9]

# What every process in these tests does: a run, with a lake that dies by SIGKILL instead of making its n-th commit (never, when n is -1).
CHILD = f"""
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import pandera.polars
from mta_assets.config import parse_config
from mta_assets.errors import LakeError
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import run, tables

class Mortal(Lake):
    left = int(sys.argv[3])
    def _commit(self, table, write):
        if Mortal.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        Mortal.left -= 1
        super()._commit(table, write)

if sys.argv[4:] == ["nobody"] and os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)  # root may read and write anywhere
models = {{name: MODELS[name] for name in {tuple(MODELS_IN_TEST)}}}
lake = Mortal(sys.argv[1])
try:
    lake.prepare(tables(models))
    report = run(lake, parse_config({SETTINGS}), models, Path(sys.argv[2]), {NOW!r}.replace(tzinfo=UTC))
except LakeError as error:
    sys.exit(str(error))
for file in report.files:
    print(file.file, file.status, file.reason)
""".replace("datetime.datetime(", "datetime(").replace("tzinfo=datetime.timezone.utc", "tzinfo=UTC")


def child(lake: Path, landing: Path, commits: int = -1, user: str = "") -> subprocess.Popen[str]:
    call = [sys.executable, "-c", CHILD, str(lake), str(landing), str(commits), *([user] if user else [])]
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_commit_is_made_whole_by_the_next(case, tmp_path, moment):
    root = shutil.copytree(case.before, tmp_path / "lake")
    killed = child(root, case.landing, int(moment * case.commits))
    _, said = killed.communicate(timeout=120)
    assert killed.returncode == -9, said
    lake = Lake(str(root))
    for table in CORE.values():  # nothing half-written is visible
        table.validate(lake.read(table))
    ran(lake, case.landing)
    case.check(lake)


def test_two_runs_of_the_same_files_at_once_take_each_row_once(case, tmp_path):
    root = shutil.copytree(case.empty, tmp_path / "lake")
    both = [child(root, case.landing) for _ in range(2)]
    said = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    case.check(Lake(str(root)))


def test_two_runs_of_different_files_at_once_lose_nothing(case, tmp_path):
    root = shutil.copytree(case.empty, tmp_path / "lake")
    halves = [{name: lines for name, lines in AFTER.items() if name.endswith(f"{half}.csv")} for half in "ab"]
    both = [child(root, land(tmp_path / f"landing{n}", half)) for n, half in enumerate(halves)]
    said = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    lake = Lake(str(root))
    ran(lake, case.landing)  # every file was taken, so that only what one run left to the other remains
    case.check(lake)


@pytest.fixture
def small_disk(tmp_path) -> Path:
    disk = tmp_path / "small"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False)
    if not made or made.returncode:
        pytest.skip("a disk of a few megabytes can only be mounted by root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("left", [0, 120_000])
def test_a_full_disk_is_said_and_the_next_run_goes_on(case, small_disk, left):
    lake = Lake(str(shutil.copytree(case.before, small_disk / "lake")))
    filler = small_disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - left))
    with pytest.raises(LakeError, match="The disk is full: free space"):
        ran(lake, case.landing)
    filler.unlink()
    ran(lake, case.landing)
    case.check(lake)


def let_in(folder: Path) -> None:
    """Whoever the user of a child is: it may pass to and write in the folder."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    shared = Path(tempfile.gettempdir())
    for parent in folder.parents:
        if shared in parent.parents:  # of this test run alone: the folder of temporary files itself stays as it is
            parent.chmod(0o755)


def test_a_landed_file_without_permission_is_named_and_stops_nothing_else(case, tmp_path):
    root, landing = shutil.copytree(case.before, tmp_path / "lake"), land(tmp_path / "landing", AFTER)
    let_in(root)
    (landing / "touchpoints" / "a.csv").chmod(0)
    reader = child(root, landing, user="nobody")
    said, errors = reader.communicate(timeout=120)
    assert reader.returncode == 0, errors
    assert "touchpoints/a.csv unreadable" in said
    assert "ermission" in said
    assert "touchpoints/b.csv ingested" in said
    lake = Lake(str(root))
    assert lake.read(CORE["touchpoints"])["file"].n_unique() == 2
    (landing / "touchpoints" / "a.csv").chmod(0o644)
    ran(lake, landing)
    lake.delete_where(FILES, {"status": "unreadable"})
    case.check(lake)


def test_a_landing_sub_folder_without_permission_is_named_and_stops_nothing_else(case, tmp_path):
    root, landing = shutil.copytree(case.before, tmp_path / "lake"), land(tmp_path / "landing", AFTER)
    let_in(root)
    (landing / "touchpoints").chmod(0)
    reader = child(root, landing, user="nobody")
    said, errors = reader.communicate(timeout=120)
    assert reader.returncode == 0, errors
    assert "touchpoints unreadable touchpoints cannot be opened: Permission denied" in said
    assert "conversions/b.csv ingested" in said
    (landing / "touchpoints").chmod(0o755)
    lake = Lake(str(root))
    ran(lake, landing)
    lake.delete_where(FILES, {"status": "unreadable"})
    case.check(lake)


def test_a_landing_folder_without_permission_refuses_the_run_in_words(case, tmp_path):
    root, landing = shutil.copytree(case.before, tmp_path / "lake"), land(tmp_path / "landing", AFTER)
    let_in(root)
    landing.chmod(0)
    reader = child(root, landing, user="nobody")
    _, errors = reader.communicate(timeout=120)
    landing.chmod(0o755)
    assert reader.returncode == 1
    assert "cannot be entered. Give the user that runs this permission to read it" in errors


def test_a_lake_without_permission_refuses_the_run_in_words(case, tmp_path):
    root = shutil.copytree(case.before, tmp_path / "lake")
    let_in(root)
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)
    (root / ".lock").chmod(0o444)
    writer = child(root, land(tmp_path / "landing", AFTER), user="nobody")
    _, errors = writer.communicate(timeout=120)
    assert writer.returncode == 1
    assert "No permission: give the user that runs this read and write access" in errors
    assert "Traceback" not in errors


def test_a_file_that_is_cut_while_it_is_read_is_not_believed(case, tmp_path):
    landing = land(tmp_path / "landing", AFTER)
    cut, whole = landing / "touchpoints" / "b.csv", (landing / "touchpoints" / "b.csv").read_bytes()

    class Cutting(Lake):
        def append(self, table, frame):
            super().append(table, frame)
            if "touchpoints/b.csv" in frame["file"]:
                cut.write_bytes(whole[:40])

    root = shutil.copytree(case.before, tmp_path / "lake")
    reports = {report.file: report for report in ingest(Cutting(str(root)), CONFIG, landed_files(landing, CONFIG), NOW)}
    assert reports["touchpoints/b.csv"].status == "unreadable"
    assert "changed while it was read" in reports["touchpoints/b.csv"].reason
    assert reports["conversions/b.csv"].status == "ingested"
    cut.write_bytes(whole)
    lake = Lake(str(root))
    ran(lake, landing)
    case.check(lake)


def test_a_lost_data_file_of_the_lake_is_not_taken_for_a_fault_of_the_landed_file(case, tmp_path):
    root = shutil.copytree(case.before, tmp_path / "lake")
    for file in DeltaTable(str(root / STAGED["touchpoints"].name)).file_uris():
        Path(file).unlink()
    lake = Lake(str(root))
    with pytest.raises(LakeError, match="Put the file back from a copy"):
        ran(lake, case.landing)
    assert lake.read(FILES).filter(status="unreadable").is_empty()


def test_a_file_whose_disk_is_away_waits_and_is_not_called_unreadable(case, tmp_path, monkeypatch):
    lake = Lake(str(shutil.copytree(case.before, tmp_path / "lake")))
    monkeypatch.setattr(ingest_module, "file_version", _away)
    with pytest.raises(LandingAwayError, match="cannot be read at the moment"):
        ran(lake, case.landing)
    assert lake.read(FILES).filter(status="unreadable").is_empty()
    monkeypatch.undo()
    ran(lake, case.landing)
    case.check(lake)


def _away(path):
    raise OSError(errno.EIO, "Input/output error")


def test_days_that_were_made_before_a_day_in_their_window_was_closed_are_made_again(case, tmp_path):
    lake = Lake(str(shutil.copytree(case.before, tmp_path / "lake")))
    ingest(lake, CONFIG, landed_files(case.landing, CONFIG), NOW)
    build_pending(lake, CONFIG, NOW)
    steps = {"closing": recompute, "fit": refit}
    for scope, days in reversed(restatements.pending(lake).in_order):  # as when the run of the first days died and the sensor went on
        steps[scope](lake, CONFIG, MODELS_IN_TEST, days, lambda _: None)
    assert lake.read(RESTATEMENTS).filter(status="pending")["cause"].unique().to_list() == [restatements.HASTY]
    catch_up(lake, CONFIG, MODELS_IN_TEST, NOW)
    case.check(lake)


def test_what_is_made_of_the_newest_day_alone_is_made_once_in_a_run(case):
    before, after = Lake(str(case.empty)), Lake(str(case.scratch))
    assert len(contiguous(after.read(RESTATEMENTS).filter(scope="closing")["day"])) > 1
    made = {table: after.version(table) - before.version(table) for table in (BANDS, *ADVICE, INCREMENTALITY)}
    assert made == dict.fromkeys((BANDS, *ADVICE), 1) | {INCREMENTALITY: 0}  # no model in these tests estimates increments


def test_days_that_are_done_when_a_later_one_fails_are_whole_and_struck_off(case, tmp_path, monkeypatch):
    lake = Lake(str(shutil.copytree(case.empty, tmp_path / "lake")))
    ingest(lake, CONFIG, landed_files(case.landing, CONFIG), NOW)
    build_pending(lake, CONFIG, NOW)
    *earlier, last = [days for _, days in restatements.pending(lake).in_order]

    def full_disk(lake, config, models, days):
        if days == last:
            raise LakeError("The disk is full")
        write_marts(lake, config, models, days)

    monkeypatch.setattr(run_module, "write_marts", full_disk)
    with pytest.raises(LakeError, match="The disk is full"):
        catch_up(lake, CONFIG, MODELS_IN_TEST, NOW)
    listed = lake.read(RESTATEMENTS)
    assert set(listed.filter(status="done")["day"]) == {day for days in earlier for day in days}
    assert set(listed.filter(status="pending")["day"]) == set(last)
    assert lake.days(BANDS) == lake.days(CHANNEL_ADVICE) == lake.days(CHANNEL_PERFORMANCE)[-1:] != []
    monkeypatch.undo()
    catch_up(lake, CONFIG, MODELS_IN_TEST, NOW)
    case.check(lake)
