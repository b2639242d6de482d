"""One file judged row by row, by the same rules as the pipeline, with the reasons counted. Nothing is attributed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from mta_assets.analysis.inputs import read_inputs
from mta_assets.analysis.path_file import read_path_file
from mta_assets.analysis.recognise import GivenFile, Recognised, recognise
from mta_assets.analysis.run import RowCounts
from mta_assets.analysis.steps import Notify, silent
from mta_assets.config import Config

SHOWN = ("file", "row", "column", "value", "reason", "remedy", "record")


@dataclass(frozen=True, kw_only=True)
class Validation:
    """rejected: file, row, column, value, reason, remedy, record, by row. reasons: rows, column, reason, remedy, the most frequent first.

    first, last: the days of the accepted rows; None of a path table, and when there are none. channels: channel, rows, of the accepted rows that have one.
    """

    file: Recognised
    rows: RowCounts
    rejected: pl.DataFrame
    reasons: pl.DataFrame
    first: date | None
    last: date | None
    channels: pl.DataFrame


def validate(
    given: GivenFile, columns: Mapping[str, str], timezone: str | None, config: Config, now: datetime, notify: Notify = silent
) -> Validation:
    """What is wrong with the file's rows. Raises DataError, naming the file, when it cannot be read as a whole."""
    (file,) = recognise([given], columns, timezone, config)
    if file.kind == "path_table":
        found = read_path_file(file, config.currency)
        rejected, read, duplicates = found.rejected, found.rows_read, 0
        touches = found.journeys.touches
        days, channels = pl.Series(dtype=pl.Date), pl.Series("channel", touches.units, dtype=pl.String).gather(touches.unit)
    else:
        inputs = read_inputs([file], config, now, notify)
        rejected, read, duplicates = inputs.rejected, inputs.rows_read, inputs.duplicates
        days = pl.concat([rows["day"] for rows in inputs.rows.values()])
        channels = pl.concat([rows["channel"] for rows in inputs.rows.values() if "channel" in rows.columns])
    return Validation(
        file=file,
        rows=RowCounts(read=read, quarantined=rejected.height, duplicates=duplicates),
        rejected=rejected.select(SHOWN).sort("row", maintain_order=True),
        reasons=_reasons(rejected),
        first=_day(days.min()),
        last=_day(days.max()),
        channels=channels.value_counts(sort=True, name="rows").sort(["rows", "channel"], descending=[True, False]),
    )


def _day(found: object) -> date | None:
    return found if isinstance(found, date) else None


def _reasons(rejected: pl.DataFrame) -> pl.DataFrame:
    counted = rejected.group_by("column", "reason", "remedy", maintain_order=True).agg(pl.len().alias("rows"))
    return counted.sort("rows", descending=True, maintain_order=True)
