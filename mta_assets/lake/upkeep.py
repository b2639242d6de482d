"""What keeps a table quick to read: its small files put together, what no version needs removed. Which tables and when is the pipeline's."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable, WriterProperties


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """Files that were removed. bytes_freed: None where the storage does not tell the size of a file (an object store)."""

    files: int
    bytes_freed: int | None


def compact(delta: DeltaTable, layout: WriterProperties) -> int:
    """Put the files of each partition together, their rows in the order they had. Returns how many files that replaced.

    A commit that changes no row: readers of older versions keep their files.
    """
    return int(delta.optimize.compact(writer_properties=layout)["numFilesRemoved"])


def sweep(delta: DeltaTable, keep_hours: int, folder: Path | None) -> Swept:
    """Remove the files that no version of the last `keep_hours` needs, and those that a killed writer left and no version ever had.

    folder: where the table's files are, when that is a folder. Also writes a checkpoint, so that the log is short to read, and forgets commits older
    than a month.
    """
    over = delta.vacuum(keep_hours, dry_run=True, enforce_retention_duration=False, full=True)
    freed = _sizes(folder, over) if folder else None
    if over:
        delta.vacuum(keep_hours, dry_run=False, enforce_retention_duration=False, full=True)
    delta.create_checkpoint()
    delta.cleanup_metadata()
    return Swept(files=len(over), bytes_freed=freed)


def _sizes(folder: Path, files: Iterable[str]) -> int:
    return sum(path.stat().st_size for file in files if (path := folder / file).is_file())
