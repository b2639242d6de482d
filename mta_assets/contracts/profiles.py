"""The small daily tables that checks are computed from: what each day looks like, so that no check reads the history of events again."""

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import BUCKET, CHANNEL, CLOSING_DAY, DAY_COLUMN, REAL, TEXT, USER, WHOLE

_MEASURED = (
    Column(name="measure", dtype=TEXT, meaning="what is measured; docs/checks.md lists them", rules=rules.TEXT),
    Column(name="source_name", dtype=TEXT, meaning="the source of `mta.yaml`; empty where it is about all of them"),
    Column(name="part", dtype=TEXT, meaning="of what: a channel, a goal, a currency, an hour, a class of lengths; empty for the whole"),
    Column(name="amount", dtype=REAL, meaning="how much; a count of rows unless the measure says otherwise"),
)
_KEY = ("day", "measure", "source_name", "part")

EVENT_PROFILE = Table(
    name="core/event_profile",
    grain="one measure of the events of a day, by source and part",
    key=_KEY,
    columns=(DAY_COLUMN, *_MEASURED),
)
JOURNEY_PROFILE = Table(
    name="core/journey_profile",
    grain="one measure of the journeys that closed on a day, by source and part",
    key=_KEY,
    columns=(CLOSING_DAY, *_MEASURED),
)
BOTS = Table(
    name="core/bots",
    grain="one user whose touches of a day are like a bot's",
    key=("day", "user"),
    partition=None,  # few rows, and on most days none
    columns=(
        DAY_COLUMN,
        BUCKET,
        USER,
        Column(name="touches", dtype=WHOLE, meaning="touches on the day", rules=(rules.positive("touch"),)),
        Column(name="reason", dtype=TEXT, meaning="what makes it like a bot", rules=(rules.NOT_EMPTY,)),
    ),
)
SHARES_DAILY = Table(
    name="marts/shares_daily",
    grain="one model x channel of a closing day",
    key=("day", "model", "channel"),
    columns=(
        CLOSING_DAY,
        Column(name="model", dtype=TEXT, meaning="the attribution model", rules=rules.TEXT),
        CHANNEL,
        Column(name="conversions", dtype=REAL, meaning="credited conversions", rules=(rules.FINITE_SHARE,)),
        Column(name="share", dtype=REAL, meaning="of the day's credited conversions, 0 to 1", rules=(rules.FINITE_SHARE,)),
        Column(
            name="share_error",
            dtype=REAL,
            meaning="standard error of the share by the jackknife over user buckets; 0 for a model that gives every conversion the same shares, and where "
            "cells of few users are hidden",
            rules=(rules.FINITE_SHARE,),
        ),
    ),
)
PROFILES: tuple[Table, ...] = (EVENT_PROFILE, BOTS, JOURNEY_PROFILE, SHARES_DAILY)
