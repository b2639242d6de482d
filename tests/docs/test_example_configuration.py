"""The commented configuration in examples/ is valid, and does what its comments say."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from mta_assets.config import Config, load_config
from mta_assets.ingest.channel_rules import assign, rules_in_force
from mta_assets.ingest.experiments import experiments
from mta_assets.ingest.mapping import check_declared
from mta_assets.models.registry import MODELS, build_models
from mta_assets.models.time_decay import TimeDecay

EXAMPLE = Path(__file__).parents[2] / "examples" / "mta.yaml"


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(EXAMPLE)


def test_its_models_are_those_of_the_registry_and_its_own_variants(config):
    built = build_models(config.models)
    assert set(built) - set(MODELS) == {"time_decay_2d", "position_50_30"}
    assert built["time_decay_2d"] == TimeDecay(half_life_days=2)


def test_its_milestones_name_both_stages(config):
    assert config.milestones.stages == {"lead": "sign_up", "opportunity": "add_to_cart"}


def test_its_sources_map_only_columns_that_their_kind_has(config):
    assert {source.kind for source in config.sources.values()} == {"touchpoints", "conversions", "spend"}
    for source in config.sources.values():
        check_declared(source)


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "channel"),
    [
        ("google", "cpc", "DE | Brand | exact", "paid search brand"),
        ("bing", "cpc", "running shoes", "paid search generic"),
        ("facebook", "paid_social", "Q1_Retargeting", "paid social retargeting"),
        ("facebook", "paid_social", "q1_prospecting", "paid social prospecting"),
        ("google", "organic", "(not set)", "organic search"),
        ("newsletter", "email", "spring", "email"),
    ],
)
def test_its_rules_tell_brand_from_generic_and_leave_the_rest_to_the_published_ones(config, source, medium, campaign, channel):
    evidence = pl.DataFrame(
        {"source": [source], "medium": [medium], "campaign": [campaign], "referrer": [None]}, schema_overrides={"referrer": pl.String}
    )
    assert assign(evidence, rules_in_force(config.channels)).to_list() == [channel]


def test_its_spend_falls_into_the_channels_of_its_visits(config):
    social, search = config.sources["meta_insights"].defaults, config.sources["google_ads"].defaults
    evidence = pl.DataFrame(
        [{**given, "campaign": "brand", "referrer": None} for given in (social, search)], schema_overrides={"referrer": pl.String}
    )
    assert assign(evidence, rules_in_force(config.channels)).to_list() == ["paid social prospecting", "paid search brand"]


def test_its_experiments_are_of_channels_that_its_rules_give(config):
    rows = experiments(config.experiments, date(2026, 6, 1))
    assert rows["valid_until"].to_list() == [date(2026, 9, 25), date(2026, 12, 31)]
    assert set(rows["channel"]) <= {rule.channel for rule in config.channels.rules}
