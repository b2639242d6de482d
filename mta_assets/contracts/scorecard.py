"""What the last scorecard said: how far each model is from the truth on simulated worlds, and how well it foretells. No data of any user is in them."""

import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.tables import REAL, TEXT, WHOLE

_TRIED = (
    Column(name="world", dtype=TEXT, meaning="the simulated world (docs/worlds.md)", rules=rules.TEXT),
    Column(name="seed", dtype=WHOLE, meaning="of its random numbers"),
    Column(name="model", dtype=TEXT, meaning="the attribution model, or what it is compared with in parentheses", rules=rules.TEXT),
)
_KEY = ("world", "seed", "model")


def _figure(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=REAL, meaning=meaning, nullable=True)


SCORECARD = Table(
    name="scorecard/models",
    grain="one model on one simulated world",
    key=_KEY,
    partition=None,
    columns=(
        *_TRIED,
        _figure(
            "total_variation",
            "half the sum of differences between credited and true shares of paid channels, 0 to 1; null without any true effect",
        ),
        _figure("over_claim", "conversions credited to paid channels over truly incremental ones; null without any true effect"),
        _figure("claimed_share", "conversions credited to paid channels, of all"),
        _figure("rank_correlation", "Spearman's, of credited with incremental conversions; null where one of them does not vary"),
        Column(name="worst_channel", dtype=TEXT, meaning="the paid channel whose share is farthest off", nullable=True),
        _figure("worst_error", "its credited share less its true one"),
        Column(
            name="moved_from",
            dtype=TEXT,
            meaning="the channel of the lowest credited return, which gives a fifth of its spend",
            nullable=True,
        ),
        Column(name="moved_to", dtype=TEXT, meaning="the channel of the highest, which gets it", nullable=True),
        _figure("profit_per_moved", "profit of that move per unit of money moved, by living the world again"),
        Column(name="unavailable", dtype=TEXT, meaning="why the model could not be computed", nullable=True),
    ),
)
PREDICTIONS = Table(
    name="scorecard/predictions",
    grain="one model that foretells, on one simulated world",
    key=_KEY,
    partition=None,
    columns=(
        *_TRIED,
        Column(name="touches", dtype=WHOLE, meaning="touches that were judged"),
        _figure("log_loss", "mean of -ln of the chance given to what happened"),
        _figure("auc", "probability that a touch before a conversion had the higher chance"),
        _figure("calibration_error", "mean difference of what was foretold and what happened, over tenths of the touches"),
        Column(name="foretold", dtype=pl.List(pl.Float64()), meaning="mean chance of each tenth, the least likely first"),
        Column(
            name="happened", dtype=pl.List(pl.Float64()), meaning="share of each tenth that a conversion followed within the days ahead"
        ),
    ),
)
SCORECARDS = (SCORECARD, PREDICTIONS)
