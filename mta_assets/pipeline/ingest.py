"""landing/ -> staged tables: each new or changed file once, atomically, with a count for every row. A file that cannot be read stops nothing else."""

import fnmatch
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.tables import FILES, IDENTIFIER, QUARANTINE, STAGED
from mta_assets.errors import ClockError, DataError, LandingAwayError, MtaError, passes
from mta_assets.ingest.conform import conform_file
from mta_assets.ingest.duplicates import resolve
from mta_assets.ingest.identity import file_version
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.kept import kept_since
from mta_assets.pipeline.persons import persons_of
from mta_assets.pipeline.staged import rivals
from mta_assets.telemetry.streams import business

# What is being written is not read: the suffixes that copy tools give to unfinished files.
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")

# Rows whose identities are compared at a time: some 100 bytes each.
ROWS_AT_ONCE = 1_000_000
VERDICT = pl.Enum(["accepted", "duplicate", "conflict"])


@dataclass(frozen=True, kw_only=True)
class LandedFile:
    """One file of the landing folder and the source that claims it. file: its path relative to the landing folder."""

    source_name: str
    file: str
    path: Path
    size_bytes: int
    modified: datetime

    @property
    def mark(self) -> str:
        """Name, size and modification time: what a sensor remembers, so that a file is taken again only when it changed."""
        return f"{self.file}|{self.size_bytes}|{self.modified.timestamp():.6f}"


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What became of one file. accepted + quarantined + duplicates = rows_read, always."""

    source_name: str
    file: str
    status: str
    rows_read: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    days: tuple[date, ...] = ()
    reason: str = ""


@dataclass(kw_only=True)
class _Staging:
    """What has been staged of one version so far. rows: per kind."""

    rows_read: int = 0
    rejected: int = 0
    rows: Counter[str] = field(default_factory=Counter)


def landed_files(landing: Path, config: Config) -> list[LandedFile]:
    """The files that some source claims, oldest first. The first declared source whose glob matches takes a file; hidden and unfinished ones are left.

    A sub-folder that cannot be entered stands for its files, to be quarantined as a file that cannot be opened. Raises MtaError when the landing
    folder itself cannot be entered.
    """
    if landing.exists() and not _enterable(landing):
        raise MtaError(
            f"The landing folder {landing} cannot be entered. Give the user that runs this permission to read it, and run it again."
        )
    claimed = [file for path in _paths(landing) if (file := _claimed(path, landing, config))]
    return sorted(claimed, key=lambda file: (file.modified, file.file))


def ingest(
    lake: Lake, config: Config, files: Iterable[LandedFile], now: datetime, notify: Callable[[str], None] = lambda _: None
) -> list[FileReport]:
    """Stage each file that is new or changed. Days to rebuild are kept in `staged/files` until the core step has done them.

    Raises ClockError when the clock has gone back: good rows would be refused as lying in the future.
    """
    _check_clock(lake, config, now)
    reports = []
    for file in files:
        notify(file.file)
        report = ingest_file(lake, config, file, now)
        _tell(report)
        reports.append(report)
    return reports


def _tell(report: FileReport) -> None:
    about = {name: getattr(report, name) for name in ("file", "status", "rows_read", "accepted", "quarantined", "duplicates")}
    say = business.warning if report.status == "unreadable" else business.info
    say("file ingested", source=report.source_name, days=len(report.days), **about)


def ingest_file(lake: Lake, config: Config, landed: LandedFile, now: datetime) -> FileReport:
    """Stage one file. Its rows become visible with one commit to `staged/files`; before that, a killed run leaves nothing that counts.

    What the lake's storage refuses is raised as LakeError, and what keeps the file from being read for a while as LandingAwayError: neither is the
    file's fault.
    """
    with lake.alone():
        history = lake.collect(lake.scan(FILES).filter(source_name=landed.source_name, file=landed.file))
        try:
            seen = _state(landed.path)
            version = file_version(landed.path)
            if history.filter(pl.col("file_version") == version, pl.col("status") == "current").height:
                return FileReport(source_name=landed.source_name, file=landed.file, status="unchanged")
            staging = _stage(lake, config, landed, version, now)
            _check_at_rest(landed, seen)
        except DataError as error:
            return _unreadable(lake, landed, history, str(error), now)
        except OSError as error:
            if passes(error):
                raise LandingAwayError(
                    f"{landed.file} cannot be read at the moment: {error.strerror}. It is tried again; see that its disk can be reached."
                ) from error
            reason = f"{landed.file} cannot be opened: {error.strerror or error}. Check its permissions and send it again."
            return _unreadable(lake, landed, history, reason, now)
        report = _judged(lake, landed, version, staging, history)
        _commit(lake, landed, version, report, history, now)
        _forget(lake, landed, history.filter(pl.col("status") == "current"))
        return report


def _check_clock(lake: Lake, config: Config, now: datetime) -> None:
    newest: datetime | None = lake.collect(lake.scan(FILES).select(pl.col("ingested_at").max())).item()
    if newest and newest - now > timedelta(hours=config.clock_back_hours):
        raise ClockError(
            f"The clock says {now:%Y-%m-%d %H:%M} UTC, but a file was ingested at {newest:%Y-%m-%d %H:%M} UTC. Nothing is ingested until it is set right. "
            "If it is right and was wrong before, allow the difference with clock_back_hours in mta.yaml."
        )


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written to, cut or replaced."""
    about = path.stat()
    return about.st_size, about.st_mtime_ns, about.st_ino


def _check_at_rest(landed: LandedFile, seen: tuple[int, int, int]) -> None:
    if _state(landed.path) != seen:
        raise DataError(f"{landed.file} changed while it was read. It is read again as soon as it is at rest.")


def _paths(landing: Path) -> Iterator[Path]:
    """Every file below the folder, and in place of theirs every sub-folder that cannot be entered."""
    for folder, folders, names in os.walk(landing):
        shut = [name for name in folders if not _enterable(Path(folder, name))]
        folders[:] = [name for name in folders if name not in shut]
        yield from (Path(folder, name) for name in (*names, *shut))


def _enterable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def _claimed(path: Path, landing: Path, config: Config) -> LandedFile | None:
    """The file as its source takes it; None when no source does, or when it has gone since it was seen."""
    file = path.relative_to(landing).as_posix()
    if path.suffix in UNFINISHED or any(part.startswith(".") for part in Path(file).parts):
        return None
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        return None
    for name, source in config.declared_sources.items():
        within = f"{file}/{Path(source.glob).name}" if stat.S_ISDIR(about.st_mode) else file
        if fnmatch.fnmatchcase(within, source.glob):
            modified = datetime.fromtimestamp(about.st_mtime, UTC)
            return LandedFile(source_name=name, file=file, path=path, size_bytes=about.st_size, modified=modified)
    return None


def _stage(lake: Lake, config: Config, landed: LandedFile, version: str, now: datetime) -> _Staging:
    where = {"source_name": landed.source_name, "file": landed.file, "file_version": version}
    for table in (QUARANTINE, *STAGED.values()):  # what a run that was killed half-way left of this version
        if lake.has_where(table, where):
            lake.delete_where(table, where)
    staging = _Staging()
    source = config.declared_sources[landed.source_name]
    who = persons_of(lake, config)
    for batch in conform_file(landed.path, **where, source=source, config=config, now=now, persons=who, kept_since=kept_since(lake)):
        lake.append(QUARANTINE, batch.rejected)
        staging.rows_read += batch.rows_read
        staging.rejected += batch.rejected.height
        for kind, rows in batch.frames.items():
            lake.append(STAGED[kind], rows)
            staging.rows[kind] += rows.height
    return staging


def _identity_columns(kind: str) -> list[str]:
    return ["source_name", "file", "row", "day", IDENTIFIER[kind], "identity_given", "content"]


def _judged(lake: Lake, landed: LandedFile, version: str, staging: _Staging, history: pl.DataFrame) -> FileReport:
    """Count each row once and find the days whose core rows this version may change."""
    replaced = history.filter(pl.col("status") == "current")["file_version"].to_list()
    judged = {kind: _judged_kind(lake, kind, landed, version, replaced, staging.rows[kind]) for kind in STAGED}
    verdicts = {kind: rows for kind, (rows, _) in judged.items()}
    # An event log's conversion is a touch as well: the row is judged as the conversion.
    verdicts["touchpoints"] = verdicts["touchpoints"].join(verdicts["conversions"], on="row", how="anti")
    counts = sum((Counter(dict(rows["verdict"].value_counts().iter_rows())) for rows in verdicts.values()), Counter[str]())
    return FileReport(
        source_name=landed.source_name,
        file=landed.file,
        status="ingested",
        rows_read=staging.rows_read,
        accepted=counts["accepted"],
        quarantined=staging.rejected + counts["conflict"],
        duplicates=counts["duplicate"],
        days=tuple(sorted(set[date]().union(*(days for _, days in judged.values())))),
    )


def _judged_kind(
    lake: Lake, kind: str, landed: LandedFile, version: str, replaced: list[str], count: int
) -> tuple[pl.DataFrame, set[date]]:
    """(row, verdict) of each staged row of this version, and the days on which it or what it replaces has a say.

    Identities are compared a part at a time, so that a large file does not have to fit into memory.
    """
    identifier, columns = IDENTIFIER[kind], ["source_name", "file", "row", "day", IDENTIFIER[kind], "identity_given", "content"]
    own = lake.scan(STAGED[kind]).filter(source_name=landed.source_name, file=landed.file)
    parts, days, verdicts = count // ROWS_AT_ONCE + 1, set[date](), [_verdicts_of_none()]
    for number in range(parts):
        part = pl.col(identifier).hash() % parts == number
        new, old = (
            lake.collect(own.filter(pl.col("file_version").is_in(versions), part).select(columns)) for versions in ([version], replaced)
        )
        others = rivals(lake, kind, pl.concat([new, old]), columns, part).filter(pl.col("file") != landed.file)
        days.update(pl.concat([new["day"], old["day"], others["day"]]).unique())
        verdicts.append(_verdicts(new, others, identifier))
    return pl.concat(verdicts), days


def _verdicts_of_none() -> pl.DataFrame:
    return pl.DataFrame(schema={"row": pl.Int64, "verdict": VERDICT})


def _verdicts(new: pl.DataFrame, others: pl.DataFrame, identifier: str) -> pl.DataFrame:
    """(row, verdict) of each new row: accepted, duplicate (the same was there already) or conflict (its identity is held by another row)."""
    resolved = resolve(pl.concat([new, others]), identifier)
    known = others.select(identifier, "content").unique().with_columns(known=True)
    kept = resolved.kept.filter(pl.col("file").is_in(new["file"].unique().implode())).join(known, on=[identifier, "content"], how="left")
    duplicates, conflicts = (frame.join(new, on=["file", "row"], how="semi") for frame in (resolved.duplicates, resolved.conflicts))
    return pl.concat(
        [
            kept.select("row", verdict=pl.when("known").then(pl.lit("duplicate")).otherwise(pl.lit("accepted")).cast(VERDICT)),
            duplicates.select("row", verdict=pl.lit("duplicate", dtype=VERDICT)),
            conflicts.select("row", verdict=pl.lit("conflict", dtype=VERDICT)),
        ]
    )


def _commit(lake: Lake, landed: LandedFile, version: str, report: FileReport, history: pl.DataFrame, now: datetime) -> None:
    """Make this version current and the one before it replaced, in one commit, with the days that the core step must rebuild."""
    pending = set(report.days).union(*history["pending_days"].to_list())
    before = history.filter(pl.col("file_version") != version).with_columns(
        status=pl.when(pl.col("status") == "current").then(pl.lit("replaced")).otherwise("status"),
        pending_days=pl.lit([], dtype=pl.List(pl.Date)),
    )
    row = _ledger_row(landed, version, "current", report, sorted(pending), now)
    lake.replace_where(FILES, pl.concat([before, row]), {"source_name": landed.source_name, "file": landed.file})


def _ledger_row(landed: LandedFile, version: str, status: str, report: FileReport, pending: list[date], now: datetime) -> pl.DataFrame:
    counts = {name: getattr(report, name) for name in ("rows_read", "accepted", "quarantined", "duplicates")}
    about = {"size_bytes": landed.size_bytes, "modified": landed.modified, "pending_days": pending, "ingested_at": now}
    key = {"source_name": landed.source_name, "file": landed.file, "file_version": version, "status": status}
    return pl.DataFrame([key | counts | about], schema=FILES.schema)


def _unreadable(lake: Lake, landed: LandedFile, history: pl.DataFrame, reason: str, now: datetime) -> FileReport:
    """Quarantine the file as a whole; what an earlier version of it said stays."""
    name = {"source_name": landed.source_name, "file": landed.file}
    version = f"unreadable-{landed.size_bytes}-{landed.modified.timestamp():.6f}"
    lake.delete_where(QUARANTINE, name | {"file_version": version})
    record = {"row": 0, "reason": reason, "remedy": "send the file again; what it said before stays in force until then"}
    lake.append(QUARANTINE, pl.DataFrame([name | {"file_version": version} | record], schema=QUARANTINE.schema))
    report = FileReport(source_name=landed.source_name, file=landed.file, status="unreadable", reason=reason)
    row = _ledger_row(landed, version, "unreadable", report, [], now)
    lake.replace_where(FILES, pl.concat([history.filter(pl.col("file_version") != version), row]), name)
    return report


def _forget(lake: Lake, landed: LandedFile, replaced: pl.DataFrame) -> None:
    """Remove the staged rows of versions that no longer count."""
    for version in replaced["file_version"]:
        where = {"source_name": landed.source_name, "file": landed.file, "file_version": version}
        for table in (QUARANTINE, *STAGED.values()):
            lake.delete_where(table, where)
