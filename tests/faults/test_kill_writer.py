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
SEED = int(os.environ.get("MTA_FAULTS_SEED", "1"))
OF_DAYS = [table for table in tables(MODELS_IN_TEST) if table.name not in OF_INGEST]
Said = dict[object, tuple[int, ...]]


def said(frame: pl.DataFrame) -> Said:
    """What the rows of each day say, in whatever order they are."""
    hashed = frame.select("day", row=frame.hash_rows())
    return {day: tuple(rows) for day, rows in hashed.group_by("day").agg(pl.col("row").sort()).iter_rows()}


class Whole:
    """What each day of each table has been at some commit of a calm run: anything else is half a day."""

    def __init__(self, calm: Path) -> None:
        self._known: dict[tuple[str, object], set[object]] = defaultdict(set)
        for table in OF_DAYS:
            newest = DeltaTable(str(calm / table.name)).version()
            versions = [said(self._at(calm, table, version)) for version in range(newest + 1)]
            for day in set().union(*versions):
                self._known[table.name, day] = {version.get(day) for version in versions}

    @staticmethod
    def _at(calm: Path, table, version: int) -> pl.DataFrame:
        delta = DeltaTable(str(calm / table.name), version=version)
        return pl.scan_delta(delta).select(table.schema.names()).collect()

    def check(self, lake: Lake) -> None:
        for table in OF_DAYS:
            days = said(table.validate(lake.read(table)))
            strange = [str(day) for day, rows in days.items() if rows not in self._known[table.name, day]]
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


def test_a_writer_killed_at_any_moment_loses_doubles_and_halves_nothing(case, whole, tmp_path, found):
    rng, at, announced = random.Random(SEED), Counter(), 0  # noqa: S311  the same moments each time, and no secret
    lasting = Victim(shutil.copytree(case.before, tmp_path / "timed"), case.landing).stages()
    upkeep = Victim(shutil.copytree(case.before, tmp_path / "upkeep"), None).stages()
    before = rows_of(case.before)
    n = 0
    while at.total() < KILLS:
        n += 1
        stage = STAGES[n % len(STAGES)]
        root = tmp_path / f"lake{n}"
        died = killed(case, root, stage, rng.uniform(0, _seconds(stage, lasting, upkeep)))
        if died == "done":
            shutil.rmtree(root)
            continue
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
    each = ", ".join(f"{stage} {at[stage]}" for stage in STAGES)
    seen = (
        f"each day whole after every kill; the next run ended where a calm one ends, to the last bit; "
        f"{announced} kills left an announcement, which was made whole"
    )
    found("kill -9 of the writer", f"at a random moment of a stage: {each}", KILLS, seen)


def _seconds(stage: str, lasting: dict[str, float], upkeep: dict[str, float]) -> float:
    """How long the stage lasts when nothing disturbs it."""
    times = upkeep if stage == "compaction" else lasting
    order = list(times)
    return times[order[order.index(stage) + 1]] - times[stage]
