"""Events as the arrays of models that look at what came before and after each touch. No journey is made here."""

import polars as pl

from mta_assets.contracts.arrays import Histories, Touches
from mta_assets.journeys.assemble import unit_codes
from mta_assets.journeys.events import microseconds

_DAY_US = 86_400_000_000


def histories(
    touchpoints: pl.DataFrame, conversions: pl.DataFrame, converting: Touches, bounds: tuple[int, int] | None = None
) -> Histories:
    """touchpoints: user, ts, channel; conversions: user, ts, of credited goals. bounds: microseconds at which the window begins and ends.

    The window begins with the first day, in UTC, that has an event, and without bounds ends with the last.
    """
    channels, channel = unit_codes(touchpoints, ("channel",))
    ts, conversion_ts = microseconds(touchpoints["ts"]), microseconds(conversions["ts"])
    moments = [each for each in (ts, conversion_ts) if len(each)]
    first, last = (min((each.min() for each in moments), default=0), max((each.max() for each in moments), default=0))
    start, end = int(first) // _DAY_US * _DAY_US, (int(last) // _DAY_US + 1) * _DAY_US
    if bounds is not None:
        start, end = max(start, bounds[0]), bounds[1]
    return Histories(
        channels=channels,
        start=start,
        end=end,
        user=touchpoints["user"].to_numpy(),
        ts=ts,
        channel=channel,
        conversion_user=conversions["user"].to_numpy(),
        conversion_ts=conversion_ts,
        converting=converting,
    )
