"""Source, medium, campaign and referrer to a channel: ordered rules, first match wins, case-insensitive. Computed once per distinct combination."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.config import ChannelRule, ChannelsConfig
from mta_assets.contracts.arrays import Ints
from mta_assets.contracts.tables import NOT_SET, UNASSIGNED
from mta_assets.errors import ConfigError
from mta_assets.ingest.ga4 import DEFAULT_RULES
from mta_assets.ingest.sites import site_category
from mta_assets.ingest.texts import Texts, coded

_CONDITIONS = ("source", "medium", "campaign", "referrer")
_HOST = r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www\.)?([^/:?#]+)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What rows say of where their visit came from."""

    source: Texts
    medium: Texts
    campaign: Texts
    referrer: Texts


def rules_in_force(config: ChannelsConfig) -> tuple[ChannelRule, ...]:
    """The configured rules, then the published ones. Raises ConfigError for a pattern that is no regular expression."""
    for position, rule in enumerate(config.rules):
        for name, pattern in _patterns(rule):
            try:
                pl.Series([""]).str.contains(pattern)
            except pl.exceptions.ComputeError as error:
                raise ConfigError(f"channels.rules.{position}.{name}: {getattr(rule, name)!r} is no regular expression: {error}") from error
    return (*config.rules, *(DEFAULT_RULES if config.default_rules else ()))


def channels(evidence: Evidence, rules: tuple[ChannelRule, ...]) -> Texts:
    """The channel of every row: that of the first rule that matches, else unassigned."""
    parts = (evidence.source, evidence.medium, evidence.campaign, coded(evidence.referrer.map(_host)))
    at, examples = _combinations(parts)
    frame = pl.DataFrame({name: part.rows.gather(examples) for name, part in zip(_CONDITIONS, parts, strict=True)})
    return Texts(values=assign(frame, rules), at=at)


def assign(combinations: pl.DataFrame, rules: tuple[ChannelRule, ...]) -> pl.Series:
    """(combinations,) the channel of each source, medium, campaign and referrer (a host). A visit with nothing but a referrer is a referral from it."""
    told = pl.col("source").fill_null(NOT_SET).str.to_lowercase(), pl.col("medium").fill_null(NOT_SET).str.to_lowercase()
    only_referrer = (told[0] == NOT_SET) & (told[1] == NOT_SET) & pl.col("referrer").is_not_null()
    known = combinations.select(
        "campaign",
        "referrer",
        source=pl.when(only_referrer).then("referrer").otherwise(told[0]),
        medium=pl.when(only_referrer).then(pl.lit("referral")).otherwise(told[1]),
    ).with_columns(source_category=site_category(pl.col("source")))
    found = pl.lit(UNASSIGNED)
    for rule in reversed(rules):
        found = pl.when(_matches(rule)).then(pl.lit(rule.channel)).otherwise(found)
    return known.select(found.alias("channel")).to_series()


def _matches(rule: ChannelRule) -> pl.Expr:
    conditions = [pl.col(name).str.contains(pattern).fill_null(value=False) for name, pattern in _patterns(rule)]
    if rule.source_category is not None:
        conditions.append(pl.col("source_category").eq_missing(pl.lit(rule.source_category)))
    return pl.all_horizontal(conditions or [pl.lit(value=True)])


def _patterns(rule: ChannelRule) -> Iterator[tuple[str, str]]:
    for name in _CONDITIONS:
        if (pattern := getattr(rule, name)) is not None:
            yield name, rf"(?is)^(?:{pattern})$"


def _host(referrer: pl.Series) -> pl.Series:
    return referrer.str.to_lowercase().str.extract(_HOST)


def _combinations(parts: tuple[Texts, ...]) -> tuple[pl.Series, pl.Series]:
    """((rows,) which combination each row has, (combinations,) a row of each)."""
    key: Ints | None = None
    for part in parts:
        code = np.arange(len(part.values)) if part.at is None else part.at.to_numpy().astype(np.int64)
        joined = code if key is None else key * len(part.values) + code
        encoded = pl.Series(joined).to_arrow().dictionary_encode()
        key = encoded.indices.to_numpy().astype(np.int64)
    if key is None:
        raise ValueError("no part to combine")
    combination = pl.Series(key).cast(pl.UInt32)
    return combination, combination.arg_unique()  # the codes count up in the order of first appearance
