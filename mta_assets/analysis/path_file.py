"""A path table's file -> its journeys and its rejected rows, with row numbers and reasons as for any other file."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import ClosedJourneys
from mta_assets.analysis.recognise import PATH_COLUMNS, Recognised
from mta_assets.config import SourceConfig
from mta_assets.contracts.tables import QUARANTINE
from mta_assets.errors import DataError
from mta_assets.ingest.readers.base import Malformed
from mta_assets.ingest.readers.detect import raw_table
from mta_assets.journeys.path_table import path_table


@dataclass(frozen=True, kw_only=True)
class PathFile:
    """journeys: one weighted journey per accepted row, all in one currency. rejected: quarantine rows."""

    journeys: ClosedJourneys
    rejected: pl.DataFrame
    rows_read: int


def read_path_file(file: Recognised, currency: str) -> PathFile:
    """The path table in this file. currency: of its values. Raises DataError, naming the file, when it cannot be read as a whole."""
    try:
        with raw_table(file.path, file.source) as table:
            batches = list(table.batches)
        cells = pl.concat([_ours(batch.cells, file.source) for batch in batches], how="diagonal_relaxed")
        found = path_table(cells, first_row=0)
    except DataError as error:
        raise DataError(f"{file.given.shown}: {error}") from error
    row = np.concatenate([batch.row for batch in batches])
    rejected = found.rejected.with_columns(pl.Series("row", row[found.rejected["row"].to_numpy()], dtype=pl.Int64))
    malformed = [bad for batch in batches for bad in batch.malformed]
    everyone = np.ones(len(found.touches), dtype=np.bool_)
    journeys = ClosedJourneys(touches=found.touches, learning=found.touches, currency={currency: everyone}, by=("channel",))
    return PathFile(journeys=journeys, rejected=_quarantine(file.given.short, rejected, malformed), rows_read=cells.height + len(malformed))


def _ours(cells: pl.DataFrame, source: SourceConfig) -> pl.DataFrame:
    """The cells under our names: as mapped, else by name without regard to case."""
    folded = {name.strip().casefold(): name for name in reversed(cells.columns)}
    theirs = {ours: source.columns.get(ours) or folded.get(ours) for ours in PATH_COLUMNS}
    return cells.select(pl.col(name).alias(ours) for ours, name in theirs.items() if name in cells.columns)


def _quarantine(name: str, rejected: pl.DataFrame, malformed: list[Malformed]) -> pl.DataFrame:
    where: dict[str, str | int | None] = {"source_name": "path_table", "file": name, "file_version": "one-off"}
    torn = [
        where | {"row": bad.row, "column": bad.column, "value": bad.value, "reason": bad.reason, "remedy": bad.remedy, "record": bad.record}
        for bad in malformed
    ]
    named = rejected.with_columns(record=pl.lit(None, dtype=pl.String), **{column: pl.lit(value) for column, value in where.items()})
    return pl.concat([QUARANTINE.conform(named), pl.DataFrame(torn, schema=QUARANTINE.schema)]).sort("row")
