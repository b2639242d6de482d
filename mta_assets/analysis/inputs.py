"""One-off files -> closed journeys: the same reading, validation, deduplication and journeys as the pipeline, with the file's end as the end of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import ClosedJourneys, Users
from mta_assets.analysis.expected_rows import expected_rows
from mta_assets.analysis.recognise import Recognised
from mta_assets.analysis.steps import Notify, Stage, Step, silent
from mta_assets.config import Config
from mta_assets.contracts.arrays import UNIT_SEPARATOR, Ints, Touches
from mta_assets.contracts.tables import BUCKETS, IDENTIFIER, QUARANTINE, STAGED
from mta_assets.errors import DataError
from mta_assets.ingest.conform import Conformed, conform_file
from mta_assets.ingest.consent import apart, unconsented
from mta_assets.ingest.duplicates import resolve
from mta_assets.ingest.persons import NOBODY
from mta_assets.journeys.assemble import unit_codes
from mta_assets.journeys.events import by_goal, microseconds
from mta_assets.journeys.histories import histories
from mta_assets.journeys.pieces import History, joined, merged_paths, path_touches, pieces
from mta_assets.journeys.split import BATCH_ROWS, UserSplit
from mta_assets.journeys.statistics import paths


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the files held. rows: kind -> deduplicated staged rows; rejected: quarantine rows; rows_read, duplicates: of all files.

    unconsented: `core/no_consent` of the rows that may not be used per user.
    """

    rows: Mapping[str, pl.DataFrame]
    unconsented: pl.DataFrame
    rejected: pl.DataFrame
    rows_read: int
    duplicates: int

    @property
    def accepted(self) -> int:
        """Rows that count: what was read less what was rejected or there twice."""
        return self.rows_read - self.rejected.height - self.duplicates


def read_inputs(files: Sequence[Recognised], config: Config, now: datetime, notify: Notify = silent) -> Inputs:
    """Read, validate and deduplicate the files. Raises DataError when one cannot be read as a whole."""
    staged: dict[str, list[pl.DataFrame]] = {kind: [] for kind in STAGED}
    rejected = [QUARANTINE.empty()]
    rows_read = 0
    for batch in _batches(files, config, now, notify):
        rows_read += batch.rows_read
        rejected.append(batch.rejected)
        for kind, rows in batch.frames.items():
            staged[kind].append(rows)
    notify(Step(stage=Stage.DEDUPLICATING))
    resolved = {kind: resolve(pl.concat([STAGED[kind].empty(), *frames]), IDENTIFIER[kind]) for kind, frames in staged.items()}
    # An event log's conversion is a touch as well: a row counts once.
    duplicates = pl.concat([part.duplicates.select("file", "row") for part in resolved.values()]).n_unique()
    conflicts = pl.concat([_as_quarantine(part.conflicts, IDENTIFIER[kind]) for kind, part in resolved.items()])
    kept = {kind: part.kept for kind, part in resolved.items()}
    parts = {kind: apart(kept[kind]) for kind in ("touchpoints", "conversions")}
    return Inputs(
        rows=kept | {kind: agreed for kind, (agreed, _) in parts.items()},
        unconsented=pl.concat([unconsented(kind, refused) for kind, (_, refused) in parts.items()]),
        rejected=pl.concat([*rejected, conflicts.unique(["file", "row"], maintain_order=True)]),
        rows_read=rows_read,
        duplicates=duplicates,
    )


def _batches(files: Sequence[Recognised], config: Config, now: datetime, notify: Notify) -> Iterator[Conformed]:
    """The batches of all files, one after the other; how far it is, is told before each."""
    expected = [expected_rows(file.path) for file in files]
    for n, file in enumerate(files):
        before, rows = sum(expected[:n]), 0
        notify(Step(stage=Stage.READING, subject=file.given.short, share=before / sum(expected)))
        for batch in _conformed(file, config, now):
            yield batch
            rows += batch.rows_read
            done = before + min(rows, expected[n])
            notify(Step(stage=Stage.READING, subject=file.given.short, share=done / sum(expected)))


def _conformed(file: Recognised, config: Config, now: datetime) -> Iterator[Conformed]:
    source, said = file.source, file.given.short
    try:
        yield from conform_file(
            file.path, file=said, source_name=source.kind, source=source, file_version="one-off", config=config, now=now, persons=NOBODY
        )
    except DataError as error:
        raise DataError(f"{file.given.shown}: {error}") from error


def _as_quarantine(conflicts: pl.DataFrame, identifier: str) -> pl.DataFrame:
    rows = conflicts.select(
        *("source_name", "file", "file_version", "row"),
        pl.lit(identifier).alias("column"),
        pl.col(identifier).alias("value"),
        "reason",
        pl.lit("correct one of the two rows, or give them identities of their own").alias("remedy"),
        pl.lit(None).alias("record"),
    )
    return QUARANTINE.conform(rows)


def closed_journeys(inputs: Inputs, config: Config, by: tuple[str, ...], notify: Notify = silent, *, users: bool = False) -> ClosedJourneys:
    """Every journey of the inputs. What is still open when the data end closes there, as expired. users: whether it is asked whose they are."""
    notify(Step(stage=Stage.JOURNEYS))
    history = _history(inputs, config, by)
    currencies = sorted(history.conversions["currency"].unique()) or [config.currency]
    code = history.conversions["currency"].cast(pl.Enum(currencies)).to_physical().to_numpy()
    value = history.conversions["value"].cast(pl.Float64).to_numpy()
    reporting = np.where(np.array(currencies)[code] == config.currency, value, 0.0)
    converting, paths_found, conversions, of_users = [], [], [], []
    for piece in pieces(history, config.lookback_us, restart_after_conversion=config.restart_after_conversion):
        converting.append(piece.converting(value))
        paths_found.append(paths(piece.touches(reporting)))
        conversions.append(piece.conversion)
        if users:
            of_users.append(piece.touches(reporting, piece.owner & (BUCKETS - 1)))
    order = np.concatenate(conversions)
    currency = code[order]
    touches = joined(converting)
    return ClosedJourneys(
        touches=touches,
        learning=path_touches(merged_paths(paths_found), converting[0].units),
        currency={name: currency == n for n, name in enumerate(currencies)},
        by=by,
        users=_users(history, order, joined(of_users), config.reporting_timezone) if users else None,
        histories=lambda: histories(_earning(inputs, config), history.conversions, replace(touches, value=reporting[order])),
    )


def _users(history: History, order: Ints, learning: Touches, timezone: str) -> Users:
    """order: (conversions,) index of each among those of the history."""
    day = history.conversions["ts"].dt.convert_time_zone(timezone).dt.date().to_physical().to_numpy()
    touched = learning.take(learning.length > 0)
    return Users(bucket=history.conversions["user"].to_numpy()[order] & (BUCKETS - 1), day=day[order], learning=touched)


def _earning(inputs: Inputs, config: Config) -> pl.DataFrame:
    """The touches of the kinds that may earn credit."""
    touchpoints = inputs.rows["touchpoints"]
    if set(touchpoints["kind"].unique()) <= set(config.touch_kinds):
        return touchpoints
    return touchpoints.filter(pl.col("kind").is_in(list(config.touch_kinds)))


def _history(inputs: Inputs, config: Config, by: tuple[str, ...]) -> History:
    touchpoints = _earning(inputs, config)
    conversions, milestones = by_goal(inputs.rows["conversions"], config.milestones.stages)
    units, unit = unit_codes(touchpoints, by)
    user, ts, row = touchpoints["user"].to_numpy(), microseconds(touchpoints["ts"]), np.arange(touchpoints.height)
    split = UserSplit()
    for start in range(0, max(len(row), 1), BATCH_ROWS):
        batch = slice(start, start + BATCH_ROWS)
        split.add(user[batch], ts[batch], unit[batch], row[batch])
    return History(
        touches=split,
        labels=units,
        channels=[unit.partition(UNIT_SEPARATOR)[0] for unit in units],
        conversions=conversions,
        milestones=milestones,
        identities=touchpoints.select("event_id", "source_name"),
    )
