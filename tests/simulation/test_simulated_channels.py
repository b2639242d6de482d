"""The simulated sources, media and campaigns are such that the default channel rules give the channels whose spend and truth are known."""

import polars as pl

from mta_assets.config import ChannelsConfig
from mta_assets.ingest.channel_rules import Evidence, channels, rules_in_force
from mta_assets.ingest.texts import Texts
from mta_assets.simulation.world import World


def test_the_default_rules_give_every_simulated_visit_its_own_channel():
    world = World()
    labels = pl.DataFrame(world.placements, schema_overrides={"campaign": pl.String, "referrer": pl.String})
    evidence = Evidence(**{name: Texts(values=labels[name]) for name in ("source", "medium", "campaign", "referrer")})
    found = channels(evidence, rules_in_force(ChannelsConfig()))
    assert found.rows.to_list() == [world.channels[index].name for index in world.placement_channel]


def test_the_default_world_has_sixteen_channels_each_with_spend_where_it_is_paid():
    world = World()
    assert len(world.channels) == 16
    assert {channel.name for channel in world.channels if channel.click_cost == 0} == {
        "direct",
        "organic search",
        "referral",
        "organic social",
        "organic video",
    }
