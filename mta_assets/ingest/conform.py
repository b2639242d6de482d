"""One file in, conforming rows and quarantine out, batch by batch: the order of the steps. Each step has a module of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from mta_assets.config import Config, SourceConfig
from mta_assets.contracts.tables import STAGED
from mta_assets.ingest.channel_rules import rules_in_force
from mta_assets.ingest.kinds import KINDS
from mta_assets.ingest.mapping import check_complete, check_declared, match_columns
from mta_assets.ingest.occurrences import Occurrences
from mta_assets.ingest.persons import NOBODY, Persons
from mta_assets.ingest.problems import Problems
from mta_assets.ingest.readers.base import RawBatch
from mta_assets.ingest.readers.detect import raw_table
from mta_assets.ingest.reading import Origin, Reading


@dataclass(frozen=True, kw_only=True)
class Conformed:
    """One batch of one file. Every row read is in a frame or in `rejected`; a conversion of an event log may be in two frames.

    frames: kind -> rows as `contracts.tables.STAGED` has them, in the order of the file. rejected: rows of `QUARANTINE`.
    """

    frames: Mapping[str, pl.DataFrame]
    rejected: pl.DataFrame
    rows_read: int


def conform_file(  # noqa: PLR0913  each says another thing of the file
    path: Path,
    *,
    file: str,
    source_name: str,
    source: SourceConfig,
    config: Config,
    now: datetime,
    file_version: str,
    persons: Persons = NOBODY,
    kept_since: date | None = None,
) -> Iterator[Conformed]:
    """The file's rows as staged tables have them, with a reason for each that is refused; at least one batch, also of an empty file.

    file: its name relative to the landing folder. now: for judging which times lie in the future. persons: what users are called, and who is left out.
    kept_since: rows of days before it are refused, and nothing of what they say is kept.
    Raises DataError, also after some batches, when the file as a whole cannot be read or lacks a column that it must have.
    """
    check_declared(source)
    rules = rules_in_force(config.channels)
    named = {"file": file, "file_version": file_version, "source_name": source_name}
    origin = Origin(**named, source=source, config=config, rules=rules, now=now, persons=persons, kept_since=kept_since)
    counts = {kind: Occurrences() for kind in STAGED}
    with raw_table(path, source) as table:
        unchecked, read = True, False
        for raw in table.batches:
            if unchecked and (table.fixed_columns or raw.cells.width):
                check_complete(match_columns(raw.cells.columns, source), raw.cells.columns, source, table.hint)
                unchecked = False
            if len(raw.row) or raw.malformed:
                read = True
                yield _conformed(raw, origin, counts)
        if not read:
            yield _conformed(RawBatch.empty(), origin, counts)


def _conformed(raw: RawBatch, origin: Origin, counts: Mapping[str, Occurrences]) -> Conformed:
    columns = match_columns(raw.cells.columns, origin.source)
    problems = Problems(rows=len(raw.row), theirs=columns.theirs)
    reading = Reading(raw=raw, columns=columns, origin=origin, problems=problems)
    frames = KINDS[origin.source.kind](reading, counts)
    return Conformed(frames=frames, rejected=reading.quarantine(), rows_read=len(raw.row) + len(raw.malformed))
