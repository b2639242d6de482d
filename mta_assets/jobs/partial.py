"""What a running analysis has found so far: the rows of the models that are done, in one file that is replaced whole. Final results are in `outcome`."""

from pathlib import Path
from typing import Final

import polars as pl

from mta_assets.errors import NotFoundError

FILE: Final = "results.parquet"


class Partial:
    """The partial results of one analysis, in this folder, which is made when the first model is done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[pl.DataFrame] = []

    def add(self, rows: pl.DataFrame) -> None:
        """One more model is done."""
        self._rows.append(rows)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = self._folder / f"{FILE}.part"
        pl.concat(self._rows).write_parquet(unfinished)
        unfinished.replace(self._folder / FILE)


def read_partial(folder: Path) -> pl.DataFrame:
    """The rows of the models that are done, in the order in which they were. Raises NotFoundError when none is."""
    try:
        whole = (folder / FILE).read_bytes()  # of one file: Polars opens it more than once, and it may be replaced in between
    except FileNotFoundError as error:
        raise NotFoundError("No model is done yet, or what was found has been removed.") from error
    return pl.read_parquet(whole)


def partial_version(folder: Path) -> str:
    """Another one whenever a model is done."""
    try:
        return str((folder / FILE).stat().st_mtime_ns)
    except FileNotFoundError:
        return "none"
