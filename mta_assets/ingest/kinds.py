"""The kinds of source: how a batch of each becomes rows of the staged tables. One function per kind and one registry."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from mta_assets.config import Kind
from mta_assets.contracts.arrays import Bools
from mta_assets.contracts.tables import IDENTIFIER, STAGED
from mta_assets.ingest.events import Part, conversion, extra, identified, touch, who_and_when
from mta_assets.ingest.identity import Words
from mta_assets.ingest.numbers import parse_flag
from mta_assets.ingest.occurrences import Occurrences
from mta_assets.ingest.reading import Reading
from mta_assets.ingest.spend import spend_row

Frames = dict[str, pl.DataFrame]
Counts = Mapping[str, Occurrences]
_VISIT = "-visit"  # what the identity of a conversion's own visit adds to the conversion's


def touchpoints(reading: Reading, counts: Counts) -> Frames:
    """A row is a touchpoint."""
    given = _given(reading, "event_id", "touchpoints")
    part = who_and_when(reading, "touchpoints") | touch(reading) | extra(reading)
    return {"touchpoints": _staged(reading, "touchpoints", part, given, reading.problems.sound, counts)}


def conversions(reading: Reading, counts: Counts) -> Frames:
    """A row is a conversion."""
    given = _given(reading, "conversion_id", "conversions")
    part = who_and_when(reading, "conversions") | conversion(reading) | extra(reading)
    return {"conversions": _staged(reading, "conversions", part, given, reading.problems.sound, counts)}


def spend(reading: Reading, counts: Counts) -> Frames:
    """A row is a day's spend on a campaign. Its identity is its dimensions, so that restated figures do not double the money."""
    given = _given(reading, "spend_id", "spend")
    part, dimensions = spend_row(reading)
    return {"spend": _staged(reading, "spend", part, given, reading.problems.sound, counts, dimensions)}


def event_log(reading: Reading, counts: Counts) -> Frames:
    """A row is a touchpoint; one marked as conversion is a conversion, and a touchpoint too where its visit counts as one."""
    event, order = _given(reading, "event_id", "touchpoints"), _given(reading, "conversion_id", "conversions")
    who, rest = who_and_when(reading, "touchpoints"), extra(reading)
    is_conversion = reading.typed("conversion", parse_flag).fill_null(value=False)
    is_touch = ~is_conversion | reading.origin.source.visit_is_touch
    touched, converted = who | touch(reading, is_touch) | rest, who | conversion(reading, is_conversion) | rest
    given_visit = _visits(event, is_conversion.to_numpy(), order.filter(is_conversion))
    reading.check("touchpoints", "event_id", given_visit, is_touch, may_be_empty=True)
    converts = reading.problems.sound & is_conversion.to_numpy()
    come = reading.problems.sound & is_touch.to_numpy()
    orders = _staged(reading, "conversions", converted, order.fill_null(event), converts, counts)
    visit = _visits(given_visit, converts, orders["conversion_id"])
    touches = _staged(reading, "touchpoints", touched, visit, come, counts)
    was_given = given_visit.filter(pl.Series(come)).is_not_null()
    return {"touchpoints": touches.with_columns(identity_given=was_given), "conversions": orders}


KINDS: Mapping[Kind, Callable[[Reading, Counts], Frames]] = {
    "touchpoints": touchpoints,
    "conversions": conversions,
    "spend": spend,
    "event_log": event_log,
}


def _given(reading: Reading, identifier: str, table: str) -> pl.Series:
    given = reading.texts(identifier)
    reading.check(table, identifier, given, may_be_empty=True)
    return given.rows


def _visits(event: pl.Series, converts: Bools, conversion_id: pl.Series) -> pl.Series:
    """(rows,) the identities of events, those of conversions that have none named after the conversion. conversion_id: of the rows that convert."""
    lacking = event.is_null().to_numpy() & converts
    if not lacking.any():
        return event
    return event.clone().scatter(np.flatnonzero(lacking), conversion_id.filter(pl.Series(lacking[converts])) + _VISIT)


def _staged(
    reading: Reading, kind: str, part: Part, given: pl.Series, rows: Bools, counts: Counts, dimensions: Words | None = None
) -> pl.DataFrame:
    """The `rows` of the batch as the staged table of their kind has them. given: the identities the source gives."""
    mask = pl.Series(rows)
    named_by = None if dimensions is None else dimensions[rows]
    whole = identified(part.where(rows), given.filter(mask), IDENTIFIER[kind], counts[kind], named_by)
    row = pl.Series("row", reading.raw.row[rows])
    constants = (pl.lit(text).alias(name) for name, text in reading.origin.provenance.items())
    return STAGED[kind].conform(pl.DataFrame(whole.columns).with_columns(row, *constants))
