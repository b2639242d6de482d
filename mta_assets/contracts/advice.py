"""The tables of advice: where models agree about a channel and where not, why, and what would settle it; and which model to take."""

import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import CHANNEL, CURRENCY, DAY, MONEY, REAL, TEXT, WHOLE

AGREE, DISAGREE, UNSURE, UNKNOWN = "agree", "disagree", "too few conversions", "unknown"
VERDICTS = (AGREE, DISAGREE, UNSURE, UNKNOWN)

_NEWEST = Column(name="day", dtype=DAY, meaning="the last day of the window: the newest that has results")


def _share(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=REAL, meaning=f"{meaning}, 0 to 1", nullable=True)


def _text(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=TEXT, meaning=meaning, nullable=True)


CHANNEL_ADVICE = Table(
    name="marts/channel_advice",
    grain="one channel x currency over the fit window that ends on the newest day",
    key=("day", "channel", "currency"),
    columns=(
        _NEWEST,
        CHANNEL,
        CURRENCY,
        Column(name="all_conversions", dtype=REAL, meaning="all conversions in the currency, those without consent not"),
        Column(name="days", dtype=WHOLE, meaning="days that they came from; null where the input has none", nullable=True),
        Column(
            name="dispersion",
            dtype=REAL,
            meaning="how many times as much conversions vary by users as independent ones would, 1 at least; null where users are unknown",
            nullable=True,
        ),
        Column(name="cost", dtype=MONEY, meaning="spend, in `currency`; null where none is known", nullable=True),
        Column(name="reached", dtype=REAL, meaning="conversions, of all currencies, with the channel in their journey", nullable=True),
        _share("first_share", "share of these whose journey it begins, with others after it"),
        _share("last_share", "share of these whose journey it ends, with others before it"),
        _share("alone_share", "share of these that had no other channel"),
        Column(
            name="end_less_start",
            dtype=REAL,
            meaning="share of all conversions that it ends less share that it begins, -1 to 1",
            nullable=True,
        ),
        _text("lowest_model", "the model that gives it the least"),
        _share("lowest_share", "the share of conversions that this model gives it"),
        _text("highest_model", "the model that gives it the most"),
        _share("highest_share", "the share of conversions that this model gives it"),
        Column(name="verdict", dtype=TEXT, meaning=", ".join(VERDICTS), rules=(rules.one_of(*VERDICTS),)),
        Column(name="reasons", dtype=pl.List(TEXT), meaning="closer, opener, hidden targeting, counting; none unless models disagree"),
        Column(name="why", dtype=TEXT, meaning="the verdict and its reasons in words", rules=(rules.NOT_EMPTY,)),
        _share("held_out", "the share of users without the channel in the cheapest experiment that tells the two models apart"),
        Column(name="experiment_days", dtype=WHOLE, meaning="how long it lasts", nullable=True),
        _share("power", "how often it tells them apart when one of the two is right"),
        _share("alpha", "how often it does when they do not differ"),
        Column(name="foregone", dtype=REAL, meaning="conversions that it costs if the highest model is right", nullable=True),
        _text("no_experiment", "why none is proposed; null where one is"),
    ),
)
MODEL_ADVICE = Table(
    name="marts/model_advice",
    grain="one model over the fit window that ends on the newest day",
    key=("day", "model"),
    columns=(
        _NEWEST,
        Column(name="model", dtype=TEXT, meaning="the attribution model", rules=rules.TEXT),
        Column(name="suggested", dtype=pl.Boolean(), meaning="whether it is the one to take for these data; at most one is"),
        _share(
            "distance", "the part of credit that was with the wrong channel in the simulated world that suits it least (docs/scorecard.md)"
        ),
        _text("world", "that world"),
        _share("by_chance", "the part of credit that is with another channel than with all such users, by the bands of these data"),
        Column(name="reason", dtype=TEXT, meaning="why it is suggested, or not", rules=(rules.NOT_EMPTY,)),
    ),
)
ADVICE = (CHANNEL_ADVICE, MODEL_ADVICE)
