"""What measured increments add to a comparison: bands of the model that estimates them, whose touches go with hidden intent, and doubts. Pure.

The estimates are in `contracts/increments`; how they come about is the model's.
"""

import polars as pl

from mta_assets.contracts.increments import ROLES
from mta_assets.contracts.tables import BUCKETS
from mta_assets.marts.jackknife import quantile

UNPAID = ROLES[2]
# Of the excess of unpaid visits around a touch, in parts of that around unpaid visits themselves: with less, hidden targeting is not suspected.
SUSPICIOUS = 0.1


def suspicious(increments: pl.DataFrame) -> dict[str, float]:
    """Channel -> how far its touches go with intent that their history does not show, of channels of which that is much. increments: `INCREMENTS` rows."""
    much = increments.filter(pl.col("role") != UNPAID, pl.col("intent") >= SUSPICIOUS)
    return dict(much.select("channel", "intent").iter_rows())


def doubt(increments: pl.DataFrame) -> str | None:
    """Why the increments are not to be trusted; None where they are. A model that could estimate nothing has nothing to be trusted."""
    if not increments["increment"].count():
        return "it can estimate nothing here: " + "; ".join(increments["reason"].drop_nulls().unique().sort().head(1))
    return next(iter(increments["doubt"].drop_nulls()), None)


def with_errors(shares: pl.DataFrame, model: str, increments: pl.DataFrame, conversions: float) -> pl.DataFrame:
    """The rows of shares with bands of the model's: its increments' errors over the conversions.

    shares: `marts/bands` rows of the metric share; conversions: of all currencies, as the increments are.
    """
    reach = quantile(float(shares["level"][0]), BUCKETS) if shares.height else 0.0
    asked = increments.filter(pl.col("role") != UNPAID).drop_nulls(
        "increment_se"
    )  # what unpaid channels seem to add is the placebo, and credited to none
    errors = asked.select("channel", error=pl.col("increment_se") / max(conversions, 1.0))
    own = pl.col("model") == model
    known = shares.join(errors, on="channel", how="left", maintain_order="left").with_columns(error=pl.when(own).then("error"))
    there = pl.col("error").is_not_null()
    changed = {
        "standard_error": pl.col("error"),
        "low": (pl.col("estimate") - reach * pl.col("error")).clip(0.0, 1.0),
        "high": (pl.col("estimate") + reach * pl.col("error")).clip(0.0, 1.0),
    }
    columns = [pl.when(there).then(expression).otherwise(name).alias(name) for name, expression in changed.items()]
    reason = pl.when(~there).then("reason").alias("reason")
    return known.with_columns(*columns, reason).select(shares.columns)
