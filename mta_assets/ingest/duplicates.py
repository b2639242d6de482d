"""Which of several rows that claim one identity counts: pure and independent of the order in which the rows come."""

import re
from dataclasses import dataclass

import polars as pl

_PARTS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """kept: one row per identity. duplicates: further rows that say the same. conflicts: those that say something else, with a `reason`."""

    kept: pl.DataFrame
    duplicates: pl.DataFrame
    conflicts: pl.DataFrame


def resolve(rows: pl.DataFrame, identifier: str) -> Resolved:
    """The rows (of a staged table, or its columns source_name, file, row, content and `identifier`) sorted into what counts and what does not.

    An identity is (source_name, identifier). Of its rows the one counts whose file sorts last in natural order (events_9 before
    events_10: exports carry their date in the name), and within a file the last row.
    """
    identity = ["source_name", identifier]
    is_repeated = rows.select(identity).is_duplicated()
    repeated = rows.filter(is_repeated)
    claims = repeated.select(*identity, "file", "row", "content", place=pl.int_range(pl.len())).join(
        _file_order(repeated["file"]), on="file"
    )
    winners = claims.sort("file_order", "row").unique(identity, keep="last").select(*identity, "file", "row", "content", "place")
    verdict = claims.join(winners, on=identity, suffix="_kept").sort("place")
    wins = verdict.select(pl.col("place") == pl.col("place_kept")).to_series()
    same = verdict.select(pl.col("content") == pl.col("content_kept")).to_series()
    reason = pl.format(
        "its {} is also that of row {} of {}, which says something else and counts", pl.lit(identifier), "row_kept", "file_kept"
    )
    return Resolved(
        kept=pl.concat([rows.filter(~is_repeated), repeated.filter(wins)]),
        duplicates=repeated.filter(same & ~wins),
        conflicts=repeated.with_columns(verdict.select(reason=reason)).filter(~same),
    )


def _file_order(files: pl.Series) -> pl.DataFrame:
    """(file, file_order): the place of each file when their names are sorted with numbers as numbers."""
    names = sorted(
        files.unique(), key=lambda name: ([(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in _PARTS.split(name)], name)
    )
    return pl.DataFrame({"file": names, "file_order": range(len(names))}, schema={"file": pl.String, "file_order": pl.Int64})
