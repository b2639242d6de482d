"""Sources and marts have the freshness policies of mta.yaml in Dagster, and its daemon judges them."""

import asyncio
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.definitions.freshness_evaluator import FRESHNESS_EVALUATORS_BY_POLICY_TYPE

from mta_assets.config import parse_config
from mta_assets.config_freshness import FreshnessPolicy
from mta_assets.defs.freshness import dagster_policy
from tests.defs.dagster_shop import CONFIG, land

CRON = {"deadline_cron": "0 9 * * 1-5", "within_hours": 9, "timezone": "Europe/Berlin"}
DAYS = {"late_after_hours": 24, "stale_after_hours": 48}


def policies(shop):
    graph = shop.defs.resolve_asset_graph()
    found = {key.to_user_string(): graph.get(key).freshness_policy_or_from_metadata for key in graph.get_all_asset_keys()}
    return {key: policy for key, policy in found.items() if policy is not None}


def test_every_source_and_mart_has_a_policy_and_other_tables_that_have_one_of_their_own(shop_of):
    config = parse_config({"freshness": {"tables": {"core/spend": DAYS}}})
    names = (
        "channel_daily",
        "spend_daily",
        "channel_performance",
        "incrementality",
        "shares_daily",
        "credit_buckets",
        "bands",
        "channel_advice",
        "model_advice",
    )
    marts = {f"marts/{name}" for name in names}
    sources = {f"sources/{name}" for name in config.declared_sources}
    assert set(policies(shop_of(config=config))) == marts | sources | {"core/spend"}


def test_the_policies_are_those_of_mta_yaml_as_windows_and_as_deadlines(shop_of):
    declared = {"orders": {"kind": "conversions", "glob": "orders/*"}, "web": {"kind": "touchpoints", "glob": "web/*"}}
    freshness = {"default": DAYS, "sources": {"orders": CRON}}
    found = policies(shop_of(config=parse_config({"sources": declared, "freshness": freshness})))
    window = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=24))
    assert found["sources/web"] == found["marts/spend_daily"] == window
    assert found["sources/orders"] == dg.FreshnessPolicy.cron("0 9 * * 1-5", timedelta(hours=9), "Europe/Berlin")


def test_a_policy_that_is_late_and_stale_at_once_only_fails():
    policy = dagster_policy(FreshnessPolicy(late_after_hours=5, stale_after_hours=5))
    assert policy.warn_window is None


def test_a_source_is_fresh_once_a_file_of_it_was_read_and_no_other_is(shop_of):
    shop = shop_of(config=CONFIG)
    land(shop.folder)
    assert shop.run("ingest").success
    graph = shop.defs.resolve_asset_graph()
    read = {key for key in graph.get_all_asset_keys() if key.path[0] == "sources" and _event(shop, key)}
    assert {key.path[1] for key in read} == {path.name for path in shop.landing.iterdir()}
    assert read
    metadata = _event(shop, dg.AssetKey(["sources", "conversions"])).asset_materialization.metadata
    assert metadata["files"].value == 1
    assert metadata["rows_read"].value >= metadata["accepted"].value > 0
    assert shop.run("ingest").success  # nothing new: no event
    assert _state(shop, graph, dg.AssetKey(["sources", "conversions"])) == "PASS"


def _event(shop, key):
    return shop.instance.get_latest_materialization_event(key)


def _state(shop, graph, key):
    """What the daemon's own judge says."""
    from dagster._core.workspace.context import LoadingContext  # noqa: PLC0415

    class Loading(LoadingContext):
        instance = shop.instance
        loaders = {}  # noqa: RUF012  Dagster's own

    node = graph.get(key)
    judge = FRESHNESS_EVALUATORS_BY_POLICY_TYPE[type(node.freshness_policy_or_from_metadata)]()
    return asyncio.run(judge.evaluate_freshness(Loading(), node)).value


@pytest.mark.parametrize(
    "change", [{"deadline_cron": "often"}, {**CRON, "within_hours": 30}, {"late_after_hours": 9, "stale_after_hours": 5}]
)
def test_a_policy_that_cannot_be_kept_is_refused_where_it_is_written(change):
    with pytest.raises(ValueError, match=r"deadline_cron|within_hours|late_after_hours"):
        FreshnessPolicy(**change)
