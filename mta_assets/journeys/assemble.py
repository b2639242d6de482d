"""Frames to arrays and back: sorted events become journeys (one row each, contract `core/journeys`), and those become `Touches` for the models."""

from collections.abc import Iterable

import numpy as np
import polars as pl
import pyarrow as pa

from mta_assets.contracts.arrays import UNIT_SEPARATOR, Bools, Floats, Ints, Touches, ranges
from mta_assets.contracts.tables import BUCKETS, JOURNEYS
from mta_assets.journeys.events import UserEvents, microseconds
from mta_assets.journeys.kernel import Events, Slices, first_within, last_at_or_before

# Channel names that mean "no known origin", in lower case: ours, GA's and Matomo's.
DIRECT = ("direct", "(direct)", "direct entry", "direct / none")
MICROSECONDS_PER_HOUR = 3_600_000_000
STAGES = ("lead", "opportunity")


def journey_frame(events: UserEvents, slices: Slices, lookback_us: int, timezone: str) -> pl.DataFrame:
    """`core/journeys` rows of these slices, in the table's order."""
    converted = slices.conversion >= 0
    conversion = (
        events.conversions[np.where(converted, slices.conversion, 0)]
        if events.conversions.height
        else _no_conversion(events, len(converted))
    )
    closing = pl.Series("closing_ts", slices.closing_ts, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    owner = _owners(events.arrays(), slices)
    when = pl.lit(pl.Series(converted))
    frame = conversion.select(
        closing.dt.convert_time_zone(timezone).dt.date().alias("day"),
        pl.Series("bucket", owner & (BUCKETS - 1), dtype=pl.Int8),
        pl.Series("user", owner, dtype=pl.Int64),
        pl.when(when).then(pl.lit("converted")).otherwise(pl.lit("expired")).alias("outcome"),
        closing,
        *(pl.when(when).then(pl.col(c)).otherwise(pl.lit("")).alias(c) for c in ("source_name", "conversion_id", "goal")),
        pl.when(when).then(pl.col("value")).otherwise(pl.lit(0).cast(JOURNEYS.schema["value"])).alias("value"),
        pl.when(when).then(pl.col("currency")).otherwise(pl.lit("")).alias("currency"),
    ).with_columns(*_touch_lists(events.touchpoints, slices), *_milestones(events, slices, lookback_us))
    return JOURNEYS.conform(frame).sort("day", "bucket", "user", "closing_ts", "source_name", "conversion_id")


def touches_of(
    journeys: pl.DataFrame, *, columns: tuple[str, ...] = ("channel",), value_currency: str | None = None, stages: tuple[str, ...] = ()
) -> Touches:
    """The journeys as arrays for the models, in the frame's order.

    columns: what a unit is made of, e.g. channel and campaign; labels are joined by `UNIT_SEPARATOR`.
    value_currency: only values in this currency count (a sum over currencies means nothing); None takes every value as it is.
    stages: the configured milestones.
    """
    length = journeys["channel"].list.len().to_numpy().astype(np.int64)
    wanted = ("channel", *(column for column in columns if column != "channel"), "touch_ts")
    flat = journeys.select(wanted).explode(*wanted, empty_as_null=False, keep_nulls=False)
    units, unit = unit_codes(flat, columns)
    closing = np.repeat(microseconds(journeys["closing_ts"]), length)
    converted = (journeys["outcome"] == "converted").to_numpy()
    return Touches(
        units=units,
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=unit,
        conversions=converted.astype(np.float64),
        nulls=(~converted).astype(np.float64),
        value=_values(journeys, value_currency),
        cell=cells(journeys),
        is_direct=is_direct(flat["channel"]),
        age_hours=(closing - microseconds(flat["touch_ts"])) / MICROSECONDS_PER_HOUR,
        lead=_stage(journeys, "lead", stages),
        opportunity=_stage(journeys, "opportunity", stages),
    )


def _values(conversions: pl.DataFrame, currency: str | None) -> Floats:
    value = conversions["value"].cast(pl.Float64).to_numpy()
    return value if currency is None else np.where((conversions["currency"] == currency).to_numpy(), value, 0.0)


def unit_codes(flat: pl.DataFrame, columns: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """(units, code per row): the sorted distinct labels of these columns, joined by UNIT_SEPARATOR, and each row's index among them."""
    label = flat[columns[0]] if len(columns) == 1 else flat.select(pl.concat_str(columns, separator=UNIT_SEPARATOR)).to_series()
    units = label.unique().sort()
    return tuple(units), label.cast(pl.Enum(units)).to_physical().to_numpy().astype(np.int32)


def direct_among(names: Iterable[str]) -> list[str]:
    """Those of the channels that are direct traffic."""
    return [name for name in names if name.lower() in DIRECT]


def is_direct(channel: pl.Series) -> Bools:
    """(rows,) whether the channel is direct traffic."""
    return channel.is_in(direct_among(channel.unique())).to_numpy()


def cells(journeys: pl.DataFrame) -> Ints:
    """(journeys,) day and bucket as one code: days since the epoch times the number of buckets, plus the bucket."""
    day = journeys["day"].to_physical().to_numpy().astype(np.int64)
    return np.asarray(day * BUCKETS + journeys["bucket"].to_numpy())


def _stage(journeys: pl.DataFrame, stage: str, stages: tuple[str, ...]) -> Ints | None:
    return journeys[stage].fill_null(-1).to_numpy().astype(np.int64) if stage in stages else None


def _owners(events: Events, slices: Slices) -> Ints:
    converted = slices.conversion >= 0
    owner = np.empty(len(converted), dtype=np.int64)
    owner[converted] = events.conversion_user[slices.conversion[converted]]
    owner[~converted] = events.touch_user[slices.start[~converted]]
    return owner


def _no_conversion(events: UserEvents, rows: int) -> pl.DataFrame:
    return events.conversions.clear(rows)


def _touch_lists(touchpoints: pl.DataFrame, slices: Slices) -> list[pl.Series]:
    length = slices.stop - slices.start
    gathered = touchpoints[ranges(slices.start, length)]
    offsets = pa.array(np.concatenate([[0], np.cumsum(length)]), pa.int64())
    columns = {
        "touch_ts": "ts",
        "channel": "channel",
        "campaign": "campaign",
        "kind": "kind",
        "touch_source": "source_name",
        "event_id": "event_id",
    }
    return [_list_series(name, offsets, gathered[column]) for name, column in columns.items()]


def _list_series(name: str, offsets: pa.Array, values: pl.Series) -> pl.Series:
    arrow = pa.LargeListArray.from_arrays(offsets, values.to_arrow(compat_level=pl.CompatLevel.oldest()))
    return pl.Series(name, arrow)


def _milestones(events: UserEvents, slices: Slices, lookback_us: int) -> list[pl.Series]:
    arrays = events.arrays()
    none = np.full(len(slices.start), -1, dtype=np.int64)
    index = {stage: milestone(reached, arrays, slices, lookback_us) for stage, reached in events.milestones.items()}
    return [pl.Series(stage, index.get(stage, none), dtype=pl.Int32).replace(-1, None) for stage in STAGES]


def milestone(reached: pl.DataFrame, events: Events, slices: Slices, lookback_us: int) -> Ints:
    """(journeys,) index of the touch that holds a stage: the last at or before the first time it was reached within the lookback; -1 for none.

    reached: user and ts of what reaches the stage, sorted.
    """
    index = np.full(len(slices.start), -1, dtype=np.int64)
    converted = slices.conversion >= 0
    if converted.any():
        chosen = slices.take(converted)
        moments, found = first_within(
            reached["user"].to_numpy(),
            microseconds(reached["ts"]),
            _owners(events, chosen),
            chosen.closing_ts - lookback_us,
            chosen.closing_ts,
        )
        index[converted] = np.where(found, last_at_or_before(moments, chosen, events.touch_ts), -1)
    return index
