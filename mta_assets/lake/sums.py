"""Checksums of a table's data files, kept beside them: what the disk gives back must be what was written.

Parquet itself does not tell: of single flipped bits, readers let most pass as other numbers. For folders only; object stores check what they give out.
"""

import json
import uuid
import zlib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

_FOLDER = "_sums"  # what begins with an underscore is no data to Delta
_BLOCK = 1 << 20


class Sums:
    """The checksums of one table. folder: the table's own. A file that was noted once never changes: Delta writes new ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, int]] = {}  # piece -> what it says; a piece never changes

    def note_commits(self, after: int, last: int) -> None:
        """Note the files that the commits after `after` up to `last` added."""
        added = [file for version in range(after + 1, last + 1) for file in self._added(version)]
        self._note({file: sum_ for file in added if (sum_ := self._sum(file)) is not None})

    def missing(self, live: Iterable[str]) -> list[str]:
        """The files that nobody noted: of writers that died between their commit and this."""
        known = self._known()
        return [file for file in live if file not in known]

    def note(self, files: Iterable[str]) -> None:
        """Note files as they are."""
        self._note({file: sum_ for file in files if (sum_ := self._sum(file)) is not None})

    def damaged(self, live: Iterable[str]) -> list[str]:
        """Of the files those that are not what was written, or gone."""
        return [file for file, good in self.judged(live).items() if not good]

    def judged(self, live: Iterable[str]) -> dict[str, bool]:
        """Each file of which something can be said -> whether it is there and what was written."""
        known, live = self._known(), list(live)
        gone = {file: False for file in live if file not in known and not (self._folder / file).exists()}
        return gone | {file: self._sum(file) == known[file] for file in live if file in known}

    def forget_others(self, live: Iterable[str]) -> None:
        """Keep only what is known of these files, in one piece."""
        known, pieces = self._known(), list(self._pieces())
        self._note({file: known[file] for file in live if file in known})
        for piece in pieces:
            piece.unlink(missing_ok=True)

    def _added(self, version: int) -> Iterable[str]:
        log = self._folder / "_delta_log" / f"{version:020}.json"
        if not log.exists():
            return
        for line in log.read_bytes().splitlines():
            action = json.loads(line)
            if "add" in action:
                yield unquote(action["add"]["path"])

    def _sum(self, file: str) -> int | None:
        """The checksum of the file; None when it is gone."""
        total = 0
        try:
            with (self._folder / file).open("rb") as opened:
                while block := opened.read(_BLOCK):
                    total = zlib.crc32(block, total)
        except FileNotFoundError:
            return None
        return total

    def _pieces(self) -> Iterable[Path]:
        return (self._folder / _FOLDER).glob("*.json")

    def _known(self) -> dict[str, int]:
        read = {}
        for piece in self._pieces():
            try:
                read[piece.name] = self._read.get(piece.name) or json.loads(piece.read_bytes())
            except (FileNotFoundError, ValueError):  # put into one piece meanwhile, or itself damaged: what it said is noted anew
                continue
        self._read = read
        return {file: sum_ for piece in read.values() for file, sum_ in piece.items()}

    def _note(self, sums: dict[str, int]) -> None:
        if not sums:
            return
        piece = self._folder / _FOLDER / f"{uuid.uuid4().hex}.json"
        piece.parent.mkdir(exist_ok=True)
        unfinished = piece.with_suffix(".part")
        unfinished.write_text(json.dumps(sums))
        unfinished.replace(piece)
