"""Landed files without the users: each that has rows of them is written anew, looked at, and put in the place of the old one in one move."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mta_assets.config import Config, SourceConfig
from mta_assets.erasure.whom import Whom
from mta_assets.errors import DataError, MtaError
from mta_assets.ingest.removal import write_without
from mta_assets.ingest.theirs import Found, their_rows
from mta_assets.pipeline.ingest import LandedFile, landed_files

_SUFFIX = ".erasing"  # of what is being written; hidden, so that no source takes it


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which landed files have rows of the users. unreadable: files that could not be looked into, by name."""

    files: tuple[tuple[Path, SourceConfig, Found], ...]
    unreadable: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows are to go."""
        return sum(len(found.rows) for _, _, found in self.files)


def plan(landing: Path, config: Config, whom: Whom) -> Plan:
    """Look into every landed file that says what users did."""
    files, unreadable = [], []
    for landed, source in _of_events(landing, config):
        try:
            found = their_rows(landed.path, source, whom.is_theirs, whom.named_in)
        except (DataError, OSError):
            unreadable.append(landed.file)
        else:
            files += [(landed.path, source, found)] if found.rows else []
    return Plan(files=tuple(files), unreadable=tuple(unreadable))


def rewrite(landing: Path, planned: Plan, whom: Whom) -> None:
    """Take the users' rows out of the files. It may be killed at any moment and, with a plan of then, done again."""
    for left in landing.rglob(f".*{_SUFFIX}"):
        left.unlink()
    for path, source, found in planned.files:
        _rewrite(path, source, found, whom)


def _of_events(landing: Path, config: Config) -> Iterator[tuple[LandedFile, SourceConfig]]:
    """The files that say what users did."""
    sources = config.declared_sources
    for landed in landed_files(landing, config):
        if sources[landed.source_name].kind != "spend":
            yield landed, sources[landed.source_name]


def _rewrite(path: Path, source: SourceConfig, found: Found, whom: Whom) -> None:
    target, about = path.with_name(f".{path.name}{_SUFFIX}"), path.stat()
    try:
        write_without(path, target, found.rows, source)
        _check(target, source, whom, found)
        os.chmod(target, about.st_mode)  # noqa: PTH101  beside its neighbour
        os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))
        _to_disk(target)
        target.replace(path)
    finally:
        target.unlink(missing_ok=True)


def _check(target: Path, source: SourceConfig, whom: Whom, found: Found) -> None:
    after = their_rows(target, source, whom.is_theirs, whom.named_in)
    if after.rows or (after.others, after.said_by_others) != (found.others, found.said_by_others):
        raise MtaError(
            f"{target.name} would not say what the file said of the others; nothing was changed. Take the users' rows out of the file by hand, "
            "and run it again."
        )


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
