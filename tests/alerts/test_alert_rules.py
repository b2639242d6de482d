"""Each rule fires on exactly what it is about, and stays silent otherwise."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mta_assets.alerts.facts import DataAge, Facts, Machine, Rejections, Run, Traffic
from mta_assets.alerts.registry import RULES
from mta_assets.config_alerts import AlertThresholds
from mta_assets.contracts.days import DayRange
from mta_assets.state.checks import CheckResult

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTHING = Facts(at=NOW, parts={})
AGE = DataAge(
    kind="table", name="marts/spend_daily", status="fresh", newest_day=date(2026, 3, 1), written_at=NOW, age_hours=40.0, allowed="a day"
)
SOURCE = replace(AGE, kind="source", name="web", written_at=NOW - timedelta(hours=40))
REJECTIONS = Rejections(source="web", read=1_000, quarantined=30, read_before=10_000, quarantined_before=100)
CHECK = CheckResult(asset="credits/linear", name="conservation", passed=False, message="It leaks.", run_id="r", at=NOW)
MACHINE = Machine(name="m", cpu_percent=10, memory_percent=10, disk_percent=10)


def found(rule, **facts):
    return RULES[rule].find(replace(NOTHING, **facts), AlertThresholds())


def severities(rule, **facts):
    return [(condition.subject, condition.severity) for condition in found(rule, **facts)]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_knows_nothing_says_so(rule):
    assert found(rule) is None


def run(id_, job="attribute", succeeded=False, at=0, days=None):
    first_last = DayRange(*(date(2026, 3, day) for day in days)) if days else None
    return Run(id=id_, job=job, succeeded=succeeded, ended_at=NOW + timedelta(minutes=at), days=first_last, reason="It broke.")


@pytest.mark.parametrize(
    ("runs", "failing"),
    [
        ([], []),
        ([run("a")], ["attribute"]),
        ([run("a"), run("b", succeeded=True, at=1)], []),
        ([run("a"), run("b", succeeded=True, at=-1)], ["attribute"]),
        ([run("a"), run("b", job="core", succeeded=True, at=1)], ["attribute"]),
        ([run("a", days=(1, 4)), run("b", days=(1, 2), succeeded=True, at=1)], ["attribute"]),
        ([run("a", days=(1, 4)), run("b", days=(1, 2), succeeded=True, at=1), run("c", days=(3, 5), succeeded=True, at=2)], []),
        ([run("a"), run("b", job="ingest")], ["attribute", "ingest"]),
    ],
)
def test_a_job_fails_until_later_runs_have_made_the_days_that_failed(runs, failing):
    assert [subject for subject, _ in severities("run_failed", runs=tuple(runs))] == failing


def test_a_failed_run_says_which_days_are_not_made_and_why():
    runs = (run("a", days=(1, 4)), run("b", days=(2, 3), succeeded=True, at=1))
    (condition,) = found("run_failed", runs=runs)
    assert "of 2026-03-01, 2026-03-04 is a" in condition.message
    assert condition.message.endswith("It broke.")


def test_a_check_that_did_not_pass_has_its_own_severity_and_one_that_did_is_silent():
    warning = replace(
        CHECK, name="volume", severity="warning", recommendation="Look.", first_day=date(2026, 3, 1), last_day=date(2026, 3, 1)
    )
    checks = (CHECK, warning, replace(CHECK, name="unique", passed=True))
    assert severities("check_failed", checks=checks) == [("credits/linear conservation", "error"), ("credits/linear volume", "warning")]
    assert found("check_failed", checks=checks)[1].message == "It leaks. Look. Judged was the day 2026-03-01."


def test_what_a_check_says_ends_before_its_advice_begins_and_its_parts_are_told_apart():
    check = replace(
        CHECK, message="15 %, usual is 0 %", recommendation="Look.", numbers={"parts": "touches of web; touches of web, email, less"}
    )
    (condition,) = found("check_failed", checks=(check,))
    assert condition.message == "15 %, usual is 0 %. Look."
    assert condition.parts == {"touches of web", "touches of web, email, less"}


@pytest.mark.parametrize(
    ("mart", "sources", "told"),
    [
        ({"status": "stale"}, [{"status": "stale"}, {"status": "late", "silent": True}], ["source web", "source mail"]),
        ({"status": "stale"}, [{"status": "stale"}, {"status": "fresh"}], ["table marts/spend_daily", "source web"]),
        ({"status": "stale"}, [{"status": "late"}], ["table marts/spend_daily", "source web"]),
        ({"status": "late"}, [{"status": "stale", "newest_day": date(2026, 3, 2)}], ["table marts/spend_daily", "source web"]),
        ({"status": "late"}, [{"status": "empty", "newest_day": None}], ["table marts/spend_daily"]),
    ],
    ids=["as late as all its sources", "one source is in time", "later by its policy", "behind its sources", "no source yet"],
)
def test_a_mart_is_told_to_be_late_unless_its_sources_are_the_cause(mart, sources, told):
    ages = (replace(AGE, **mart), *(replace(SOURCE, name=name, **source) for name, source in zip(("web", "mail"), sources, strict=False)))
    late, silent = severities("data_late", ages=ages), severities("source_silent", ages=ages)
    assert [subject for subject, _ in late] + [f"source {subject}" for subject, _ in silent] == told


def test_data_are_late_by_their_policy_and_a_silent_source_is_told_once():
    behind = replace(AGE, status="late", newest_day=date(2026, 2, 28))
    ages = (AGE, behind, replace(SOURCE, status="stale"), replace(SOURCE, name="mail", status="late", silent=True))
    assert severities("data_late", ages=ages) == [("table marts/spend_daily", "warning"), ("source web", "error")]
    assert "is 2026-02-28, which ended 40 hours ago, written at" in found("data_late", ages=ages)[0].message
    assert severities("source_silent", ages=ages) == [("mail", "error")]
    assert "40 hours ago" in found("source_silent", ages=ages)[0].message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ["warning"]),  # 3 % of the newest, 1 % before
        ({"quarantined": 19}, []),  # below 2 %
        ({"quarantined_before": 200}, []),  # 3 % is not twice 2 %
        ({"read": 100, "quarantined": 4}, []),  # too few to say anything
        ({"quarantined": 600}, ["error"]),
        ({"quarantined": 0, "unreadable": ("a.csv",)}, ["error"]),
        ({"read": 0, "quarantined": 0, "read_before": 0, "quarantined_before": 0}, []),
    ],
)
def test_the_quarantine_grows_when_far_more_is_rejected_than_before(change, expected):
    assert [severity for _, severity in severities("quarantine_growing", rejections=(replace(REJECTIONS, **change),))] == expected


@pytest.mark.parametrize(
    ("requests", "errors", "fires"), [(1_000, 50, False), (1_000, 51, True), (19, 19, False), (20, 2, True), (0, 0, False)]
)
def test_the_api_errs_when_more_than_a_twentieth_of_enough_requests_fail(requests, errors, fires):
    assert bool(found("api_errors", traffic=Traffic(requests=requests, errors=errors, rate_limited=0))) is fires


@pytest.mark.parametrize(("refused", "fires"), [(99, False), (100, True)])
def test_many_refusals_by_limits_are_told(refused, fires):
    assert bool(found("rate_limited", traffic=Traffic(requests=1_000, errors=0, rate_limited=refused))) is fires


@pytest.mark.parametrize(("failures", "fires"), [({}, False), ({"a": 9}, False), ({"a": 5, "b": 5}, True)])
def test_repeated_failed_authentication_is_told_whatever_the_addresses(failures, fires):
    conditions = found("failed_authentication", failed_authentications=failures)
    assert bool(conditions) is fires
    assert all("from 2 addresses" in condition.message for condition in conditions)


@pytest.mark.parametrize(
    ("rule", "part", "percent", "expected"),
    [
        ("cpu_high", "cpu_percent", 80, []),
        ("cpu_high", "cpu_percent", 99, [("m", "warning")]),
        ("memory_high", "memory_percent", 80, []),
        ("memory_high", "memory_percent", 81, [("m", "warning")]),
        ("memory_high", "memory_percent", 91, [("m", "critical")]),
        ("disk_filling", "disk_percent", 91, [("m", "warning")]),
        ("disk_filling", "disk_percent", 96, [("m", "critical")]),
        ("disk_filling", "disk_percent", None, []),
    ],
)
def test_a_machine_is_told_above_its_threshold_and_is_critical_when_half_of_the_rest_is_gone(rule, part, percent, expected):
    assert severities(rule, machines=(replace(MACHINE, **{part: percent}),)) == expected


@pytest.mark.parametrize("part", ["state", "lake", "redis", "dagster_storage"])
def test_a_part_that_does_not_answer_is_told(part):
    rule = f"{part}_unreachable"
    assert found(rule, parts={part: None}) == []
    assert [condition.message for condition in found(rule, parts={part: "It is gone."})] == ["It is gone."]


@pytest.mark.parametrize(("seconds", "fires"), [(120, False), (121, True)])
def test_the_daemon_is_silent_after_two_minutes_without_a_heartbeat(seconds, fires):
    assert bool(found("daemon_silent", daemon_heard_at=NOW - timedelta(seconds=seconds))) is fires


@pytest.mark.parametrize(("minutes", "fires"), [(5, False), (6, True)])
def test_the_watch_is_silent_after_five_minutes_without_a_heartbeat(minutes, fires):
    conditions = found("watch_silent", watch_heard_at=NOW - timedelta(minutes=minutes))
    assert [condition.severity for condition in conditions] == ["error"] * fires


def test_a_target_that_messages_did_not_reach_is_told_to_the_others():
    assert found("target_unreachable", undelivered={}) == []
    assert severities("target_unreachable", undelivered={"mail": 2}) == [("mail", "error")]
