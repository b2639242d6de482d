"""What checks found is kept: the latest of each for good, those before it for a while; a failure is told to who wants to know."""

from datetime import date, timedelta

import pytest

from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.webhooks import Event, Webhooks

PEPPER = b"p" * 32


@pytest.fixture
def checks(store):
    return Checks(store)


@pytest.fixture
def found(now):
    """A result; what is given differs."""
    defaults = {"asset": "credits/linear", "name": "conservation", "passed": True, "message": "it sums to 1", "run_id": "r1", "at": now}
    return lambda **given: CheckResult(**(defaults | given))


def test_a_result_comes_back_as_it_was_recorded(checks, found):
    whole = found(
        passed=False,
        severity="warning",
        recommendation="look",
        numbers={"off": 3, "credit": 0.5},
        first_day=date(2026, 3, 1),
        last_day=date(2026, 3, 2),
    )
    checks.record([whole])
    assert checks.latest().items == (whole,)


def test_the_latest_of_each_check_is_told_and_all_of_them_on_request(checks, found):
    first, other, second = found(run_id="r1", passed=False), found(name="unique_keys"), found(run_id="r2")
    for result in (first, other, second):
        checks.record([result])
    assert checks.latest().items == (second, other)
    assert checks.history().items == (second, other, first)
    assert checks.latest(passed=False).items == ()
    assert checks.history(passed=False).items == (first,)
    assert checks.latest(asset="core/journeys").items == ()


def test_results_come_in_pages(checks, found):
    checks.record([found(name=f"check_{n}") for n in range(3)])
    page = checks.latest(limit=2)
    assert [result.name for result in page.items] == ["check_2", "check_1"]
    assert [result.name for result in checks.latest(limit=2, after=page.next).items] == ["check_0"]


def test_pruning_keeps_the_latest_of_each_check_however_old(checks, found, now):
    checks.record([found(run_id="r1"), found(run_id="r2"), found(name="unique_keys")])
    assert checks.prune(now + timedelta(days=1)) == 1
    assert {(result.name, result.run_id) for result in checks.history().items} == {("conservation", "r2"), ("unique_keys", "r1")}


def test_a_failure_is_told_once_per_run_to_those_who_subscribed(checks, found, store, now):
    webhooks, deliveries = Webhooks(store, PEPPER), Deliveries(store, PEPPER)
    wants, _ = webhooks.create(owner="ops", url="https://h/", events=["check.failed"], now=now)
    other, _ = webhooks.create(owner="bi", url="https://h/", events=["results.updated"], now=now)
    for run_id in ("r1", "r1", "r2"):
        checks.record([found(passed=False, run_id=run_id, recommendation="look", first_day=date(2026, 3, 1)), found(name="unique_keys")])
    told = deliveries.list(wants.id, None).items
    assert [event.payload["run_id"] for event in told] == ["r2", "r1"]
    assert told[0].kind == Event.CHECK_FAILED
    assert {name: told[0].payload[name] for name in ("asset", "name", "recommendation", "first_day")} == {
        "asset": "credits/linear",
        "name": "conservation",
        "recommendation": "look",
        "first_day": "2026-03-01",
    }
    assert deliveries.list(other.id, None).items == ()


def test_what_no_database_keeps_and_what_is_too_long_does_not_stop_the_record(checks, found):
    checks.record([found(message="a\0b" + "x" * 10_000)])
    assert checks.latest().items[0].message.startswith("a\ufffdb")
    assert len(checks.latest().items[0].message) == 2_000
