"""Touchpoints and conversions of a batch: from cells to the columns of the staged tables, with the hash of what each row says."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Bools
from mta_assets.contracts.tables import ANONYMOUS
from mta_assets.ingest.channel_rules import Evidence, channels
from mta_assets.ingest.consent import noon
from mta_assets.ingest.identity import Words, combine, hash_values, made_identities
from mta_assets.ingest.numbers import parse_money
from mta_assets.ingest.occurrences import Occurrences
from mta_assets.ingest.parsed import Fault
from mta_assets.ingest.persons import ERASED, ERASED_REMEDY
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

    def where(self, rows: Bools) -> "Part":
        """Only the rows where `rows`, (rows,) bool, holds."""
        if rows.all():
            return self
        mask = pl.Series(rows)
        return Part(
            columns={name: column.filter(mask) for name, column in self.columns.items()}, said=tuple(said[rows] for said in self.said)
        )

    @property
    def content(self) -> Words:
        """The hash of all that is said."""
        return combine(self.said)


def who_and_when(reading: Reading, table: str) -> Part:
    """user_id, user, ts and day of each row."""
    user_id, consents = reading.texts("user_id"), reading.consents
    reading.check(table, "user_id", user_id, consents)
    persons = reading.origin.persons
    if persons.erased:
        reading.hide("user_id", Fault(bad=persons.is_erased(user_id.rows), reason=ERASED, remedy=ERASED_REMEDY))
    user_id = user_id.map(persons.stored_ids)
    if consents is not None:
        user_id = coded(Texts(values=user_id.rows.set(~consents, ANONYMOUS)))
    hashed = user_id.hashes
    user = pl.Series(hashed.view(np.int64))
    ts = reading.typed("ts", lambda cells: parse_times(cells, reading.origin.source.timezone))
    reading.check(table, "ts", ts)
    day = ts.dt.convert_time_zone(reading.origin.config.reporting_timezone).dt.date()
    _check_plausible(reading, ts, day)
    said = (hashed, hash_values(ts))
    if consents is not None:
        ts = ts.zip_with(consents, noon(day, reading.origin.config.reporting_timezone))
    return Part(columns={"user_id": user_id.rows, "user": user, "ts": ts, "day": day}, said=said)


def touch(reading: Reading, where: pl.Series | None = None) -> Part:
    """What a touchpoint says besides who and when. where: the rows that are touches; the others are not checked."""
    given, source, medium, campaign = (reading.texts(name) for name in ("channel", "source", "medium", "campaign"))
    evidence = Evidence(source=source, medium=medium, campaign=campaign, referrer=reading.texts("referrer"))
    channel = channel_of(reading, given, evidence)
    kind = reading.texts("kind").map(lambda values: values.str.to_lowercase())
    cost = reading.typed("cost", parse_money)
    texts = {"channel": channel, "source": source, "medium": medium, "campaign": campaign, "kind": kind}
    for name, values in texts.items():
        reading.check("touchpoints", name, values, where)
    reading.check("touchpoints", "cost", cost, where)
    said = (given, source, medium, campaign, kind)  # the channel as given: other rules tomorrow do not make it another row
    return Part(
        columns={name: values.rows for name, values in texts.items()} | {"cost": cost},
        said=(*(values.hashes for values in said), hash_values(cost)),
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
        said=(goal.hashes, hash_values(value), currency.hashes),
    )


def extra(reading: Reading) -> Part:
    """What else the rows carry. The hash does not depend on the order of the columns, nor on those that are empty."""
    objects, hashes = reading.extra
    total = np.zeros(len(reading), dtype=np.uint64)
    for hashed in hashes.values():
        total += hashed
    if reading.consents is not None:  # it may say who it was
        refused = ~reading.consents
        objects, total = objects.set(refused, None), np.where(refused.to_numpy(), np.uint64(0), total)
    return Part(columns={"extra": objects}, said=(total,))


def channel_of(reading: Reading, given: Texts, evidence: Evidence) -> Texts:
    """The channel that a row gives, else the one that the channel rules find."""
    if not given.values.null_count():
        return given
    found = channels(evidence, reading.origin.rules)
    return found if given.is_empty else coded(Texts(values=given.rows.fill_null(found.rows)))


def identified(part: Part, given: pl.Series, identifier: str, occurrences: Occurrences, dimensions: Words | None = None) -> Part:
    """The part with its rows' identities: the given ones, or made from the content (or the dimensions) and the number of such rows so far."""
    content = part.content
    lacking = np.flatnonzero(given.is_null().to_numpy())
    identity = given
    if len(lacking):
        named_by = (content if dimensions is None else dimensions)[lacking]
        made = made_identities(named_by, occurrences.number(named_by))
        identity = made if len(lacking) == len(given) else given.clone().scatter(lacking, made)  # scatter writes in place
    identity_columns = {identifier: identity, "identity_given": given.is_not_null(), "content": pl.Series(content.view(np.int64))}
    return replace(part, columns=part.columns | identity_columns)


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
    reading.refuse_retired("ts", day)
