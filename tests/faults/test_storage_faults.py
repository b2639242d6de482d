"""Faults of the disk under the lake: full, damaged, lost. And two who write at once, a file that arrives while it is read, a clock that jumps."""

import random
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mta_assets.contracts.catalogue import GIVEN
from mta_assets.contracts.tables import FILES, MARTS, RESTATEMENTS
from mta_assets.errors import ClockError, DamagedError, LakeAwayError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.healing import ask, damage_of
from mta_assets.pipeline.run import run, tables
from mta_assets.pipeline.upkeep import tidy
from tests.faults.killing import Victim
from tests.faults.serving import Api
from tests.faults.test_kill_writer import Whole
from tests.pipeline.crashing import AFTER, CONFIG, MODELS_IN_TEST, NOW, land, ran
from tests.pipeline.damaging import WAYS, damaged_one

RNG = random.Random(7)  # noqa: S311  the same faults each time, and no secret


@pytest.fixture(scope="session")
def whole(case) -> Whole:
    return Whole(Path(case.calm))


@contextmanager
def small_disk(folder):
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False)
    if not made or made.returncode:
        pytest.skip("a disk of a few megabytes can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_what_was_there_is_served_and_the_next_run_goes_on(case, whole, filled, tmp_path, found):
    times, api_told = 10, set()
    with small_disk(tmp_path / "small") as disk:
        for _ in range(times):
            lake = Lake(str(shutil.copytree(case.before, disk / "lake")))
            filler = disk / "filler"
            filler.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - RNG.randrange(300_000))))
            try:
                with pytest.raises(LakeAwayError, match="The disk is full: free space"):
                    ran(lake, case.landing)
                whole.check(lake)
            finally:
                filler.unlink()
            ran(lake, case.landing)
            case.check(lake)
            shutil.rmtree(disk / "lake")
    with small_disk(tmp_path / "other") as disk:
        shutil.copytree(filled, disk / "lake")
        api = Api(tmp_path, disk / "lake")
        good = api.answers()
        (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free))
        api_told = api.told(good)
        assert api.health()[0] == 200
        api.close()
    assert "503" not in api_told
    found(
        "disk full",
        "a tmpfs of 12 MB with 0 to 300 kB left, at a random one",
        times,
        "the run says `The disk is full` and counts as an outage: the sensors ask again; no half day; the API reads on; with room again the next run "
        "ended where a calm one ends",
    )


@pytest.mark.parametrize("how", WAYS)
def test_a_damaged_file_of_a_mart_is_never_served(filled, tmp_path, found, how):
    times, told = 15, set()
    for n in range(times):
        folder = tmp_path / str(n)
        folder.mkdir()
        root = shutil.copytree(filled, folder / "lake")
        good = Api(folder, root)
        answers = good.answers()
        good.close()
        table = MARTS[n % len(MARTS)]
        files = Lake(str(root)).files(table)
        damaged_one(root / table.name, files, how, RNG)
        fresh = Api(folder, root)  # a process that has read nothing yet
        kinds = fresh.told(answers)
        told |= kinds
        status, parts = fresh.health()
        assert (status, parts["tables"]) == (200, "down" if "503" in kinds else "up")
        assert tidy(Lake(str(root)), [table], keep_hours=1)[0].failed
        fresh.close()
    assert "503" in told
    found(
        "a corrupt lake file",
        f"{how}: a random data file of a mart, and a process that had read nothing",
        times,
        "503 where the file is needed, right numbers elsewhere, never a wrong one; health names the table; the upkeep names the file",
    )


def refusal(lake: Lake, landing: Path) -> str:
    """What a run says when it refuses to compute with damaged rows; empty when it came to its end."""
    try:
        ran(lake, landing)
    except DamagedError as error:
        return str(error)
    return ""


def test_a_run_over_a_damaged_file_says_so_or_needs_it_not_and_ends_right_once_it_is_healed(case, tmp_path, found):
    all_tables, refused, healed, put_back = tables(MODELS_IN_TEST), 0, 0, 0
    held = [table for table in all_tables if Lake(str(case.before)).files(table)]
    for n, table in enumerate(held):
        lake = Lake(str(shutil.copytree(case.before, tmp_path / "lake")))
        file = damaged_one(tmp_path / "lake" / table.name, lake.files(table), WAYS[n % len(WAYS)], RNG)
        if said := refusal(Lake(lake.root), case.landing):
            assert f"{table.name} in the lake" in said
            refused += 1
        if table in GIVEN and file in lake.files(table):
            put_back += 1
            shutil.copy(case.before / table.name / file, tmp_path / "lake" / table.name / file)
        elif damaged := damage_of(lake, all_tables):
            healed += 1
            assert ask(lake, CONFIG, damaged, NOW).lost == ()
        ran(Lake(lake.root), case.landing)
        assert damage_of(lake, all_tables) == []
        case.check(Lake(lake.root))
        shutil.rmtree(lake.root)
    assert refused
    assert healed
    assert put_back
    found(
        "a corrupt lake file",
        "a random data file of each table damaged in one of four ways, then a run over it",
        len(held),
        f"the run stopped and named the file ({refused} times), replaced it, or did not need it; `mta heal` computed again what follows from other tables "
        f"({healed} times), and files of staged tables were put back ({put_back}); each ended where a calm run ends, to the last bit",
    )


def test_a_torn_log_is_answered_as_stale_and_said_and_mended_it_is_as_before(filled, tmp_path, found):
    times = 0
    for table in MARTS:
        folder = tmp_path / table.name.replace("/", "-")
        folder.mkdir()
        root = shutil.copytree(filled, folder / "lake")
        api = Api(folder, root)
        good = api.answers()
        log = root / table.name / "_delta_log"
        torn = log / f"{Lake(str(root)).version(table) + 1:020}.json"
        torn.write_text("torn")
        kinds = api.told(good)
        assert "503" not in kinds
        status, parts = api.health()
        assert (status, parts["tables"]) == (200, "down")
        torn.unlink()
        assert api.told(good) <= {"HIT", "MISS"}
        assert api.health()[1]["tables"] == "up"
        times += "STALE" in kinds
        api.close()
    assert times
    found(
        "a corrupt log",
        "the newest commit of each mart torn while the API runs",
        len(MARTS),
        "the last good answers, marked STALE; health names the table; mended, all is as before",
    )


def test_a_lake_that_is_lost_is_answered_as_stale_and_health_says_so(filled, tmp_path, found):
    root = shutil.copytree(filled, tmp_path / "lake")
    api = Api(tmp_path, root)
    good = api.answers()
    root.rename(tmp_path / "elsewhere")
    assert api.told(good) == {"STALE"}
    assert api.ask("/v1/attribution/linear?group_by=week").status_code == 503
    status, parts = api.health()
    assert (status, parts["lake"]) == (503, "down")
    (tmp_path / "elsewhere").rename(root)
    assert api.told(good) <= {"HIT", "MISS"}
    assert api.health()[0] == 200
    api.close()
    found(
        "the lake's disk is lost",
        "the folder moved away and back",
        1,
        "the last good answers, marked STALE; 503 for what was never asked; readiness 503",
    )


def test_two_runs_at_once_take_each_row_once(case, tmp_path, found):
    times = 10
    for n in range(times):
        root = shutil.copytree(case.before, tmp_path / f"lake{n}")
        both = [Victim(root, case.landing) for _ in range(2)]
        for one in both:
            one.stages()
        case.check(Lake(str(root)))
        shutil.rmtree(root)
    found(
        "two runs on one day at once", "two processes on the same files and days", times, "each row once, the same results to the last bit"
    )


def _deliver(path: Path, lines: list[str], pause: float) -> None:
    """Write a file as a slow sender does: in pieces that end anywhere."""
    text = "\n".join(lines) + "\n"
    with path.open("w") as file:
        for start in range(0, len(text), 7):
            file.write(text[start : start + 7])
            file.flush()
            time.sleep(pause)


def test_files_that_arrive_while_they_are_read_are_whole_in_the_end(case, tmp_path, found):
    times, runs, unreadable = 6, 0, 0
    for n in range(times):
        landing = land(tmp_path / f"landing{n}", {})
        for name in AFTER:
            (landing / name).parent.mkdir(parents=True, exist_ok=True)
        lake = Lake(str(shutil.copytree(case.before, tmp_path / f"lake{n}")))
        senders = [threading.Thread(target=_deliver, args=(landing / name, lines, RNG.uniform(0.01, 0.1))) for name, lines in AFTER.items()]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            report = run(lake, CONFIG, MODELS_IN_TEST, landing, NOW)
            unreadable += sum(file.status == "unreadable" for file in report.files)
            runs += 1
        run(lake, CONFIG, MODELS_IN_TEST, landing, NOW)
        lake.delete_where(FILES, {"status": "unreadable"})
        current = lake.read(FILES).filter(status="replaced")
        for version in current["file_version"]:
            lake.delete_where(FILES, {"status": "replaced", "file_version": version})
        case.check(lake)
    found(
        "a file that arrives while it is read",
        "all files written in pieces of 7 bytes while runs read them",
        times,
        f"{runs} runs; what had changed while it was read was not believed ({unreadable} times); once at rest, each row once",
    )


def test_a_clock_that_jumps_loses_nothing(case, tmp_path, found):
    times, refused = 12, 0
    for n in range(times):
        lake = Lake(str(shutil.copytree(case.before, tmp_path / f"lake{n}")))
        jumped = NOW + timedelta(hours=RNG.choice([-1, 1]) * RNG.randrange(1, 24 * 400))
        try:
            run(lake, CONFIG, MODELS_IN_TEST, case.landing, jumped)
        except ClockError:
            refused += 1
        tidy(lake, tables(MODELS_IN_TEST), keep_hours=1)
        lenient = CONFIG.model_copy(update={"clock_back_hours": 24 * 500})
        run(lake, lenient, MODELS_IN_TEST, case.landing, NOW)
        assert set(lake.read(RESTATEMENTS)["status"]) == {"done"}
        case.check(lake)
        shutil.rmtree(lake.root)
    assert 0 < refused < times
    found(
        "a clock that jumps",
        "by up to 400 days back or ahead during a run and its upkeep, then right again",
        times,
        f"back by more than a day: nothing is ingested and the run says so ({refused} times); else, and once it is right again, the results of a calm run",
    )
