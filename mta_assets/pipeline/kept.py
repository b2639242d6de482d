"""From which day on the lake has events, and from which on results can still change: what was removed past its time bounds both. Removing is `retention`'s."""

from datetime import date, timedelta

import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import RETIRED, TOUCHPOINTS
from mta_assets.errors import FinalError
from mta_assets.lake.lake import Lake


def kept_since(lake: Lake) -> date | None:
    """The first day of which events are kept; None when none were ever removed."""
    if lake.version(RETIRED) == 0:
        return None
    day: date | None = lake.read(RETIRED).filter(table=TOUCHPOINTS.name).select(pl.col("kept_since").max()).item()
    return day


def changes_since(lake: Lake, config: Config) -> date | None:
    """The first day whose results can be computed from what is kept; those before it are final. None when all can."""
    kept = kept_since(lake)
    return None if kept is None else kept + timedelta(days=config.reach_days)


def refuse_final(lake: Lake, config: Config, days: DayRange) -> None:
    """Raises FinalError when some of the days are final: computed from what is left, their results would be wrong."""
    since = changes_since(lake, config)
    if since is not None and days.first < since:
        raise FinalError(
            f"The results of the days before {since} are final: events that they are made of were removed (retention in mta.yaml). "
            f"Ask for days from {since} on."
        )
