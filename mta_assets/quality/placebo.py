"""Whether what touches are said to have added can be trusted: unpaid visits, which nobody pays for, must seem to add next to nothing. Pure."""

import polars as pl

from mta_assets.contracts.increments import ROLES
from mta_assets.quality.findings import Finding

UNPAID = ROLES[2]
REMEDY = (
    "Do not move a budget on these increments. See whether a channel has the wrong role (models.incremental in mta.yaml), and test the channel that matters "
    "most by holding it out from some users (docs/incremental.md)."
)


def placebo(increments: pl.DataFrame) -> Finding:
    """increments: rows by the contract of increments, of some days; the newest of them is judged."""
    newest = increments.filter(pl.col("day") == pl.col("day").max())
    seeming = newest.filter(pl.col("role") == UNPAID).drop_nulls("increment")
    numbers = {f"added by {channel}": round(increment, 1) for channel, increment in seeming.select("channel", "increment").iter_rows()}
    doubts = newest["doubt"].drop_nulls().unique().sort().to_list()
    if doubts:
        return Finding(passed=False, severity="warning", message="; ".join(doubts), recommendation=REMEDY, numbers=numbers)
    if newest["increment"].is_null().all():
        reasons = newest["reason"].drop_nulls().unique().sort().to_list()
        return Finding(passed=True, severity="warning", message="; ".join(["nothing is estimated, so that nothing is claimed", *reasons]))
    return Finding(passed=True, severity="warning", message="unpaid visits seem to add next to nothing", numbers=numbers)
