"""The facts that alerts are judged by are those of the real parts."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mta_assets.alerts.facts import Machine, Traffic
from mta_assets.alerts.gather import Gatherer, Processors, machines, traffic
from mta_assets.alerts.parts import Parts
from mta_assets.config import Config
from mta_assets.errors import MtaError
from mta_assets.jobs.daemon import DAEMON
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import open_lake
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.audit import Audit, AuditEvent, AuditKind
from mta_assets.state.checks import CheckResult, Checks
from mta_assets.state.heartbeats import Heartbeats
from mta_assets.state.vitals import Report, Vitals

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=5)
DAY_AGO = NOW - timedelta(days=1)


def report(seconds, requests, errors=0, server="h:8000", began=DAY_AGO, **more):
    at = NOW - timedelta(seconds=seconds)
    about = {"rate_limited": 0, "cpu_percent": 50.0, "memory_percent": 60.0, **more}
    return Report(server=server, began_at=began, at=at, requests=requests, errors=errors, **about)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([], (0, 0)),
        ([report(305, 100, 5), report(150, 150, 5), report(0, 200, 15)], (100, 10)),
        ([report(60, 100, 5), report(0, 100, 5)], (0, 0)),  # its earlier reports are lost: only what is new counts
        ([report(0, 30, 3, began=NOW - timedelta(minutes=1))], (30, 3)),  # it has just begun
        ([report(305, 900), report(30, 10, 1, began=NOW - timedelta(minutes=1))], (10, 1)),  # it was started anew
        (
            [report(305, 100, server="a:1"), report(0, 110, server="a:1"), report(301, 5, server="b:1"), report(0, 25, server="b:1")],
            (30, 0),
        ),
    ],
)
def test_traffic_is_what_servers_answered_since_a_moment_whenever_they_began(reports, expected):
    found = traffic(reports, SINCE)
    assert (found.requests, found.errors) == expected


def test_machines_are_our_own_and_those_of_servers_that_spoke_lately():
    own = Machine(name="here", cpu_percent=1, memory_percent=2)
    reports = [report(10, 1, server="here:8000"), report(10, 1, server="there:8000"), report(90, 1, server="gone:8000")]
    assert [(machine.name, machine.cpu_percent) for machine in machines(own, reports, NOW)] == [("here", 1), ("there", 50.0)]


def test_processors_that_work_are_busy_whichever_thread_asks():
    with ThreadPoolExecutor(1) as pool:
        made = Processors()
        ends = time.process_time() + 1.2
        while time.process_time() < ends:
            pass
        percent = pool.submit(made.percent).result()
    assert 1 < percent <= 100


@pytest.fixture
def gatherer(store, tmp_path):
    settings = Settings(lake=str(tmp_path / "lake"))
    open_lake(settings.lake, MODELS)
    return Gatherer.of(settings, ApiSettings(), Config(), store, lambda: NOW)


def test_what_the_state_store_knows_becomes_facts(gatherer, store):
    common = {"at": NOW, "kind": AuditKind.AUTHENTICATION, "outcome": "unknown"}
    keyed = {"action": "authenticate by key", "address": "10.0.0.1"}
    old = {**common, "at": NOW - timedelta(minutes=6)}
    anonymous = AuditEvent(action="authenticate by none", **common)
    Audit(store).append([*[AuditEvent(**keyed, **common)] * 3, AuditEvent(**keyed, **old), anonymous])
    Heartbeats(store).beat(DAEMON, NOW)
    for name, passed in (("a", True), ("b", False)):
        Checks(store).record([CheckResult(asset="t", name=name, passed=passed, message="m", run_id="r", at=NOW)])
    for each in (report(290, 100, rate_limited=3), report(0, 140, 7, rate_limited=13)):
        assert Vitals(store).report(each)
    facts = gatherer.facts()
    assert facts.parts == {"state": None, "lake": None}
    assert facts.failed_authentications == {"10.0.0.1": 3}
    assert facts.daemon_heard_at == NOW
    assert [check.name for check in facts.checks] == ["b"]
    assert facts.traffic == Traffic(requests=40, errors=7, rate_limited=10)
    assert facts.runs is None
    assert {age.name for age in facts.ages} >= {"marts/channel_daily", "marts/spend_daily", "marts/channel_performance"}
    assert all(age.name.startswith("marts/") for age in facts.ages)
    assert facts.rejections == ()
    assert all(0 <= machine.memory_percent <= 100 for machine in facts.machines)


def test_a_server_is_heard_once_per_moment_and_forgotten_after_its_time(store):
    assert Vitals(store).report(report(0, 1))
    assert not Vitals(store).report(report(0, 2))
    assert Vitals(store).prune(NOW) == 0
    assert Vitals(store).prune(NOW + timedelta(seconds=1)) == 1


def test_a_lake_that_is_gone_is_found_and_what_it_knew_is_unknown(gatherer, tmp_path):
    assert gatherer.facts().parts["lake"] is None  # it is open from then on
    (tmp_path / "lake").rename(tmp_path / "elsewhere")
    facts = gatherer.facts()
    assert facts.parts["lake"]
    assert facts.ages is None
    assert facts.rejections is None
    assert facts.checks == ()


def test_a_redis_that_stops_and_one_that_hangs_are_found_and_its_return_too(redis_server):
    def asked():
        from mta_assets.alerts.parts import _ping_redis  # noqa: PLC0415

        return Parts(questions={"redis": lambda: _ping_redis(redis_server.url)}).ask()["redis"]

    assert asked() is None
    redis_server.stop()
    assert "MTA_API_REDIS_URL" in asked()
    redis_server.start()
    assert asked() is None
    redis_server.pause()
    assert "TimeoutError" in asked()
    redis_server.resume()
    assert asked() is None


def test_a_part_that_answers_at_the_second_question_is_not_away():
    answers = iter([MtaError("a connection that broke"), None])

    def flaky():
        if (answer := next(answers)) is not None:
            raise answer

    assert Parts(questions={"p": flaky}, timeout_seconds=2).ask() == {"p": None}


def test_a_part_that_hangs_costs_no_more_than_the_time_out():
    began = time.monotonic()
    found = Parts(questions={"hangs": lambda: time.sleep(30), "well": lambda: None}, timeout_seconds=0.3).ask()
    assert time.monotonic() - began < 5
    assert found == {"hangs": "It has not answered within 0.3 s.", "well": None}
