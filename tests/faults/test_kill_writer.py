"""kill -9 of the writer, at every stage and at any moment: nothing lost, nothing doubled, no half day, and the next run ends where a calm one ends."""

import os
import random
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

from mta_assets.contracts.tables import RESTATEMENTS
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.run import tables
from tests.faults.killing import STAGES, Victim
from tests.pipeline.crashing import MODELS_IN_TEST, OF_INGEST, Case, ran

KILLS = int(os.environ.get("MTA_FAULTS_KILLS", "200"))
KILLS_OF_A_STAGE = -(-KILLS // len(STAGES))
MOST_TRIES = 5  # for each kill: a process may be faster than what was to kill it
SEED = int(os.environ.get("MTA_FAULTS_SEED", "1"))
OF_DAYS = [table for table in tables(MODELS_IN_TEST) if table.partition == "day" and table.name not in OF_INGEST]
Said = dict[object, tuple[int, ...]]


def said(frame: pl.DataFrame) -> Said:
    """What the rows of each day say, in whatever order they are."""
    hashed = frame.select("day", row=frame.hash_rows())
    return {day: tuple(rows) for day, rows in hashed.group_by("day").agg(pl.col("row").sort()).iter_rows()}


class Whole:
    """What each day of each table has been at some commit of a calm run: anything else is half a day."""

    def __init__(self, calm: Path) -> None:
        self._known: dict[str, dict[object, set[object]]] = defaultdict(dict)
        for table in OF_DAYS:
            newest = DeltaTable(str(calm / table.name)).version()
            versions = [said(self._at(calm, table, version)) for version in range(newest + 1)]
            for day in set().union(*versions):
                self._known[table.name][day] = {version.get(day) for version in versions}

    @staticmethod
    def _at(calm: Path, table, version: int) -> pl.DataFrame:
        delta = DeltaTable(str(calm / table.name), version=version)
        return pl.scan_delta(delta).select(table.schema.names()).collect()

    def check(self, lake: Lake) -> None:
        for table in OF_DAYS:
            days, known = said(table.validate(lake.read(table))), self._known[table.name]
            strange = [str(day) for day in days.keys() | known.keys() if days.get(day) not in known.get(day, ())]
            assert not strange, f"{table.name}: half of {strange}"


@pytest.fixture(scope="module")
def whole(case) -> Whole:
    return Whole(Path(case.calm))


def rows_of(root: Path) -> dict[str, pl.DataFrame]:
    lake = Lake(str(root))
    return {table.name: lake.read(table).sort(table.key) for table in tables(MODELS_IN_TEST)}


def killed(case: Case, root: Path, stage: str, after: float) -> str:
    """The stage at which it died; `done` when it was faster."""
    shutil.copytree(case.before, root)
    return Victim(root, None if stage == "compaction" else case.landing).killed_at(stage, after)


@pytest.mark.parametrize("stage", STAGES)
def test_a_writer_killed_at_any_moment_loses_doubles_and_halves_nothing(case, whole, tmp_path, found, stage):
    rng, at, announced = random.Random(f"{SEED} {stage}"), Counter(), 0  # noqa: S311  the same moments each time, and no secret
    lasting, before = _seconds(case, stage, tmp_path), rows_of(case.before)
    for n in range(MOST_TRIES * KILLS_OF_A_STAGE):
        root = tmp_path / f"lake{n}"
        died = killed(case, root, stage, rng.uniform(0, lasting))
        if died != "done":
            at[died] += 1
            print(f"kill {at.total()} at {died}", flush=True)  # it takes minutes; `pytest -s` shows how far it is
            lake = Lake(str(root))
            if died == "compaction":
                for name, frame in rows_of(root).items():
                    assert_frame_equal(frame, before[name])
            else:
                whole.check(lake)
                announced += "announced" in lake.read(RESTATEMENTS)["status"]
            ran(lake, case.landing)
            case.check(lake)
        shutil.rmtree(root)
        if at[stage] == KILLS_OF_A_STAGE:
            break
    assert at[stage] == KILLS_OF_A_STAGE
    later = "".join(f"; {times} came late, at {other}" for other, times in at.items() if other != stage)
    seen = (
        "no row changed; the next run ended where a calm one ends, to the last bit"
        if stage == "compaction"
        else "each day whole after every kill; the next run ended where a calm one ends, to the last bit; "
        f"{announced} left an announcement, which was made whole"
    )
    found(f"kill -9 of the writer: {stage}", "at a random moment", at.total(), seen + later)


def _seconds(case: Case, stage: str, folder: Path) -> float:
    """How long the stage lasts when nothing disturbs it: the shortest of some, for the first time is always longer."""
    return min(_lasted(case, stage, folder / f"{stage}{n}") for n in range(3))


def _lasted(case: Case, stage: str, root: Path) -> float:
    began = Victim(shutil.copytree(case.before, root), None if stage == "compaction" else case.landing).stages()
    order = list(began)
    return began[order[order.index(stage) + 1]] - began[stage]
