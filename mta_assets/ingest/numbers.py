"""Cells as money, counts and yes or no. Exact: a number is read from its text, never through a binary fraction."""

import polars as pl

from mta_assets.contracts.tables import MONEY, WHOLE
from mta_assets.ingest.parsed import Parsed, unread
from mta_assets.ingest.texts import read_texts

_SCALE = 9  # of MONEY; a tenth decimal is rounded half to even
_FLAGS = dict.fromkeys(("1", "true", "yes", "t", "y"), True) | dict.fromkeys(("0", "false", "no", "f", "n"), False)


def parse_money(cells: pl.Series) -> Parsed:
    """Exact amounts with nine decimals."""
    amounts = _exact(cells)
    return Parsed(
        values=amounts,
        faults=unread(
            cells,
            amounts,
            "is no number",
            "write plain digits with a decimal point, such as 1234.50, without currency or thousands separator",
        ),
    )


def parse_whole(cells: pl.Series) -> Parsed:
    """Whole numbers; 12.0 is one."""
    amounts = _exact(cells)
    whole = amounts.cast(WHOLE, strict=False)
    whole = whole.set(amounts != whole.cast(MONEY), None)
    return Parsed(values=whole, faults=unread(cells, whole, "is no whole number", "write plain digits, such as 1234"))


def parse_flag(cells: pl.Series) -> Parsed:
    """Yes or no."""
    words = read_texts(cells, None)
    known = words.values.str.to_lowercase().str.strip_suffix(".0").replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    flags = words.spread(known)
    return Parsed(values=flags, faults=unread(cells, flags, "is neither yes nor no", "write 1 or 0, true or false, yes or no"))


def _exact(cells: pl.Series) -> pl.Series:
    if cells.dtype.is_integer() or isinstance(cells.dtype, pl.Decimal):
        return cells.cast(MONEY, strict=False)
    # The shortest text of a float is the number that was meant.
    text = cells if cells.dtype == pl.String else cells.cast(pl.String)
    amounts = text.str.to_decimal(scale=_SCALE).cast(MONEY)
    if amounts.null_count() == text.null_count():
        return amounts
    return text.str.strip_chars().str.to_decimal(scale=_SCALE).cast(MONEY)
