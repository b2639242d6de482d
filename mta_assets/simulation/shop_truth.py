"""What each channel of the sample shop caused: counted, for there each purchase has a touch that brought it or none."""

import numpy as np
import polars as pl

from mta_assets.simulation.cohort import draw
from mta_assets.simulation.world import World


def shop_truth(world: World) -> pl.DataFrame:
    """The ground truth of what was drawn for the sample shop, one row per channel: channel, lift, touches, caused_purchases, caused_value.

    A purchase that no touch caused (the baseline, a repeat, a guest's) is in the row of the null channel. Costs one pass of draws, no text.
    """
    size = len(world.channels) + 1
    touches, purchases, value = np.zeros(size), np.zeros(size), np.zeros(size)
    for cohort in range(world.cohorts):
        drawn = draw(world, cohort)
        bought = drawn.goal == 0
        cause = drawn.cause[bought] % size  # NO_CAUSE becomes the last
        touches += np.bincount(world.placement_channel[drawn.placement], minlength=size)
        purchases += np.bincount(cause, minlength=size)
        value += np.bincount(cause, weights=drawn.order_cents[bought] / 100, minlength=size)
    return pl.DataFrame(
        {
            "channel": [*world.lift, None],
            "lift": [*world.lift.values(), None],
            "touches": touches.astype(np.int64),
            "caused_purchases": purchases.astype(np.int64),
            "caused_value": value,
        }
    )
