"""Who hears of what, and when: severities, rules, quiet hours."""

from datetime import UTC, datetime

import pytest

from mta_assets.alerts.routing import due_at, notices_of
from mta_assets.alerts.transitions import Telling
from mta_assets.config_alerts import AlertTarget, QuietHours
from mta_assets.state.alert_records import Alert, Phase

NIGHT = QuietHours.model_validate({"start": "22:00", "end": "07:00", "timezone": "Europe/Berlin"})
WEEKEND = QuietHours.model_validate({"start": "00:00", "end": "00:00", "days": ["sat", "sun"]})
HOOK = {"webhook": "https://h/", "secret": "${S}"}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def alert(now, severity="error", rule="redis_unreachable"):
    about = {"rule": rule, "subject": "s", "severity": severity, "message": "m", "told_severity": severity}
    return Alert(phase=Phase.FIRING, since=now, seen_at=now, **about)


@pytest.mark.parametrize(
    ("quiet", "now", "due"),
    [
        (NIGHT, "2026-03-02T20:59", "2026-03-02T20:59"),  # 21:59 in Berlin
        (NIGHT, "2026-03-02T21:00", "2026-03-03T06:00"),
        (NIGHT, "2026-03-03T05:59", "2026-03-03T06:00"),
        (NIGHT, "2026-03-03T06:00", "2026-03-03T06:00"),
        (NIGHT, "2026-03-29T00:30", "2026-03-29T05:00"),  # the night in which clocks change: 07:00 is an hour earlier
        (WEEKEND, "2026-03-06T23:59", "2026-03-06T23:59"),  # a Friday
        (WEEKEND, "2026-03-07T12:00", "2026-03-08T00:00"),
        (WEEKEND, "2026-03-08T00:00", "2026-03-09T00:00"),
        (None, "2026-03-08T00:00", "2026-03-08T00:00"),
    ],
)
def test_what_is_found_in_quiet_hours_is_due_at_their_end(quiet, now, due):
    assert due_at(quiet, "error", at(now)) == at(due)


def test_what_is_critical_pierces_quiet_hours(clock):
    night = at("2026-03-03T01:00")
    assert due_at(NIGHT, "critical", night) == night
    loud = NIGHT.model_copy(update={"pierced_by": "error"})
    assert due_at(loud, "error", night) == night
    assert due_at(loud, "warning", night) > night


def test_a_target_hears_from_its_severity_on_and_of_its_rules_only(clock):
    targets = {
        "all": AlertTarget(**HOOK),
        "pager": AlertTarget(**HOOK, least="critical"),
        "database": AlertTarget(**HOOK, rules=("state_unreachable",)),
    }

    def heard(**about):
        tellings = [Telling(kind="firing", alert=alert(clock(), **about))]
        return [notice.target for notice in notices_of(tellings, targets, clock())]

    assert heard() == ["all"]
    assert heard(severity="critical") == ["all", "pager"]
    assert heard(rule="state_unreachable") == ["all", "database"]


def test_a_resolution_goes_to_those_that_heard_of_the_worst(clock):
    over = Alert(
        **{**{n: getattr(alert(clock()), n) for n in Alert.__dataclass_fields__}, "severity": "warning", "told_severity": "critical"}
    )
    targets = {"pager": AlertTarget(**HOOK, least="critical")}
    assert [notice.kind for notice in notices_of([Telling(kind="resolved", alert=over)], targets, clock())] == ["resolved"]
