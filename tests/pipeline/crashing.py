"""A lake before and after some files came, and what a run from scratch makes of them: what every test that breaks a run compares with."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import FILES, QUARANTINE, RESTATEMENTS, STAGED
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake, run, tables
from mta_assets.pipeline.staged import current_rows

SETTINGS = {"lookback_days": 2, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01"}
CONFIG = parse_config(SETTINGS)
NOW = datetime(2024, 1, 12, 12, tzinfo=UTC)
MODELS_IN_TEST = {name: MODELS[name] for name in ("linear", "markov_1")}
OF_INGEST = {FILES.name, QUARANTINE.name, RESTATEMENTS.name, *(table.name for table in STAGED.values())}
TOUCHES, ORDERS, SPEND = "user_id,ts,channel,event_id", "user_id,ts,value,conversion_id", "day,channel,cost"
BEFORE = {
    "touchpoints/a.csv": [TOUCHES, "ann,2024-01-01T01:00Z,email,", "bob,2024-01-02T06:00Z,direct,", "ann,2024-01-03T12:00Z,display,t1"],
    "conversions/a.csv": [ORDERS, "ann,2024-01-02T07:00Z,10.10,o1", "ann,2024-01-05T04:00Z,20.25,o2"],
    "spend/a.csv": [SPEND, "2024-01-01,email,1.5"],
}
# One file is corrected, one is new and overlaps it, one row is refused.
AFTER = BEFORE | {
    "touchpoints/a.csv": [TOUCHES, "ann,2024-01-01T01:00Z,email,", "bob,2024-01-02T06:00Z,email,", "ann,2024-01-04T12:00Z,display,t1"],
    "touchpoints/b.csv": [TOUCHES, "bob,2024-01-02T06:00Z,email,", "cid,2024-01-03T06:00Z,direct,", "cid,no time,direct,"],
    "conversions/b.csv": [ORDERS, "cid,2024-01-03T07:00Z,0.1,o3", "bob,2024-01-03T07:00Z,5,o1"],
}


def land(landing: Path, files: dict[str, list[str]]) -> Path:
    for name, lines in files.items():
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text("\n".join(lines) + "\n")
    return landing


def ran(lake: Lake, landing: Path) -> None:
    run(lake, CONFIG, MODELS_IN_TEST, landing, NOW)


def results(lake: Lake) -> dict[str, pl.DataFrame]:
    """Everything that the rows determine, sorted, each table held to its contract."""
    kept: list[Table] = [table for table in tables(MODELS_IN_TEST) if table.name not in OF_INGEST]
    return {table.name: table.validate(lake.read(table)).sort(list(table.key)) for table in kept}


def commits_of(lake: Lake) -> int:
    return sum(lake.version(table) for table in tables(MODELS_IN_TEST))


class Case:
    """A lake that holds what was there before, a landing folder with what came after, and what a calm run from scratch makes of it."""

    def __init__(self, folder: Path) -> None:
        self.landing = land(folder / "landing", AFTER)
        empty = open_lake(str(folder / "empty"), MODELS_IN_TEST)
        self.empty, self.before = folder / "empty", folder / "before"
        self.scratch = shutil.copytree(empty.root, folder / "scratch")
        scratch = Lake(str(self.scratch))
        ran(scratch, self.landing)
        self.expected = results(scratch)
        shutil.copytree(empty.root, self.before)
        ran(Lake(str(self.before)), land(folder / "earlier", BEFORE))
        self.calm = shutil.copytree(self.before, folder / "calm")
        calm = Lake(str(self.calm))
        begun = commits_of(calm)
        ran(calm, self.landing)
        self.commits = commits_of(calm) - begun
        self.check(calm)

    def check(self, lake: Lake) -> None:
        """Nothing lost, nothing twice, nothing left to do."""
        for name, frame in results(lake).items():
            assert_frame_equal(frame, self.expected[name], check_exact=True)
        files = lake.read(FILES)
        assert files["pending_days"].list.len().sum() == 0
        assert set(lake.read(RESTATEMENTS)["status"]) == {"done"}
        current = files.filter(status="current")
        assert current["file"].sort().to_list() == sorted(AFTER)
        assert (current["accepted"] + current["quarantined"] + current["duplicates"] == current["rows_read"]).all()
        assert sum(table.validate(current_rows(lake, table).collect()).height for table in STAGED.values()) == 11 - 1
