"""Path tables, the input of other attribution tools: rows of a path with how often it converted, to `Touches`. No file is read here."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.arrays import Touches
from mta_assets.errors import DataError, did_you_mean
from mta_assets.journeys.assemble import is_direct, unit_codes

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
    raw = frame.select(pl.col("path").cast(pl.String).fill_null(""), *(_text(frame, name) for name in NUMBERS))
    table = raw.select(_steps().alias("path"), *(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in NUMBERS))
    checks = _checks(raw)
    numbers = table.with_columns(pl.col(name).fill_null(0.0) for name in NUMBERS[1:])
    first_failed = pl.coalesce(pl.when(check.fails).then(pl.lit(n)) for n, check in enumerate(checks))
    failed = table.select(first_failed.alias("failed"))["failed"]
    counts = numbers.select(pl.sum_horizontal("total_conversions", "total_null") > 0).to_series()
    return PathTable(touches=_touches(numbers.filter(failed.is_null() & counts)), rejected=_rejected(raw, failed, checks, first_row))


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    return (pl.col(name) if name in frame.columns else pl.lit(None)).cast(pl.String).alias(name)


def _steps() -> pl.Expr:
    """The channels of a path, trimmed; none for an empty path."""
    path = pl.col("path").str.strip_chars()
    steps = path.str.split(SEPARATOR).list.eval(pl.element().str.strip_chars())
    return pl.when(path == "").then(pl.lit([], dtype=pl.List(pl.String))).otherwise(steps)


def _checks(raw: pl.DataFrame) -> list[_Check]:
    steps = pl.col("path").list
    named = [(rule, steps.eval(~rule.holds(pl.element())).list.any()) for rule in rules.TEXT]
    checks = [
        _Check(column="path", fails=fails, reason=f"a channel of the path {rule.reason}", remedy=rule.remedy) for rule, fails in named
    ]
    for name in NUMBERS:
        given = raw[name].is_not_null() & (raw[name].str.strip_chars() != "")
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
            pl.col(check.column).str.head(SHOWN_CHARACTERS).alias("value"),
            pl.lit(check.reason).alias("reason"),
            pl.lit(check.remedy).alias("remedy"),
        )
        for n, check in enumerate(checks)
    ]
    return pl.concat([REJECTED.to_frame(), *(part.cast(REJECTED) for part in parts)]).sort("row")


def _touches(table: pl.DataFrame) -> Touches:
    length = table["path"].list.len().to_numpy().astype(np.int64)
    flat = table.select(pl.col("path").explode(empty_as_null=False, keep_nulls=False).alias("channel"))
    units, unit = unit_codes(flat, ("channel",))
    return Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=unit,
        conversions=table["total_conversions"].to_numpy(),
        nulls=table["total_null"].to_numpy(),
        value=table["total_conversion_value"].to_numpy(),
        cell=np.zeros(table.height, dtype=np.int64),
        is_direct=is_direct(flat["channel"]),
    )
