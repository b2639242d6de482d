"""Path tables, the input of other attribution tools: rows of a path with how often it converted, to `Touches`. No file is read here."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.arrays import Bools, Ints, Touches, ranges
from mta_assets.errors import DataError, did_you_mean
from mta_assets.journeys.assemble import is_direct, unit_codes
from mta_assets.journeys.tally import distinct

SEPARATOR = ">"
NUMBERS = ("total_conversions", "total_conversion_value", "total_null")
REJECTED = pl.Schema({"row": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String, "remedy": pl.String})
SHOWN_CHARACTERS = 80  # of a value at fault


@dataclass(frozen=True, kw_only=True)
class PathTable:
    """touches: one weighted journey per accepted row that counts anything; no times and no milestones.

    rejected: the rows that are not in it, as REJECTED: the row (numbered as a spreadsheet does), the column and value at fault, the reason, the remedy.
    """

    touches: Touches
    rejected: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class _Check:
    """One reason to reject a row."""

    column: str
    fails: pl.Expr
    reason: str
    remedy: str


def is_path_table(columns: list[str]) -> bool:
    """Whether a file with these columns is a path table."""
    return {"path", "total_conversions"} <= set(columns)


def path_table(frame: pl.DataFrame, *, first_row: int = 2) -> PathTable:
    """The accepted rows as weighted journeys, and the rejected ones with their reasons.

    frame: columns path (channels separated by '>', each trimmed), total_conversions, and optionally total_conversion_value and total_null; numbers may
    be text. An empty path with conversions is an unattributed journey. first_row: the number of the frame's first row; 2 follows a header.
    Raises DataError when a needed column is absent.
    """
    for column in ("path", "total_conversions"):
        if column not in frame.columns:
            raise DataError(f"A path table needs a column {column!r}. {did_you_mean(column, frame.columns)} Rename it, or map it.")
    raw = frame.select(pl.col("path").cast(pl.String).fill_null(""), *(_own(frame, name) for name in NUMBERS))
    steps = _Steps.of(raw["path"])
    table = raw.select(_number(name, raw.schema[name]) for name in NUMBERS)
    checks = _checks(raw, steps)
    first_failed = pl.coalesce(pl.when(check.fails).then(pl.lit(n)) for n, check in enumerate(checks))
    failed = table.select(first_failed.alias("failed"))["failed"]
    numbers = table.with_columns(pl.col(name).fill_null(0.0) for name in NUMBERS[1:])
    counts = numbers.select(pl.sum_horizontal("total_conversions", "total_null") > 0).to_series()
    return PathTable(touches=_touches(numbers, steps, failed.is_null() & counts), rejected=_rejected(raw, failed, checks, first_row))


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """The steps of the paths: few names many times, so that a name is trimmed and judged once.

    length: (rows,) steps of each path, none of an empty one. names: the distinct names, trimmed, as often as they are spelt differently.
    name: (steps,) index into them.
    """

    length: Ints
    names: pl.Series
    name: Ints

    @staticmethod
    def of(path: pl.Series) -> "_Steps":
        trimmed = path.str.strip_chars()
        split = trimmed.filter(trimmed != "").str.split(SEPARATOR)
        spellings, name = unit_codes(split.explode(empty_as_null=False, keep_nulls=False).to_frame("channel"), ("channel",))
        length = np.zeros(len(path), dtype=np.int64)
        length[(trimmed != "").to_numpy()] = split.list.len().to_numpy()
        return _Steps(length=length, names=pl.Series("channel", spellings, dtype=pl.String).str.strip_chars(), name=name)

    def any(self, of_names: Bools) -> pl.Series:
        """(rows,) whether this is so for some step. of_names: for each name."""
        hits = np.flatnonzero(of_names.take(self.name))
        rows = np.zeros(len(self.length), dtype=np.bool_)
        rows[np.searchsorted(np.cumsum(self.length), hits, side="right")] = True
        return pl.Series(rows)


def _own(frame: pl.DataFrame, name: str) -> pl.Expr:
    return (pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.Float64)).alias(name)


def _number(name: str, dtype: pl.DataType) -> pl.Expr:
    given = pl.col(name) if dtype.is_numeric() else pl.col(name).cast(pl.String).str.strip_chars()
    return given.cast(pl.Float64, strict=False)


def _given(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(name).is_not_null() if dtype.is_numeric() else pl.col(name).cast(pl.String).str.strip_chars().fill_null("") != ""


def _checks(raw: pl.DataFrame, steps: _Steps) -> list[_Check]:
    names = steps.names.to_frame()
    refused = [(rule, names.select(~rule.holds(pl.col("channel"))).to_series().to_numpy()) for rule in rules.TEXT]
    checks = [
        _Check(column="path", fails=pl.lit(steps.any(names)), reason=f"a channel of the path {rule.reason}", remedy=rule.remedy)
        for rule, names in refused
    ]
    for name in NUMBERS:
        given = raw.select(_given(name, raw.schema[name])).to_series()
        required = name == NUMBERS[0]
        unread = pl.col(name).is_null() if required else pl.lit(given) & pl.col(name).is_null()
        bad = ~pl.col(name).is_finite() | (pl.col(name) < 0)
        remedy = "write a plain number >= 0 such as 12 or 12.5, without a thousands separator or currency"
        checks.append(_Check(column=name, fails=unread, reason="is not a number", remedy=remedy))
        checks.append(_Check(column=name, fails=bad, reason="is negative or not finite", remedy=remedy))
    worthless = (pl.col("total_conversion_value") > 0) & (pl.col("total_conversions") == 0)
    remedy = "give the conversions that brought the value, or leave the value empty"
    return [*checks, _Check(column="total_conversion_value", fails=worthless, reason="is a value without a conversion", remedy=remedy)]


def _rejected(raw: pl.DataFrame, failed: pl.Series, checks: list[_Check], first_row: int) -> pl.DataFrame:
    rows = raw.with_columns(failed, row=pl.int_range(pl.len()) + first_row).filter(pl.col("failed").is_not_null())
    parts = [
        rows.filter(pl.col("failed") == n).select(
            "row",
            pl.lit(check.column).alias("column"),
            pl.col(check.column).cast(pl.String).str.head(SHOWN_CHARACTERS).alias("value"),
            pl.lit(check.reason).alias("reason"),
            pl.lit(check.remedy).alias("remedy"),
        )
        for n, check in enumerate(checks)
    ]
    return pl.concat([REJECTED.to_frame(), *(part.cast(REJECTED) for part in parts)]).sort("row")


def _touches(numbers: pl.DataFrame, steps: _Steps, kept: pl.Series) -> Touches:
    chosen = np.flatnonzero(kept.to_numpy())
    length = steps.length.take(chosen)
    name = steps.name.take(ranges((np.cumsum(steps.length) - steps.length).take(chosen), length))
    occurring, index = distinct(name)
    units, unit_of = unit_codes(steps.names.gather(occurring).to_frame(), ("channel",))
    unit = unit_of.take(index)
    counted = numbers.filter(kept)
    return Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=unit,
        conversions=counted["total_conversions"].to_numpy(),
        nulls=counted["total_null"].to_numpy(),
        value=counted["total_conversion_value"].to_numpy(),
        cell=np.zeros(len(chosen), dtype=np.int64),
        is_direct=is_direct(pl.Series(units, dtype=pl.String)).take(unit),
    )
