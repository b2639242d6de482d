"""`python benchmarks/raw_parquet.py FOLDER`: raw events and conversions, in order of time, to everything."""

import sys
from collections.abc import Iterator
from pathlib import Path

import engine
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from stages import Stages

from mta_assets.contracts.arrays import Ints
from mta_assets.ingest.identity import hash_values
from mta_assets.journeys.events import CONVERSION_COLUMNS, by_goal
from mta_assets.journeys.pieces import History
from mta_assets.journeys.split import BATCH_ROWS, UserSplit


def main(folder: Path) -> None:
    pa.set_memory_pool(pa.system_memory_pool())
    stages = Stages()
    split, codes = UserSplit(), {}
    batches = read_batches(folder / "events.parquet")
    while True:
        with stages("read"):
            batch = next(batches, None)
        if batch is None:
            break
        with stages("split"):
            split.add(*columns(batch, codes))
    with stages("read"):
        conversions = read_conversions(folder / "conversions.parquet")
        value = conversions["value"].cast(pl.Float64).to_numpy()
    history = History(touches=split, labels=list(codes), channels=list(codes), conversions=conversions)
    earned = engine.everything(history, value, stages)
    stages.report(touches=len(split), conversions=len(value), **{name: float(credit.conversions.sum()) for name, credit in earned.items()})


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches that stay in the cache, with channels as the dictionary codes that the file holds."""
    file = pq.ParquetFile(path, read_dictionary=["channel"], memory_map=True)
    return file.iter_batches(BATCH_ROWS, columns=["user_id", "ts", "channel"], use_threads=False)


def columns(batch: pa.RecordBatch, codes: dict[str, int]) -> tuple[Ints, Ints, Ints]:
    """(user, ts, channel code). codes: channel -> code; new channels are added."""
    user, ts, channel = batch.columns
    return hash_values(pl.Series(user)).view(np.int64), ts.view(pa.int64()).to_numpy(), recoded(channel, codes)


def recoded(channel: pa.DictionaryArray, codes: dict[str, int]) -> Ints:
    """Each row's code; the file's own codes are of one batch."""
    code = np.array([codes.setdefault(name, len(codes)) for name in channel.dictionary.to_pylist()], dtype=np.int32)
    return code[channel.indices.to_numpy()]


def read_conversions(path: Path) -> pl.DataFrame:
    frame = pl.read_parquet(path).filter(goal="purchase")
    user = pl.Series("user", hash_values(frame["user_id"]).view(np.int64))
    absent = {name: pl.lit("") for name in ("conversion_id", "source_name", "currency")}
    return by_goal(frame.with_columns(user, **absent).select(CONVERSION_COLUMNS), {})[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
