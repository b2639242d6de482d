from datetime import UTC, date, datetime

import dagster as dg
import pytest

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, FILES, RESTATEMENTS, credits_table
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.pipeline import restatements
from mta_assets.pipeline.run import open_lake, run, tables

LAST = [  # one step makes them
    dg.AssetKey(["marts", name]) for name in ("channel_performance", "incrementality", "bands", "channel_advice", "model_advice")
]


def _metadata(result, key, partition=None):
    events = [event.materialization for event in result.get_asset_materialization_events()]
    found = next(event for event in events if event.asset_key.path == key.split("/") and event.partition == partition)
    return {name: value.value for name, value in found.metadata.items()}


def _longest(results):
    """The attribute run of the most days."""
    runs = [result for name, result in results.items() if name.startswith("attribute")]
    return max(runs, key=lambda result: len(result.get_asset_materialization_events()))


def test_dagster_computes_exactly_what_the_flow_without_it_computes(attributed, tmp_path):
    shop, results = attributed
    assert all(result.success for result in results.values())
    plain = open_lake(str(tmp_path), shop.resource.models)
    run(plain, shop.resource.config, shop.resource.models, shop.landing, datetime.now(UTC))
    for table in tables(shop.resource.models):
        if table.name in (RESTATEMENTS.name, FILES.name):  # these hold when and in which run
            continue
        ours, theirs = (lake.read(table).sort(table.key) for lake in (shop.resource.lake, plain))
        assert ours.equals(theirs), table.name
    assert shop.resource.lake.read(CHANNEL_DAILY).height > 0


def test_a_range_of_days_is_one_run_that_materialises_each_day_and_leaves_nothing_pending(attributed):
    shop, results = attributed
    events = _longest(results).get_asset_materialization_events()
    linear = sorted(event.partition for event in events if event.asset_key.path == ["credits", "linear"])
    assert len(linear) > 5
    assert linear == [str(day) for day in DayRange(date.fromisoformat(linear[0]), date.fromisoformat(linear[-1]))]
    assert pending_work(shop.resource.lake) == []


def test_ingest_accounts_for_every_row(attributed):
    shown = _metadata(attributed[1]["ingest"], "staged/files")
    assert shown["rows_read"] == shown["accepted"] + shown["quarantined"] + shown["duplicates"] > 0
    assert "touchpoints/touchpoints.csv" in shown["per file"]
    rejected = _metadata(attributed[1]["ingest"], "staged/quarantine")
    assert rejected["dagster/row_count"] == shown["quarantined"] > 0
    assert "| file | row |" in rejected["first rejected rows"]


def test_a_materialisation_shows_rows_credit_top_channels_and_a_picture(attributed):
    shop, results = attributed
    shown = _metadata(_longest(results), "credits/linear", "2026-03-04")
    rows = shop.resource.lake.read(credits_table("linear"), DayRange(date(2026, 3, 4), date(2026, 3, 4)))
    assert shown == {"dagster/row_count": rows.height, "credit": pytest.approx(rows["credit"].sum())}
    partitions = {event.partition for event in _longest(results).get_asset_materialization_events()}
    last = _metadata(_longest(results), "learned/markov_1", max(partitions))
    assert last["top channels"].startswith("| channel | conversions | value |")
    assert last["picture"].startswith("![conversions per channel](data:image/svg+xml;base64,")


def test_every_check_is_evaluated_and_passes(attributed):
    shop, results = attributed
    evaluated = {
        (evaluation.asset_key.to_user_string(), evaluation.check_name)
        for result in results.values()
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.passed
    }
    defined = {(key.asset_key.to_user_string(), key.name) for key in shop.defs.resolve_asset_graph().asset_check_keys}
    assert evaluated == defined
    assert ("core/touchpoints", "contract") in defined
    assert ("credits/linear", "conservation") in defined


def test_conservation_is_not_claimed_where_it_does_not_apply(attributed):
    shop, results = attributed
    graph = shop.defs.resolve_asset_graph()
    conserved = {key.asset_key.path[-1] for key in graph.asset_check_keys if key.name == "conservation"}
    assert conserved == {"linear", "markov_1", "shapley", "counterfactual"}
    spec = graph.get(dg.AssetKey(["credits", "w_shaped"]))
    assert "Unavailable" in spec.description
    assert "milestone" in spec.description
    shown = _metadata(_longest(results), "credits/w_shaped", "2026-03-04")
    assert shown["dagster/row_count"] == 0
    assert "milestone" in shown["unavailable"]


def test_a_run_of_a_part_of_the_graph_leaves_its_days_pending(copied):
    shop = copied()
    day = date(2026, 3, 4)
    restatements.close_day(shop.resource.lake, day, datetime.now(UTC))
    job = shop.defs.resolve_job_def("attribute")
    tags = {"dagster/partition": str(day)}
    part = job.execute_in_process(instance=shop.instance, partition_key=str(day), asset_selection=LAST, tags=tags)
    assert part.success
    assert [work.days.first for work in pending_work(shop.resource.lake)] == [day]
    assert shop.run("attribute", DayRange(day, day)).success
    assert pending_work(shop.resource.lake) == []


def test_what_is_asked_for_during_a_run_stays_pending(copied, monkeypatch):
    shop = copied()
    day, now = date(2026, 3, 4), datetime.now(UTC)
    restatements.close_day(shop.resource.lake, day, now)
    lake_type = type(shop.resource.lake)
    original = lake_type.replace_days

    def racing(self, table, frame, days):
        original(self, table, frame, days)
        if table.name == "core/journeys":
            restatements.close_day(self, day, now)

    monkeypatch.setattr(lake_type, "replace_days", racing)
    assert shop.run("attribute", DayRange(day, day)).success
    monkeypatch.undo()
    asked = shop.resource.lake.read(RESTATEMENTS).filter(day=day, cause=restatements.DAY_ENDED)
    assert sorted(asked["status"]) == ["done", "pending"]


def test_a_batch_of_events_is_stored_as_dagster_stores_them_one_by_one(attributed):
    shop, results = attributed
    result = _longest(results)
    said = result.get_asset_materialization_events()
    stored = shop.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert [event.get_dagster_event().materialization for event in stored] == [event.materialization for event in said]
    key = dg.AssetKey(["credits", "linear"])
    partitions = sorted(event.materialization.partition for event in said if event.asset_key == key)
    assert shop.instance.get_materialized_partitions(key) >= set(partitions)
    newest = shop.instance.get_latest_materialization_event(key)
    assert newest.asset_materialization.partition == partitions[-1]
    fetched = shop.instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=key, asset_partitions=partitions[:1]), limit=5)
    assert fetched.records[0].asset_materialization.metadata["dagster/row_count"].value >= 0
