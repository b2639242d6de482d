"""Touchpoints and conversions of a batch: from cells to the columns of the staged tables, with the hash of what each row says."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools
from mta_assets.ingest.channel_rules import channels
from mta_assets.ingest.identity import Words, combine, hash_texts, hash_values, made_identities
from mta_assets.ingest.numbers import parse_money
from mta_assets.ingest.occurrences import Occurrences
from mta_assets.ingest.parsed import Fault
from mta_assets.ingest.reading import Reading
from mta_assets.ingest.texts import Texts, coded
from mta_assets.ingest.times import parse_times


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some columns of a staged table, and the hashes of what they say, in order. Every series and array is (rows,)."""

    columns: dict[str, pl.Series]
    said: tuple[Words, ...] = ()

    def __or__(self, other: "Part") -> "Part":
        """Both together."""
        return Part(columns=self.columns | other.columns, said=(*self.said, *other.said))

    @property
    def content(self) -> Words:
        """The hash of all that is said."""
        return combine(self.said)


def who_and_when(reading: Reading, table: str) -> Part:
    """user_id, user, ts and day of each row."""
    user_id = reading.texts("user_id")
    reading.check(table, "user_id", user_id)
    hashed = hash_texts(user_id.values)
    user = pl.Series(user_id.spread_array(hashed.view(np.int64)))
    ts = reading.typed("ts", lambda cells: parse_times(cells, reading.origin.source.timezone))
    reading.check(table, "ts", ts)
    day = ts.dt.convert_time_zone(reading.origin.config.reporting_timezone).dt.date()
    _check_plausible(reading, ts, day)
    return Part(
        columns={"user_id": user_id.rows, "user": user, "ts": ts, "day": day},
        said=(user.to_numpy().view(np.uint64), hash_values(ts)),
    )


def touch(reading: Reading, where: pl.Series | None = None) -> Part:
    """What a touchpoint says besides who and when. where: the rows that are touches; the others are not checked."""
    given, source, medium, campaign = (reading.texts(name) for name in ("channel", "source", "medium", "campaign"))
    channel = channel_of(reading, given, source, medium, campaign)
    kind = reading.texts("kind").map(lambda values: values.str.to_lowercase())
    cost = reading.typed("cost", parse_money)
    texts = {"channel": channel, "source": source, "medium": medium, "campaign": campaign, "kind": kind}
    for name, values in texts.items():
        reading.check("touchpoints", name, values, where)
    reading.check("touchpoints", "cost", cost, where)
    said = (given, source, medium, campaign, kind)  # the channel as given: other rules tomorrow do not make it another row
    return Part(
        columns={name: values.rows for name, values in texts.items()} | {"cost": cost},
        said=(*(values.spread_array(hash_texts(values.values)) for values in said), hash_values(cost)),
    )


def conversion(reading: Reading, where: pl.Series | None = None) -> Part:
    """What a conversion says besides who and when. where: the rows that are conversions; of the others only unreadable values are problems."""
    goal = reading.texts("goal")
    value = reading.typed("value", parse_money)
    currency = reading.texts("currency", reading.origin.config.currency).map(lambda values: values.str.to_uppercase())
    reading.check("conversions", "goal", goal, where)
    reading.check("conversions", "value", value, where)
    reading.check("conversions", "currency", currency, where)
    return Part(
        columns={"goal": goal.rows, "value": value, "currency": currency.rows},
        said=(goal.spread_array(hash_texts(goal.values)), hash_values(value), currency.spread_array(hash_texts(currency.values))),
    )


def extra(reading: Reading) -> Part:
    """What else the rows carry. The hash does not depend on the order of the columns, nor on those that are empty."""
    objects, hashes = reading.extra
    total = np.zeros(len(reading), dtype=np.uint64)
    for hashed in hashes.values():
        total += hashed
    return Part(columns={"extra": objects}, said=(total,))


def channel_of(reading: Reading, given: Texts, source: Texts, medium: Texts, campaign: Texts) -> Texts:
    """The channel that a row gives, else the one that the channel rules find."""
    if not given.values.null_count():
        return given
    found = channels(source, medium, campaign, reading.texts("referrer"), reading.origin.rules)
    return found if given.is_empty else coded(Texts(values=given.rows.fill_null(found.rows)))


def identities(given: pl.Series, content: Words, where: Bools, occurrences: Occurrences, identifier: str) -> Part:
    """The identity of the rows `where` it is asked for: the given one, or made from the content and its number in the file."""
    lacking = np.flatnonzero(where & given.is_null().to_numpy())
    identity = given
    if len(lacking):
        made = made_identities(content[lacking], occurrences.number(content[lacking]))
        identity = made if len(lacking) == len(given) else given.clone().scatter(lacking, made)  # scatter writes in place
    return Part(columns={identifier: identity, "identity_given": given.is_not_null(), "content": pl.Series(content.view(np.int64))})


def _check_plausible(reading: Reading, ts: pl.Series, day: pl.Series) -> None:
    config = reading.origin.config
    early = Fault(
        bad=(day < config.earliest_day).fill_null(value=False),
        reason=f"is before {config.earliest_day}, the first day kept",
        remedy="correct it (1970 often is an empty or wrongly scaled number), or set an earlier earliest_day in mta.yaml",
    )
    late = Fault(
        bad=(ts > reading.origin.last_moment).fill_null(value=False),
        reason=f"lies more than {config.latest_ahead_hours:g} hours in the future",
        remedy="correct the time or the source's timezone",
    )
    reading.fault("ts", early, late)
