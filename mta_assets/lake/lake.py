"""The lake: Delta tables under one root, read and replaced whole days at a time. The only module that opens a table."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote

import polars as pl
from deltalake import ColumnProperties, DeltaTable, Schema, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from mta_assets.contracts.catalogue import GIVEN
from mta_assets.contracts.columns import Table
from mta_assets.contracts.days import DayRange
from mta_assets.errors import DamagedError, LakeAwayError, LakeError, OvertakenError
from mta_assets.lake import damage, upkeep
from mta_assets.lake.failures import refused
from mta_assets.lake.lock import Lock, shared, sole
from mta_assets.lake.purge import purge
from mta_assets.lake.verified import Verified

# A lost commit race is retried this often; each try waits a little longer.
COMMIT_TRIES = 8
# How far back a table's log is searched for the last of the operations that change its rows: between them lie compactions.
HISTORY = 20
# What reading a file that is not as it was written ends in.
UNREADABLE = (OSError, DeltaError, pl.exceptions.ComputeError, pl.exceptions.InvalidOperationError, pl.exceptions.PanicException)
LOG = "_delta_log"  # the folder of a table's log
WRITES = ("WRITE", "DELETE", "UPDATE", "MERGE")


class Lake:
    """Tables by their contract. Every frame is validated before it is written; every write carries its predicate.

    root: a folder or an object-store URL; credentials of a store come from its own environment variables.
    """

    def __init__(self, root: str) -> None:
        self.root = root if "://" in root else str(Path(root).absolute())
        self._open: dict[str, DeltaTable] = {}
        self._folder = None if self.is_remote else Path(self.root)
        self._live: dict[str, tuple[int, list[str]]] = {}  # the files of the version that was last read
        self._unserved: set[str] = set()
        self._verified = Verified(self._folder)
        self._lock, self._steps = (Lock(self._folder and self._folder / name) for name in (".lock", ".steps"))

    @property
    def is_remote(self) -> bool:
        """Whether it is in an object store rather than in a folder."""
        return "://" in self.root

    def prepare(self, tables: Iterable[Table]) -> None:
        """Create the tables that do not exist. To be called before any writer: the first writers of a Delta table lose rows to each other."""
        for table in tables:
            partition = [table.partition] if table.partition else None
            try:
                DeltaTable.create(
                    self._uri(table), schema=_schema(table), partition_by=partition, mode="ignore", name=table.name, description=table.grain
                )
            except (OSError, DeltaError) as error:
                raise refused(table.name, self.root, "created", error) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other processes of this machine that do the same waiting: for steps that replace what follows from what they read."""
        with ExitStack() as held:
            try:
                held.enter_context(self._lock.taken())
            except OSError as error:
                raise refused("The lock", self.root, "taken", error) from error
            yield

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Keep erasures of this machine waiting: for steps that read rows and write what follows from them. Any number of steps at a time."""
        with self._steps.shared():
            yield

    @contextmanager
    def erasing(self) -> Iterator[None]:
        """Be alone, and wait until every step and every commit of this machine has ended; those that follow wait for the end of this one."""
        with self.alone(), self._steps.taken():
            yield

    def purge(self, table: Table) -> None:
        """Remove every file and every line of the log that is not of the table's newest version. Only within `erasing`.

        Whoever began to read an older version fails with LakeError, and reads the newest when asked again.
        """
        try:
            purge(self._uri(table), orphans=not self.is_remote)
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "purged", error) from error

    def version(self, table: Table) -> int:
        """The table's version: it grows by one with each commit, and is the cache key of what is served from it."""
        return self._table(table).version()

    def days(self, table: Table) -> list[date]:
        """The days of which the table has rows, in order, by its log alone: no row is read."""
        try:
            return sorted(date.fromisoformat(part[str(table.partition)]) for part in self._table(table).partitions())
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "read", error) from error

    def written_at(self, table: Table) -> datetime | None:
        """When rows were last written or removed, in UTC; None when they never were, or longer ago than the log tells."""
        try:
            history = self._table(table).history(HISTORY)
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "read", error) from error
        writes = [commit["timestamp"] for commit in history if commit.get("operation") in WRITES] or self._file_times(table)
        return datetime.fromtimestamp(max(writes) / 1000, UTC) if writes else None

    def _file_times(self, table: Table) -> list[int]:
        """When the files of the newest version were written, in milliseconds: what remains to be known after a purge."""
        return list(pl.DataFrame(self._table(table).get_add_actions(flatten=True))["modification_time"])

    def size(self, table: Table) -> tuple[int, int]:
        """(bytes, files) of the table as it is now, by its log alone."""
        try:
            sizes = self._table(table).get_add_actions()["size_bytes"]
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "read", error) from error
        return int(pl.Series(sizes).sum()), len(sizes)

    def scan(self, table: Table, days: DayRange | None = None) -> pl.LazyFrame:
        """The table, or some of its days, as a lazy frame with the contract's columns in order. A snapshot: later commits do not show.

        `collect` makes rows of it, and of whatever scans are combined to. Raises DamagedError, before a row is read, when a file of these days is gone
        or not what was written; each file is looked at once per process.
        """
        return self._scan(table, self._table(table), days)

    def _scan(self, table: Table, opened: DeltaTable, days: DayRange | None) -> pl.LazyFrame:
        self._verify(table, opened, days)
        frame = pl.scan_delta(opened)
        if days is not None:
            frame = frame.filter(pl.col("day").is_between(days.first, days.last))
        return frame.select(table.schema.names())

    def read(self, table: Table, days: DayRange | None = None) -> pl.DataFrame:
        """The table, or some of its days. Read again when an erasure removed the version that was being read."""
        opened = self._table(table)
        read = opened.version()
        try:
            return self.collect(self._scan(table, opened, days), table.name)
        except LakeError:
            if self.version(table) == read:
                raise
            return self.collect(self.scan(table, days), table.name)

    def read_to_serve(self, table: Table) -> pl.DataFrame:
        """The whole table; `unreadable` has its name for as long as that fails."""
        try:
            frame = self.read(table)
        except LakeError:
            self._unserved.add(table.name)
            raise
        self._unserved.discard(table.name)
        return frame

    @property
    def unreadable(self) -> set[str]:
        """Tables of which the last reading for serving failed, or a file is known to be damaged."""
        return self._unserved | self._verified.damaged_tables

    def rows(self, table: Table) -> int:
        """How many rows the table has, by its log alone."""
        try:
            return int(pl.Series(self._table(table).get_add_actions(flatten=True)["num_records"]).sum())
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "read", error) from error

    def files(self, table: Table) -> list[str]:
        """The data files of the newest version, as paths below the table's folder."""
        return self._files_of(table, self._table(table))

    def damaged(self, table: Table) -> list[str]:
        """The files of the table that are not what was written, all looked at anew. What a writer that died did not note is noted as it is."""
        if (sums := self._verified.sums(table.name)) is None:
            return []
        live = self.files(table)
        sums.note(sums.missing(live))
        return sums.damaged(live)

    def days_of(self, table: Table, files: Iterable[str]) -> list[date]:
        """The days of which these files have rows, in order, by the log alone; of a table that is one piece, all from its first to its last."""
        try:
            return damage.days_of(self._table(table), set(files), table.partition)
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "read", error) from error

    def give_up(self, table: Table, files: Iterable[str]) -> None:
        """Take these files, and the rows in them, out of a table of a folder: of one that is one piece no write gets past a damaged file."""
        for file in files:
            Path(self.root, table.name, file).unlink(missing_ok=True)
        self._commit(table, damage.without_lost)

    def _verify(self, table: Table, opened: DeltaTable, days: DayRange | None) -> None:
        """Polars passes most flipped bits on as other numbers, so that they are looked for before a row is read."""
        if self._folder is None:
            return
        live = self._files_of(table, opened)
        within = {f"day={day}" for day in days} if days is not None and table.partition == "day" else None
        asked = live if within is None else [file for file in live if file.partition("/")[0] in within]
        if wrong := self._verified.damaged(table.name, live, asked):
            raise DamagedError(
                f"{table.name} in the lake at {self.root} is damaged: {', '.join(wrong[:3])} is gone or not what was written. {remedy(table)}"
            )

    def _note_sums(self, table: Table, before: int, last: int) -> None:
        """Of files of whose writing nothing can be noted (the disk is full) the upkeep notes how it finds them. They are committed all the same."""
        if (sums := self._verified.sums(table.name)) is not None:
            with suppress(OSError):
                sums.note_commits(before, last)

    def _files_of(self, table: Table, opened: DeltaTable) -> list[str]:
        known = self._live.get(table.name)
        if known is None or known[0] != opened.version():
            root = f"{self._uri(table)}/"
            files = [unquote(uri.removeprefix("file://")).removeprefix(root) for uri in opened.file_uris()]
            known = self._live[table.name] = (opened.version(), files)
        return known[1]

    def collect(self, rows: pl.LazyFrame, name: str = "A table") -> pl.DataFrame:
        """The rows of a frame made from scans. Raises LakeError, which begins with the name, when the storage does not give them."""
        try:
            return rows.collect()
        except UNREADABLE as error:
            raise refused(name, self.root, "read", error) from error

    def has_where(self, table: Table, equal: Mapping[str, str]) -> bool:
        """Whether some row has these values in these text columns."""
        return self.collect(self.scan(table).filter(**equal).head(1), table.name).height > 0

    def replace_days(self, table: Table, frame: pl.DataFrame, days: DayRange) -> None:
        """Put `frame` in the place of these days, in one commit. Raises ContractError, and writes nothing, when it breaks the contract."""
        self._replace(table, frame, f"day >= '{days.first}' AND day <= '{days.last}'")

    def replace_where(self, table: Table, frame: pl.DataFrame, equal: Mapping[str, str]) -> None:
        """Put `frame` in the place of the rows in which these text columns have these values, in one commit."""
        self._replace(table, frame, _equals(equal))

    def append(self, table: Table, frame: pl.DataFrame) -> None:
        """Add rows. Only for rows that no reader sees before another commit makes them valid."""
        conforming = table.validate(table.conform(frame))
        if conforming.height:
            self._commit(table, lambda delta: write_deltalake(delta, conforming, mode="append", writer_properties=_layout(table)))

    def delete_where(self, table: Table, equal: Mapping[str, str]) -> None:
        """Remove the rows in which these text columns have these values."""
        self._commit(table, lambda delta: delta.delete(_equals(equal)))

    def delete_users(self, table: Table, users: Iterable[int]) -> None:
        """Remove the rows of these users."""
        self._commit(table, lambda delta: delta.delete(f"user IN ({', '.join(map(str, users))})"))

    def compact(self, table: Table) -> int:
        """Put the small files of each day together; no row changes. Returns how many files that replaced."""
        replaced = 0

        def put_together(delta: DeltaTable) -> None:
            nonlocal replaced
            replaced = upkeep.compact(delta, _layout(table))

        self._commit(table, put_together)
        return replaced

    def sweep(self, table: Table, keep_hours: int) -> upkeep.Swept:
        """Remove the files that no version of the last hours needs. Whoever reads an older version than that finds them gone, and no wrong rows.

        No writer of this machine is under way meanwhile, whatever the clock says: what it has written and not yet committed looks like a leftover.
        """
        try:
            with sole(self._writing):
                swept = upkeep.sweep(self._table(table), keep_hours, self._folder and self._folder / table.name)
                if (sums := self._verified.sums(table.name)) is not None:
                    sums.forget_others(self.files(table))
                return swept
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "swept", error) from error

    def _replace(self, table: Table, frame: pl.DataFrame, predicate: str) -> None:
        conforming = table.validate(table.conform(frame))
        layout = _layout(table)
        self._commit(
            table, lambda delta: write_deltalake(delta, conforming, mode="overwrite", predicate=predicate, writer_properties=layout)
        )

    def _commit(self, table: Table, write: Callable[[DeltaTable], object]) -> None:
        for attempt in range(1, COMMIT_TRIES + 1):
            try:
                with self.steady(), shared(self._writing):
                    delta = self._table(table)
                    before = delta.version()
                    write(delta)
                    self._note_sums(table, before, delta.version())
            except CommitFailedError as error:
                if attempt == COMMIT_TRIES:
                    raise OvertakenError(
                        f"{table.name}: {COMMIT_TRIES} commits were each overtaken by another writer. Nothing was written; run it again."
                    ) from error
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  spreads writers out, secures nothing
            except (OSError, DeltaError) as error:
                raise refused(table.name, self.root, "written", error) from error
            else:
                return

    def _table(self, table: Table) -> DeltaTable:
        try:
            if table.name not in self._open:
                self._open[table.name] = self._checked(table, DeltaTable(self._uri(table)))
            self._open[table.name].update_incremental()
            self._is_there(table)
        except TableNotFoundError as error:
            raise LakeError(f"{table.name} is not in the lake at {self.root}; `mta ingest` creates it, or check MTA_LAKE.") from error
        except (OSError, DeltaError) as error:
            raise refused(table.name, self.root, "opened", error) from error
        return self._open[table.name]

    def _is_there(self, table: Table) -> None:
        """To a table that is open, a folder that is gone looks like one without a new commit."""
        if self._folder is not None and not (self._folder / table.name / LOG).is_dir():
            raise LakeAwayError(
                f"{table.name} is gone from the lake at {self.root}, where it was before. It is tried again; see that the lake's disk is mounted."
            )

    def _checked(self, table: Table, opened: DeltaTable) -> DeltaTable:
        """The table itself when its columns are the contract's: one of another version would be read as something that it is not."""
        found, expected = ({field.name: str(field.type) for field in schema.fields} for schema in (opened.schema(), _schema(table)))
        differing = sorted(name for name in expected | found if found.get(name) != expected.get(name))
        if differing:
            raise LakeError(
                f"{table.name} in the lake at {self.root} was written by another version of this program: other columns or types "
                f"({', '.join(differing)}). "
                "Point MTA_LAKE at a new folder and ingest the landing files again, or use the version that wrote it."
            )
        return opened

    @property
    def _writing(self) -> Path | None:
        """The file that writers hold together while they write and commit, and the sweeper alone."""
        return self._folder and self._folder / ".writing"

    def _uri(self, table: Table) -> str:
        return f"{self.root}/{table.name}"


def remedy(table: Table) -> str:
    """What to do when the table is damaged."""
    if table in GIVEN:
        return "Put the file back from a copy (docs/operations.md, Damage), or point MTA_LAKE at a new folder and ingest the landing files again."
    return "Call `mta heal`: what it held is computed again from what is whole."


def _schema(table: Table) -> Schema:
    return Schema.from_arrow(table.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema)


def _layout(table: Table) -> WriterProperties:
    """How the table's files are laid out: what is fastest to read of what costs little room."""
    plain = {column.name: ColumnProperties(dictionary_enabled=False) for column in table.columns if not column.repeats}
    return WriterProperties(compression="SNAPPY" if table.compressed else "UNCOMPRESSED", column_properties=plain or None)


def _equals(equal: Mapping[str, str]) -> str:
    return " AND ".join(f"{column} = '{value.replace(chr(39), chr(39) * 2)}'" for column, value in equal.items())
