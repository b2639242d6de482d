"""A simulated world -> every model's credit: the way of `mta attribute`, without files."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from mta_assets.analysis.attribute import attribute
from mta_assets.analysis.inputs import Inputs, closed_journeys
from mta_assets.config import Config, MilestonesConfig
from mta_assets.contracts.tables import QUARANTINE, UNCONSENTED
from mta_assets.models.base import AttributionModel
from mta_assets.simulation.known import Simulated

STAGES = MilestonesConfig(lead="sign_up", opportunity="add_to_cart")


@dataclass(frozen=True, kw_only=True)
class Credited:
    """credit: model, channel, conversions, value. increments: model -> its `INCREMENTS` rows, where it estimates any.

    unavailable: model -> why it has none on this world.
    """

    credit: pl.DataFrame
    increments: Mapping[str, pl.DataFrame]
    unavailable: Mapping[str, str]


def credited(world: Simulated, models: Mapping[str, AttributionModel]) -> Credited:
    """What each model credits each channel with, over the whole world, with the default settings and milestones."""
    config = Config(currency=world.world.currency, milestones=STAGES)
    found = attribute(closed_journeys(_inputs(world), config, ("channel",)), models)
    return Credited(
        credit=found.results.select("model", "channel", "conversions", "value"), increments=found.increments, unavailable=found.unavailable
    )


def _inputs(world: Simulated) -> Inputs:
    """The world's events as rows of files that were read without a fault."""
    return Inputs(
        rows={"touchpoints": world.touchpoints, "conversions": pl.concat([world.conversions, world.milestones])},
        unconsented=UNCONSENTED.empty(),
        rejected=QUARANTINE.empty(),
        rows_read=world.touchpoints.height + world.conversions.height,
        duplicates=0,
    )
