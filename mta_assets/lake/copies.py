"""A whole lake copied as it was at one moment, while others write. A copy is a lake itself: its tables are at the versions they had."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileSystem, FileType, PyFileSystem, copy_files

from mta_assets.errors import LakeError
from mta_assets.lake.failures import refused
from mta_assets.lake.lake import LOG, Lake

# How often a moment is looked for in which no table changes; the lock keeps a local lake's steps away, an object store has none.
LOOKS, SECONDS_BETWEEN_LOOKS = 60, 1.0
THREADS = 8
_DIGITS = 20  # of a version, in the names of a table's log


def moment(lake: Lake) -> Mapping[str, int]:
    """Table -> version, of all tables at one moment. Waits for the step that is under way. Raises LakeError when no moment is quiet."""
    with lake.alone():
        found = _versions(lake.root)
        for _ in range(LOOKS):
            again = _versions(lake.root)
            if again == found:
                return found
            found = again
            time.sleep(SECONDS_BETWEEN_LOOKS)
    raise LakeError(
        f"The lake at {lake.root} was written to at every one of {LOOKS} looks. Nothing was copied; run it again when less runs."
    )


def copy_lake(source: str, target: str, versions: Mapping[str, int]) -> Mapping[str, int]:
    """Copy tables at these versions from one root to another. Table -> rows. Raises LakeError when the target has tables, or a file is gone."""
    if there := names(target):
        raise LakeError(f"There is a lake at {target} ({len(there)} tables). Copy into an empty place.")
    rows = {}
    for name, version in versions.items():
        try:
            rows[name] = _copy_table(f"{source}/{name}", f"{target}/{name}", version)
        except (OSError, DeltaError) as error:
            raise refused(name, source, "copied", error) from error
    return rows


def names(root: str) -> list[str]:
    """The tables below a root, by their logs: layer/table."""
    try:
        files = _files(root)
        layers = _folders(files, "")
        return sorted(table for layer in layers for table in _folders(files, layer) if _folders(files, table, LOG))
    except (OSError, DeltaError) as error:
        raise refused("The list of tables", root, "read", error) from error


def _versions(root: str) -> Mapping[str, int]:
    return {name: DeltaTable(f"{root}/{name}").version() for name in names(root)}


def _copy_table(source: str, target: str, version: int) -> int:
    """The data first and the log last, the oldest part first: a copy that was interrupted is none, or one of an earlier version."""
    table = DeltaTable(source, version=version)
    actions = pa.table(table.get_add_actions(flatten=True)).to_pydict()
    from_, to = _files(source), _files(target)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda path: _copy(from_, to, unquote(path)), actions["path"]))
    log = [info.base_name for info in from_.get_file_info(FileSelector(LOG)) if info.type == FileType.File]
    for name in sorted(name for name in log if name[:_DIGITS].isdigit() and int(name[:_DIGITS]) <= version):
        _copy(from_, to, f"{LOG}/{name}")
    return sum(rows or 0 for rows in actions["num_records"])


def _copy(source: FileSystem, target: FileSystem, path: str) -> None:
    copy_files(path, path, source_filesystem=source, destination_filesystem=target)


def _folders(files: FileSystem, below: str, called: str | None = None) -> list[str]:
    found = files.get_file_info(FileSelector(below, allow_not_found=True))
    return [info.path.strip("/") for info in found if info.type == FileType.Directory and called in (None, info.base_name)]


def _files(root: str) -> FileSystem:
    """The files below a root, reached as the tables are."""
    if "://" not in root:
        Path(root).mkdir(parents=True, exist_ok=True)
    return PyFileSystem(DeltaStorageHandler(root))
