"""Which files of a lake's folder this process has compared with their checksums, and which did not fit. Each is looked at once: what is read, `lake` says."""

from collections.abc import Collection, Sequence
from pathlib import Path

from mta_assets.lake.sums import Sums


class Verified:
    """What is known of the tables of one folder. root: the folder; None for an object store, which checks what it gives out."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._sums: dict[str, Sums] = {}
        self._good: dict[str, set[str]] = {}
        self._damaged: dict[str, set[str]] = {}

    @property
    def damaged_tables(self) -> set[str]:
        """The tables of which some file did not fit when it was last looked at."""
        return {name for name, files in tuple(self._damaged.items()) if files}

    def sums(self, name: str) -> Sums | None:
        """The checksums of a table."""
        if self._root is None:
            return None
        return self._sums.setdefault(name, Sums(self._root / name))

    def damaged(self, name: str, live: Collection[str], asked: Sequence[str]) -> list[str]:
        """Of the files that are asked for, those that are gone or not what was written. live: every file of the table, so that others are forgotten."""
        if (sums := self.sums(name)) is None:
            return []
        good = self._good[name] = self._good.get(name, set()).intersection(live)
        judged = sums.judged(unknown) if (unknown := [file for file in asked if file not in good]) else {}
        wrong = [file for file, as_written in judged.items() if not as_written]
        good.update(file for file, as_written in judged.items() if as_written)
        before = self._damaged.get(name, set()).intersection(live).difference(asked)
        self._damaged[name] = before.union(wrong)
        return wrong
