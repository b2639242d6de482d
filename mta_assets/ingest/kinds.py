"""The kinds of source: how a batch of each becomes rows of the staged tables. One function per kind and one registry."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from mta_assets.config import Kind
from mta_assets.contracts.arrays import Bools
from mta_assets.contracts.tables import IDENTIFIER, STAGED
from mta_assets.ingest.events import Part, conversion, extra, identities, touch, who_and_when
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
    return _rows_of_one_kind(reading, "touchpoints", given, part, counts)


def conversions(reading: Reading, counts: Counts) -> Frames:
    """A row is a conversion."""
    given = _given(reading, "conversion_id", "conversions")
    part = who_and_when(reading, "conversions") | conversion(reading) | extra(reading)
    return _rows_of_one_kind(reading, "conversions", given, part, counts)


def spend(reading: Reading, counts: Counts) -> Frames:
    """A row is a day's spend on a campaign. Its identity is its dimensions, so that restated figures do not double the money."""
    given = _given(reading, "spend_id", "spend")
    part, dimensions = spend_row(reading)
    sound = reading.problems.sound
    identity = identities(given, dimensions, sound, counts["spend"], "spend_id")
    return {"spend": _staged(reading, "spend", sound, part | identity | Part(columns={"content": pl.Series(part.content.view(np.int64))}))}


def event_log(reading: Reading, counts: Counts) -> Frames:
    """A row is a touchpoint; one marked as conversion is a conversion, and a touchpoint too where its visit counts as one."""
    event, order = _given(reading, "event_id", "touchpoints"), _given(reading, "conversion_id", "conversions")
    who, rest = who_and_when(reading, "touchpoints"), extra(reading)
    is_conversion = reading.typed("conversion", parse_flag).fill_null(value=False)
    is_touch = ~is_conversion | reading.origin.source.visit_is_touch
    touched, converted = who | touch(reading, is_touch) | rest, who | conversion(reading, is_conversion) | rest
    visit_of_order = pl.select(pl.when(is_conversion & event.is_null()).then(order + _VISIT)).to_series()
    given_touch = event.fill_null(visit_of_order)
    reading.check("touchpoints", "event_id", given_touch, is_touch, may_be_empty=True)
    sound = reading.problems.sound
    convert, come = sound & is_conversion.to_numpy(), sound & is_touch.to_numpy()
    of_conversion = identities(order.fill_null(event), converted.content, convert, counts["conversions"], "conversion_id")
    visit = pl.select(pl.when(is_conversion).then(of_conversion.columns["conversion_id"] + _VISIT)).to_series()
    of_touch = identities(given_touch.fill_null(visit), touched.content, come, counts["touchpoints"], "event_id")
    was_given = Part(columns={"identity_given": given_touch.is_not_null()})
    return {
        "touchpoints": _staged(reading, "touchpoints", come, touched | of_touch | was_given),
        "conversions": _staged(reading, "conversions", convert, converted | of_conversion),
    }


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


def _rows_of_one_kind(reading: Reading, kind: str, given: pl.Series, part: Part, counts: Counts) -> Frames:
    sound = reading.problems.sound
    return {kind: _staged(reading, kind, sound, part | identities(given, part.content, sound, counts[kind], IDENTIFIER[kind]))}


def _staged(reading: Reading, kind: str, where: Bools, part: Part) -> pl.DataFrame:
    """The rows `where` it holds, as the staged table of their kind has them."""
    frame = pl.DataFrame(part.columns).with_columns(
        *(pl.lit(text).alias(name) for name, text in reading.origin.provenance.items()),
        row=pl.Series(reading.raw.row),
    )
    return STAGED[kind].conform(frame if where.all() else frame.filter(pl.Series(where)))
