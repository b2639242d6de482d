"""What experiments showed, as rows, and what became of each in a calibration. No table of the lake: `mta.yaml` and the file that it names have them."""

import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import CHANNEL, DAY, REAL, TEXT

EXPERIMENTS = Table(
    name="experiments",
    grain="one experiment",
    key=("stated",),
    partition=None,
    columns=(
        Column(name="stated", dtype=TEXT, meaning="where it is stated: a file and its row, or a key of mta.yaml", rules=rules.TEXT),
        CHANNEL,
        Column(name="kind", dtype=TEXT, meaning="holdout or geo_lift", rules=(rules.one_of("holdout", "geo_lift"),)),
        Column(name="first_day", dtype=DAY, meaning="first day of its period"),
        Column(name="last_day", dtype=DAY, meaning="last day of its period"),
        Column(name="effect", dtype=REAL, meaning="conversions that the channel added in the period"),
        Column(name="standard_error", dtype=REAL, meaning="of the effect"),
        Column(name="valid_until", dtype=DAY, meaning="the last day on which it counts"),
    ),
)
# A row of EXPERIMENTS, the effect and its error for the period of the estimates, and why it does not count; null where it does.
JUDGED = pl.Schema(EXPERIMENTS.schema | {"effect_here": REAL, "error_here": REAL, "reason": TEXT})
