"""A row of spend: what it says, and which of it are dimensions, by which a restated figure finds the one it replaces."""

import re

import numpy as np
import polars as pl

from mta_assets.ingest.channel_rules import Evidence
from mta_assets.ingest.events import Part, channel_of, extra
from mta_assets.ingest.identity import Words, combine, hash_values
from mta_assets.ingest.numbers import parse_money, parse_whole
from mta_assets.ingest.parsed import Fault
from mta_assets.ingest.reading import Reading
from mta_assets.ingest.texts import Texts, constant
from mta_assets.ingest.times import parse_days

# Words in the names of columns that measure rather than name: platforms restate them as they do the cost.
_MEASURES = frozenset(
    (
        *("amount", "clicks", "conversion", "conversions", "cost", "cpa", "cpc", "cpm", "cpv", "ctr", "engagements", "frequency"),
        *("impressions", "installs", "interactions", "leads", "orders", "purchases", "rate", "reach", "results", "revenue", "roas"),
        *("sales", "sessions", "spend", "value", "views"),
    )
)


def spend_row(reading: Reading) -> tuple[Part, Words]:
    """(what the row says, (rows,) the hash of its dimensions: day, channel, campaign, currency and what else names rather than measures)."""
    day = reading.typed("day", lambda cells: parse_days(cells, reading.origin.source.timezone))
    reading.check("spend", "day", day)
    _check_plausible(reading, day)
    given, campaign = reading.texts("channel"), reading.texts("campaign")
    channel = _channel(reading, given, campaign)
    cost = reading.typed("cost", parse_money)
    currency = reading.texts("currency", reading.origin.config.currency).map(lambda values: values.str.to_uppercase())
    counts = {name: reading.typed(name, parse_whole) for name in ("impressions", "clicks")}
    texts = {"channel": channel, "campaign": campaign, "currency": currency}
    numbers = {"cost": cost} | counts
    checked: dict[str, Texts | pl.Series] = {**texts, **numbers}
    for name, values in checked.items():
        reading.check("spend", name, values)
    columns = {"day": day} | {name: values.rows for name, values in texts.items()} | numbers
    rest = extra(reading)
    named = (hash_values(day), *(values.hashes for values in (given, campaign, currency)))
    part = Part(columns=columns, said=(*named, hash_values(cost), *(hash_values(count) for count in counts.values()))) | rest
    return part, combine((*named, _dimensions(reading)))


def _channel(reading: Reading, given: Texts, campaign: Texts) -> Texts:
    """The row's channel, or the one its source and medium show; empty, and so a problem, when it has none of the three."""
    source, medium = reading.texts("source"), reading.texts("medium")
    if source.is_empty and medium.is_empty:
        return given
    found = channel_of(
        reading, given, Evidence(source=source, medium=medium, campaign=campaign, referrer=constant(None, len(reading)))
    ).rows
    return Texts(values=found.set(given.rows.is_null() & source.rows.is_null() & medium.rows.is_null(), None))


def _dimensions(reading: Reading) -> Words:
    total = np.zeros(len(reading), dtype=np.uint64)
    for name, hashed in reading.extra[1].items():
        if not _MEASURES.intersection(re.split(r"[^a-z]+", name.lower())):
            total += hashed
    return total


def _check_plausible(reading: Reading, day: pl.Series) -> None:
    first, last = reading.origin.config.earliest_day, reading.origin.last_day
    early = Fault(
        bad=(day < first).fill_null(value=False),
        reason=f"is before {first}, the first day kept",
        remedy="correct it, or set an earlier earliest_day in mta.yaml",
    )
    late = Fault(bad=(day > last).fill_null(value=False), reason="lies in the future", remedy="correct the day")
    reading.fault("day", early, late)
    reading.refuse_retired("day", day)
