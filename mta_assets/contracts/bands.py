"""The tables of uncertainty: credit by bucket of users, from which bands are computed, and the bands."""

import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import BUCKETS, CHANNEL, CLOSING_DAY, CURRENCY, DAY, NOT_SET, REAL, TEXT, WHOLE

METRICS = ("conversions", "value", "roas", "cpa", "share", "effect")

_MODEL = Column(name="model", dtype=TEXT, meaning="the attribution model", rules=rules.TEXT)
CREDIT_BUCKETS = Table(
    name="marts/credit_buckets",
    grain="one model x channel x currency of a closing day",
    key=("day", "model", "channel", "currency"),
    columns=(
        CLOSING_DAY,
        _MODEL,
        CHANNEL,
        CURRENCY,
        Column(name="conversions", dtype=pl.List(REAL), meaning=f"credited conversions of the users of each of the {BUCKETS} buckets"),
        Column(name="value", dtype=pl.List(REAL), meaning="credited value of the same, in `currency`"),
    ),
)
BANDS = Table(
    name="marts/bands",
    grain="one model x channel x currency x metric over the fit window that ends on the newest day",
    key=("day", "model", "channel", "currency", "metric"),
    columns=(
        Column(name="day", dtype=DAY, meaning="the last day of the window: the newest that has results"),
        _MODEL,
        CHANNEL,
        Column(name="currency", dtype=TEXT, meaning=f"ISO 4217; {NOT_SET} of an effect", rules=rules.TEXT),
        Column(name="metric", dtype=TEXT, meaning=", ".join(METRICS), rules=(rules.one_of(*METRICS),)),
        Column(name="estimate", dtype=REAL, meaning="the metric itself, as `marts/channel_performance` has it"),
        Column(name="standard_error", dtype=REAL, meaning="by leaving out groups of users; null without a band", nullable=True),
        Column(name="low", dtype=REAL, meaning="where the band begins; null without a band", nullable=True),
        Column(name="high", dtype=REAL, meaning="where it ends; null without a band, and of a CPA that has no upper bound", nullable=True),
        Column(name="level", dtype=REAL, meaning="of how many samples of users the band is to hold the truth of the model, 0 to 1"),
        Column(name="groups", dtype=WHOLE, meaning="how many groups of users were left out, one at a time; 0 without a band"),
        Column(name="reason", dtype=TEXT, meaning="why there is no band; null where there is one", nullable=True),
    ),
)
UNCERTAINTY = (CREDIT_BUCKETS, BANDS)
