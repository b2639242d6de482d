"""Where channels stand in the journeys that converted: which begin them, which end them, which are alone. Pure; what follows from it is in `advice`."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Floats, Ints, Paths

_SHARES = ("first_share", "last_share", "alone_share")
OPENERS = pl.Schema({"channel": pl.String(), "reached": pl.Float64()} | dict.fromkeys((*_SHARES, "end_less_start"), pl.Float64()))


def openers(paths: Paths, units: Sequence[str]) -> pl.DataFrame:
    """channel, reached, first_share, last_share, alone_share, end_less_start, as `marts/channel_advice` has them, of each channel that a conversion met.

    A journey with one channel only counts as alone, whatever the number of its touches. paths: no path is empty; units: the channels that they are codes of.
    """
    channels = len(units)
    length = np.diff(paths.offsets)
    path = np.repeat(np.arange(len(length)), length)
    met = np.unique(path * channels + paths.unit)
    which, channel = met // channels, met % channels
    single = np.bincount(which, minlength=len(length)) == 1

    def weighed(code: Ints, of: Ints) -> Floats:
        return np.asarray(np.bincount(code, weights=paths.conversions[of], minlength=channels), dtype=np.float64)

    several = np.flatnonzero(~single)
    reached = weighed(channel, which)
    first = weighed(paths.unit[paths.offsets[several]], several)
    last = weighed(paths.unit[paths.offsets[several + 1] - 1], several)
    alone = weighed(channel[single[which]], which[single[which]])
    some = reached > 0
    shares = {name: amount[some] / reached[some] for name, amount in zip(_SHARES, (first, last, alone), strict=True)}
    columns = {"channel": pl.Series(units, dtype=pl.String).filter(pl.Series(some)), "reached": reached[some]} | shares
    return pl.DataFrame(columns | {"end_less_start": (last - first)[some] / max(float(paths.conversions.sum()), 1.0)}, schema=OPENERS)
