"""A mart is refreshed when something upstream of it has changed, and only then."""

import os
import time

import dagster as dg
import pytest

from mta_assets.contracts.tables import CHANNEL_DAILY, CHANNEL_PERFORMANCE, MARTS, SPEND_DAILY
from mta_assets.defs.restatement_sensor import pending_work

CONVERSION = "conversion_id,user_id,ts,goal,value,currency\nlate-1,nobody-before,2026-03-04T10:00:00Z,purchase,10,USD\n"
SPEND = "day,channel,campaign,cost,currency\n2026-03-04,email,new,5,USD\n"


@pytest.fixture
def shop(copied):
    """The shop at rest: all that has landed is taken in, and nothing is pending."""
    made = copied()
    assert pending_work(made.resource.lake) == []
    return made


def land(shop, kind, name, text):
    path = shop.landing / kind / name
    path.write_text(text)
    age(path)


def age(path):
    moment = time.time() - 60
    os.utime(path, (moment, moment))


def settle(shop):
    """Ingest, and do what that led to: the jobs it took. What changed in the marts is their versions."""
    before = {table: shop.resource.lake.version(table) for table in MARTS}
    assert shop.run("ingest").success
    jobs = []
    while pending := pending_work(shop.resource.lake):
        jobs.append(pending[0].job)
        assert shop.run(pending[0].job, pending[0].days).success
    return jobs, {table.name for table in MARTS if shop.resource.lake.version(table) != before[table]}


def look(shop):
    repository = shop.defs.get_repository_def()
    resources = {"lake": shop.resource}
    with dg.build_sensor_context(instance=shop.instance, repository_def=repository, resources=resources) as context:
        return repository.get_sensor_def("restatement_sensor")(context)


def test_while_nothing_changes_nothing_is_started(shop):
    assert look(shop).skip_message == "Everything is up to date."


def test_the_same_bytes_again_refresh_nothing(shop):
    for path in shop.landing.rglob("*.csv"):
        age(path)
    assert settle(shop) == ([], set())


def test_rows_that_are_known_already_refresh_nothing(shop):
    known = next((shop.landing / "conversions").iterdir())
    land(shop, "conversions", f"again-{known.name}", known.read_text())
    jobs, refreshed = settle(shop)
    assert "attribute" not in jobs
    assert refreshed == set()


def test_a_conversion_refreshes_what_is_made_of_conversions_and_not_what_is_made_of_spend(shop):
    land(shop, "conversions", "late.csv", CONVERSION)
    jobs, refreshed = settle(shop)
    assert "attribute" in jobs
    assert refreshed == {CHANNEL_DAILY.name, CHANNEL_PERFORMANCE.name}


def test_spend_refreshes_what_is_made_of_spend_and_not_what_is_made_of_conversions(shop):
    land(shop, "spend", "late.csv", SPEND)
    assert settle(shop)[1] == {SPEND_DAILY.name, CHANNEL_PERFORMANCE.name}
