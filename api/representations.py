"""A result in the format that the client asked for: JSON, CSV, Parquet or Arrow; compressed where it pays. Pure: frames in, bytes out."""

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import orjson
import polars as pl
import polars.selectors as cs
import zstandard

from api.paging import Window
from mta_assets.analysis.output import harmless_csv

JSON: Final = "application/json"
CSV: Final = "text/csv"
PARQUET: Final = "application/vnd.apache.parquet"
ARROW: Final = "application/vnd.apache.arrow.stream"
TABULAR: Final = (CSV, PARQUET, ARROW)
# Smaller bodies fit one packet as they are.
WORTH_COMPRESSING_BYTES = 1_400
_ZSTD_LEVEL, _GZIP_LEVEL = 3, 5
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A table and what is to be said of it.

    rows: what JSON has instead of the table; money: columns of amounts, which JSON has as decimal strings; about: further fields of the JSON;
    page: which rows the JSON has, while other formats have them all.
    """

    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    rows: Sequence[Mapping[str, object]] | None = None
    money: frozenset[str] = frozenset()
    about: Mapping[str, object] = field(default_factory=dict)
    page: Window | None = None


def body_of(result: Result, media: str) -> bytes:
    """The result as this media type. Formats other than JSON hold the rows alone."""
    return _WRITERS[media](result)


def rows_of(frame: pl.DataFrame, money: frozenset[str]) -> list[dict[str, object]]:
    """The rows as JSON takes them: money as exact decimal strings, every other number as it is."""
    columns = [_decimal_texts(column) if column.name in money else column.to_list() for column in frame]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def decimal_text(amount: object) -> str | None:
    """An amount with all its digits and no exponent: a float's shortest digits that give it back, a decimal's without idle zeros."""
    if amount is None:
        return None
    if isinstance(amount, float) and "e" not in (digits := repr(amount)):
        return digits.removesuffix(".0")
    text = format(amount if isinstance(amount, Decimal) else Decimal(repr(amount)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal_texts(amounts: pl.Series) -> list[str | None]:
    """`decimal_text` of each. Floats are written all at once: one by one took longer than adding them up."""
    values = amounts.to_list()
    if amounts.dtype != pl.Float64:
        return [decimal_text(value) for value in values]
    digits = orjson.dumps(values)[1:-1].decode()
    texts = digits.split(",") if values else []
    if "e" in digits or "n" in digits:  # an exponent, or null
        return [
            decimal_text(value) if "e" in text or "n" in text else text.removesuffix(".0")
            for text, value in zip(texts, values, strict=True)
        ]
    return [text.removesuffix(".0") for text in texts]


def compressed(body: bytes, encoding: str) -> bytes:
    """The body under this content encoding: zstd, gzip or identity."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
    return gzip.compress(body, _GZIP_LEVEL, mtime=0) if encoding == "gzip" else body


def _json(result: Result) -> bytes:
    if result.rows is not None:
        return orjson.dumps({"data": result.rows, **result.about}, option=_OPTIONS)
    if result.page is None:
        return orjson.dumps({"data": rows_of(result.frame, result.money), **result.about}, option=_OPTIONS)
    rows = rows_of(result.page.of(result.frame), result.money)
    paged = {"total": result.frame.height, "next_cursor": result.page.next_of(result.frame)}
    return orjson.dumps({"data": rows, **result.about, **paged}, option=_OPTIONS)


def _csv(result: Result) -> bytes:
    joined = result.frame.with_columns(cs.list().list.join(" > "))  # CSV has no lists
    return harmless_csv(joined).encode()


def _parquet(result: Result) -> bytes:
    held = io.BytesIO()
    result.frame.write_parquet(held)
    return held.getvalue()


def _arrow(result: Result) -> bytes:
    held = io.BytesIO()
    result.frame.write_ipc_stream(held, compat_level=pl.CompatLevel.oldest())
    return held.getvalue()


_WRITERS: Mapping[str, Callable[[Result], bytes]] = {JSON: _json, CSV: _csv, PARQUET: _parquet, ARROW: _arrow}
