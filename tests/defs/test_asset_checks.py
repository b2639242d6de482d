from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import dagster as dg
import polars as pl

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import CHANNEL_DAILY, TOUCHPOINTS, credits_table
from mta_assets.defs.restatement_sensor import pending_work
from mta_assets.models.base import TouchAllocation
from mta_assets.models.linear import Linear
from mta_assets.pipeline import restatements
from mta_assets.quality.contract import meets_contract
from mta_assets.quality.credit import not_negative, unique_keys
from tests.defs.dagster_shop import FEW

DAY = DayRange(date(2026, 3, 4), date(2026, 3, 4))


@dataclass(frozen=True, kw_only=True)
class LosesATenth(Linear):
    """A broken model: a tenth of the credit is lost."""

    def allocate(self, touches):
        return TouchAllocation(weight=super().allocate(touches).weight * 0.9)


def test_a_broken_model_writes_nothing_and_stops_what_is_downstream_until_the_right_one_mends_the_day(copied, shop_of):
    shop = copied({**FEW, "linear": LosesATenth()})
    lake = shop.resource.lake
    restatements.close_day(lake, DAY.first, datetime.now(UTC))
    before = {table.name: (lake.read(table), lake.version(table)) for table in (credits_table("linear"), CHANNEL_DAILY)}

    result = shop.run("attribute", DAY)

    assert not result.success
    failed = [e for e in result.get_asset_check_evaluations() if not e.passed]
    assert [(e.asset_key.path, e.check_name, e.blocking) for e in failed] == [(["credits", "linear"], "conservation", True)]
    for table in (credits_table("linear"), CHANNEL_DAILY):
        assert lake.version(table) == before[table.name][1]
        assert lake.read(table).equals(before[table.name][0])
    others = {tuple(event.asset_key.path) for event in result.get_asset_materialization_events()}
    assert ("credits", "shapley") in others
    assert ("marts", "channel_daily") not in others
    assert [work.days for work in pending_work(lake)] == [DAY]

    assert shop_of().run("attribute", DAY).success
    assert pending_work(lake) == []
    assert lake.read(CHANNEL_DAILY).sort(CHANNEL_DAILY.key).equals(before[CHANNEL_DAILY.name][0].sort(CHANNEL_DAILY.key))


def test_negative_credit_and_a_repeated_key_are_found(attributed):
    table = credits_table("linear")
    frame = attributed[0].resource.lake.read(table)
    assert not_negative(frame).passed
    assert not not_negative(frame.with_columns(credit=pl.col("credit") - 1.5)).passed
    assert not not_negative(frame.with_columns(value=pl.lit(float("nan")))).passed
    assert unique_keys(frame, table.key).passed
    assert not unique_keys(pl.concat([frame, frame.tail(1)]), table.key).passed


def test_what_breaks_its_contract_in_the_lake_is_found(attributed):
    frame = attributed[0].resource.lake.read(TOUCHPOINTS)
    assert meets_contract(TOUCHPOINTS, frame).passed
    wrong = meets_contract(TOUCHPOINTS, frame.with_columns(channel=pl.lit("")))
    assert not wrong.passed
    assert "core/touchpoints" in wrong.message
    assert not meets_contract(TOUCHPOINTS, pl.concat([frame, frame.head(1)])).passed


def test_a_failed_contract_of_a_core_table_ends_the_core_run(copied, monkeypatch):
    shop = copied()
    lake_type = type(shop.resource.lake)
    read = lake_type.read

    def with_a_hole(self, table, days=None):
        frame = read(self, table, days)
        return frame.with_columns(channel=pl.lit("")) if table is TOUCHPOINTS and days == DAY and _written(shop) else frame

    monkeypatch.setattr(lake_type, "read", with_a_hole)
    result = shop.run("core", DAY)
    assert not result.success
    assert {e.check_name for e in result.get_asset_check_evaluations() if not e.passed} == {"contract"}


def _written(shop):
    return shop.resource.lake.version(TOUCHPOINTS) > 1


def test_a_model_of_the_mapping_brings_its_asset_its_check_and_its_table(copied):
    shop = copied({**FEW, "toy": replace(Linear())})
    graph = shop.defs.resolve_asset_graph()
    assert dg.AssetKey(["credits", "toy"]) in graph.get_all_asset_keys()
    assert {key.name for key in graph.asset_check_keys if key.asset_key.path == ["credits", "toy"]} >= {"conservation", "unique_keys"}
    restatements.close_day(shop.resource.lake, DAY.first, datetime.now(UTC))
    assert shop.run("attribute", DAY).success
    toy, linear = (shop.resource.lake.read(credits_table(name), DAY) for name in ("toy", "linear"))
    assert toy.equals(linear)
    assert "toy" in shop.resource.lake.read(CHANNEL_DAILY, DAY)["model"]
