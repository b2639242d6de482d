"""Cells as moments and days. ISO 8601 with or without offset, and epoch seconds, milliseconds, microseconds or nanoseconds by size.

A time without offset is in the source's timezone. Where clocks go back it is the first of the two moments; where clocks go
forward it does not exist and is refused, since it says that the timezone is wrong (docs/decisions/dst.md).
"""

import re

import polars as pl

from mta_assets.contracts.tables import DAY, TIME
from mta_assets.ingest.parsed import Fault, Parsed, unread

_NAIVE = pl.Datetime("us")
# The usual shapes and how they may end: the one that the first value has is tried on the whole column, since it is ten times
# as fast as taking each value apart by pattern, which is done with what is left.
_SHAPES = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d": "%Y-%m-%dT%H:%M:%S",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "%Y-%m-%d %H:%M:%S",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+": "%Y-%m-%dT%H:%M:%S%.f",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+": "%Y-%m-%d %H:%M:%S%.f",
}
_ZONES = {"": "", "Z": "Z", " UTC": " UTC", r"[+-]\d\d:?\d\d": "%z", r" [+-]\d\d:?\d\d": " %z"}
_ISO = (
    r"^(?<date>\d{4}-\d\d-\d\d)(?:[Tt ] *(?<minute>\d\d:\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?"
    r" *(?<zone>[Zz]|UTC|GMT|(?<sign>[+-])(?<hours>0\d|1[0-4]):?(?<minutes>[0-5]\d)?)?$"
)
_EPOCH = r"^[+-]?\d{1,20}(\.\d*)?$"
_COMPACT_DAY = r"^\d{8}$"
# A number below 1e11 counts seconds (up to the year 5138), below 1e14 milliseconds, below 1e17 microseconds, above that
# nanoseconds: from March 1973 on, no two readings of one number are both possible.
_SECONDS, _MILLISECONDS, _MICROSECONDS, _LARGEST = 10**11, 10**14, 10**17, 10**20


def parse_times(cells: pl.Series, timezone: str) -> Parsed:
    """Moments in UTC, to the microsecond (finer fractions are cut off)."""
    if cells.dtype == pl.String:
        naive, moments = _from_text(cells)
    elif isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        naive, moments = None, cells.dt.convert_time_zone("UTC").cast(TIME)
    elif cells.dtype.is_temporal():
        naive, moments = cells.cast(_NAIVE), pl.Series(cells.name, [None], dtype=TIME).new_from_index(0, len(cells))
    else:
        naive, moments = None, _from_epoch(cells)
    gap: tuple[Fault, ...] = ()
    if naive is not None and naive.null_count() < len(naive):
        local = _localised(naive, timezone)
        gap = unread(
            naive,
            local,
            f"does not exist in {timezone}: clocks go forward over it",
            "declare the timezone the times are in, or send them with offset",
        )
        moments = local if moments.null_count() == len(moments) else moments.fill_null(local)
    seen = cells if not gap else cells.set(gap[0].bad, None)
    no_time = unread(
        seen,
        moments,
        "is no time",
        "write 2024-01-31T13:45:00Z, with an offset, or without one in the source's timezone; or epoch seconds, milliseconds, microseconds",
    )
    return Parsed(values=moments, faults=(*gap, *no_time))


def parse_days(cells: pl.Series, timezone: str) -> Parsed:
    """Calendar days as written: 2024-01-31, 20240131, or the date of a time. An epoch number is the day in `timezone`."""
    days = cells.cast(DAY) if cells.dtype.is_temporal() else _days_from_text(cells.cast(pl.String).str.strip_chars(), timezone)
    return Parsed(values=days, faults=unread(cells, days, "is no day", "write 2024-01-31"))


def _days_from_text(text: pl.Series, timezone: str) -> pl.Series:
    written = text.str.to_date("%Y-%m-%d", strict=False)
    if written.null_count() == text.null_count():
        return written
    is_compact = text.str.contains(_COMPACT_DAY)
    compact = text.str.to_date("%Y%m%d", strict=False).set(~is_compact, None)
    naive, moments = _from_text(text.set(is_compact, None))
    epoch = moments.dt.convert_time_zone(timezone).dt.date().set(~text.str.contains(_EPOCH), None)
    timed = text.str.head(10).str.to_date("%Y-%m-%d", strict=False).set(naive.is_null() & moments.is_null(), None)
    return written.fill_null(compact).fill_null(epoch).fill_null(timed)


def _from_text(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(local times without offset, moments in UTC); each null where the other is not, both where the cell is neither."""
    usual = _in_usual_shape(cells)
    if usual is None:
        return _taken_apart(cells)
    nowhere = pl.Series(cells.name, [None], dtype=_NAIVE).new_from_index(0, len(cells))
    is_local = usual.dtype == _NAIVE
    naive, moments = (usual, nowhere.dt.replace_time_zone("UTC")) if is_local else (nowhere, usual)
    left = (usual.is_null() & cells.is_not_null()).arg_true()
    if len(left):
        other_naive, other_moments = _taken_apart(cells.gather(left))
        naive, moments = naive.scatter(left, other_naive), moments.scatter(left, other_moments)
    return naive, moments


def _in_usual_shape(cells: pl.Series) -> pl.Series | None:
    """The cells read in the shape of the first one, local or UTC as it says, null where another has a different shape; None for no usual shape."""
    first = cells.drop_nulls().head(1).to_list()
    usual = (
        (form, zone) for shape, form in _SHAPES.items() for end, zone in _ZONES.items() if first and re.fullmatch(shape + end, first[0])
    )
    form, zone = next(usual, (None, ""))
    if form is None:
        return None
    if zone.strip() == "%z":
        return cells.str.to_datetime(form + zone, strict=False, time_unit="us", time_zone="UTC")
    read = cells.str.to_datetime(form + zone, strict=False, time_unit="us")
    return read.dt.replace_time_zone("UTC") if zone else read


def _taken_apart(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """As `_from_text`, by pattern: slower, and for every form."""
    text = cells.str.strip_chars()
    parts = text.str.extract_groups(_ISO).struct.unnest()
    fraction = parts["fraction"].str.head(6).fill_null("0")
    written = pl.select(
        pl.format("{} {}:{}.{}", parts["date"], parts["minute"].fill_null("00:00"), parts["second"].fill_null("00"), fraction)
    ).to_series()
    local = written.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    hours, minutes = (parts[name].cast(pl.Int64).fill_null(0) for name in ("hours", "minutes"))
    sign = (parts["sign"] == "-").fill_null(value=False).cast(pl.Int64) * -2 + 1
    offset = (sign * (hours * 60 + minutes) * 60_000_000).cast(pl.Duration("us"))
    has_zone = parts["zone"].is_not_null()
    zoned = (local - offset).dt.replace_time_zone("UTC").set(~has_zone, None)
    return local.set(has_zone, None), zoned.fill_null(_from_epoch(text.set(~text.str.contains(_EPOCH), None)))


def _from_epoch(cells: pl.Series) -> pl.Series:
    """Moments of numbers since 1970, by their size; null for what is no number."""
    number = (cells if cells.dtype == pl.String else cells.cast(pl.String)).str.to_decimal(scale=9)
    number = number.set(number.abs() >= _LARGEST, None)
    size = number.abs()
    scaled = pl.select(
        pl.when(size < _SECONDS)
        .then(number * 1_000_000)
        .when(size < _MILLISECONDS)
        .then(number * 1_000)
        .when(size < _MICROSECONDS)
        .then(number)
        .otherwise(number / 1_000)
    ).to_series()
    return scaled.cast(pl.Int64, strict=False).cast(TIME)


def _localised(naive: pl.Series, timezone: str) -> pl.Series:
    if timezone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    return naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
