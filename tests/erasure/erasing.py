"""What the tests of erasure share: a shop whose user has an id that nothing else looks like, everything that may hold it, and a search that trusts nothing."""

import gzip
import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from mta_assets.config import Config, parse_config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import ERASED, STAGED
from mta_assets.erasure.erase import Places, erase
from mta_assets.ingest.identity import user_hash
from mta_assets.ingest.persons import PrivacyKeys
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake, run, tables
from mta_assets.pipeline.staged import current_rows
from mta_assets.state.erasures import Erasure, Erasures, Ids
from mta_assets.state.store import StateStore

ANN = "ann.secret@example.org"
KEYS = PrivacyKeys(current=b"k" * 32)
SETTINGS = {"lookback_days": 2, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01"}
CONFIG = parse_config(SETTINGS)
NOW = datetime(2024, 1, 12, 12, tzinfo=UTC)
MODELS_IN_TEST = {name: MODELS[name] for name in ("linear", "markov_1", "counterfactual")}
OF_INGEST = {"staged/files", "core/restatements", ERASED.name}

TOUCHES, ORDERS = "user_id,ts,channel,event_id", "user_id,ts,value,conversion_id"
FILES = {
    "touchpoints/a.csv": [
        TOUCHES,
        f"{ANN},2024-01-01T01:00Z,email,",
        "bob,2024-01-02T06:00Z,direct,t1",
        f"{ANN},2024-01-03T12:00Z,display,t1",
        f"{ANN},no time,direct,",
        f"{ANN},2024-01-03",
        "cid,no time,direct,",
        "bob,2024-01-03T06:00Z,email,",
    ],
    "conversions/a.csv": [ORDERS, f"{ANN},2024-01-02T07:00Z,10.10,o1", "bob,2024-01-05T04:00Z,20.25,o2", f"{ANN},2024-01-05T04:00Z,7,o9"],
    "conversions/b.csv": [ORDERS, f"{ANN},2024-01-05T07:00Z,5,o2", "cid,2024-01-03T07:00Z,0.1,o3"],
    "spend/a.csv": ["day,channel,cost", "2024-01-01,email,1.5"],
}


def land(landing: Path, files: dict[str, list[str]]) -> Path:
    for name, lines in files.items():
        (landing / name).parent.mkdir(parents=True, exist_ok=True)
        (landing / name).write_text("\n".join(lines) + "\n")
    return landing


def without(files: dict[str, list[str]], user: str = ANN) -> dict[str, list[str]]:
    return {name: [line for line in lines if user not in line] for name, lines in files.items()}


def shop(folder: Path, files: dict[str, list[str]] | None = None, config: Config = CONFIG, keys: PrivacyKeys = KEYS) -> Places:
    """Everything in this folder, with what these files say computed to the end."""
    landing = land(folder / "landing", FILES if files is None else files)
    lake = open_lake(str(folder / "lake"), MODELS_IN_TEST)
    store = StateStore(f"sqlite:///{folder}/state.db")
    store.migrate()
    (folder / "uploads").mkdir(exist_ok=True)
    run(lake, config, MODELS_IN_TEST, landing, NOW)
    return Places(lake=lake, config=config, models=MODELS_IN_TEST, landing=landing, uploads=folder / "uploads", store=store, keys=keys)


def copy_of(places: Places, folder: Path) -> Places:
    """The same shop in another folder, which must not be there yet. The store of the first must be closed."""
    shutil.copytree(places.landing.parent, folder)
    store = StateStore(f"sqlite:///{folder}/state.db")
    return replace(places, lake=Lake(str(folder / "lake")), landing=folder / "landing", uploads=folder / "uploads", store=store)


def erased(places: Places, **ids: tuple[str, ...]) -> Erasure:
    """Ask for it and do it."""
    asked = Erasures(places.store, places.keys).ask(Ids(**(ids or {"user_ids": (ANN,)})), requested_by="the test", now=NOW)
    return erase(places, asked.id, lambda: NOW)


def results(lake: Lake) -> dict[str, pl.DataFrame]:
    """Everything that rows determine, sorted; which version of a file they are of says nothing."""
    kept: list[Table] = [table for table in tables(MODELS_IN_TEST) if table.name not in OF_INGEST]
    staged = {table.name for table in STAGED.values()}  # what a killed run left of earlier versions of files counts nowhere
    read = {table: lake.collect(current_rows(lake, table)) if table.name in staged else lake.read(table) for table in kept}
    frames = {table.name: table.validate(frame).sort(list(table.key)) for table, frame in read.items()}
    return {name: frame.drop("file_version", strict=False) for name, frame in frames.items()}


def traces(folder: Path, word: str = ANN) -> list[str]:
    """Where below the folder the word is found, as bytes or as a value, or its hash as a number. Written apart from the search of the product."""
    number = int(user_hash(pl.Series([word]))[0])
    needles = [word.encode(), number.to_bytes(8, "little", signed=True), str(number).encode(), word.encode("utf-16-le")]
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        unpacked = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        said = _values(path) if content.startswith(b"PAR1") else _rows(path) if content.startswith(b"SQLite") else ""
        if any(needle in unpacked for needle in needles) or word in said or str(number) in said:
            found.append(str(path.relative_to(folder)))
    return found


def _values(path: Path) -> str:
    """Every value and every statistic of a Parquet file."""
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(n).column(m) for n in range(file.num_row_groups) for m in range(file.metadata.num_columns)]
    statistics = [(group.statistics.min, group.statistics.max) for group in groups if group.statistics and group.statistics.has_min_max]
    return json.dumps([file.read().to_pylist(), statistics, str(file.metadata.metadata)], default=str)


def _rows(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return str([connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names])  # noqa: S608
