"""The one door to the draws: which way of drawing a world has. Files and benchmarks are made from here, whatever world they are of."""

import polars as pl

from mta_assets.simulation import cohort as shop
from mta_assets.simulation import known
from mta_assets.simulation.cohort import Drawn
from mta_assets.simulation.market import Market
from mta_assets.simulation.shop_truth import shop_truth
from mta_assets.simulation.truth import Truth, truth
from mta_assets.simulation.world import World
from mta_assets.simulation.worlds import KnownWorld


def draw(world: Market, cohort: int) -> Drawn:
    """The rows of cohort number `cohort`, below `world.cohorts`."""
    match world:
        case World():
            return shop.draw(world, cohort)
        case KnownWorld():
            return known.drawn(world, cohort)
        case _:
            raise TypeError(f"{type(world).__name__} has no draws of its own.")


def true_effects(world: Market) -> pl.DataFrame:
    """The ground truth, one row per channel, and one with the null channel for what no touch caused.

    Of the shop: channel, lift, touches, caused_purchases, caused_value, by the touch that brought each purchase. Of a world whose truth is known: the columns
    of `truth.Truth.channels`, by paired removal; what no paid channel caused is what would be left without all of them.
    """
    match world:
        case World():
            return shop_truth(world)
        case KnownWorld():
            return _with_rest(truth(world))
        case _:
            raise TypeError(f"{type(world).__name__} has no truth of its own.")


def _with_rest(known: Truth) -> pl.DataFrame:
    rest = {
        "channel": None,
        "paid": False,
        "touches": 0,
        "incremental_conversions": known.conversions - known.together_conversions,
        "incremental_value": known.value - known.together_value,
    }
    return pl.concat([known.channels, pl.DataFrame([rest], schema=known.channels.schema)])
