"""When an alert begins, is told, and is over: pure rules of time."""

from datetime import timedelta

import pytest

from mta_assets.alerts.rule import Condition, Rule
from mta_assets.alerts.transitions import progress
from mta_assets.state.alert_records import Phase

COOL_DOWN = timedelta(minutes=60)


def rule(**more):
    words = dict.fromkeys(("title", "meaning", "remedy", "resolves"), "x")
    return Rule(name="r", find=lambda *_: [], **words, **more)


class Story:
    """What is known from look to look, and what was told."""

    def __init__(self, clock, rules=None):
        self.clock, self.rules, self.known, self.told = clock, rules or [rule()], {}, []

    def look(self, *severities, after=30, unknown=False, cool_down=COOL_DOWN, parts=()):
        """A look that finds the condition with this severity, or none. after: seconds since the last look."""
        self.clock.forward(seconds=after)
        found = (
            {}
            if unknown
            else {"r": [Condition(subject="s", severity=severity, message="m", parts=frozenset(parts)) for severity in severities]}
        )
        made = progress(self.known, self.rules, found, now=self.clock(), cool_down=cool_down)
        self.known |= {alert.key: alert for alert in made.alerts}
        for key in made.gone:
            del self.known[key]
        self.told += [(telling.kind, telling.alert.severity) for telling in made.tellings]
        return self.known.get("r:s")


@pytest.fixture
def story(clock):
    return Story(clock)


def test_an_alert_is_told_once_when_it_begins_and_once_when_it_is_over(story):
    for _ in range(3):
        story.look("error")
    for _ in range(3):
        story.look()
    assert story.told == [("firing", "error"), ("resolved", "error")]


def test_what_cannot_be_judged_changes_nothing(story):
    before = story.look("error")
    assert story.look(unknown=True) == before
    assert story.told == [("firing", "error")]


def test_an_alert_that_gets_worse_is_told_again_and_one_that_gets_better_is_not(story):
    for severity in ("warning", "critical", "warning", "critical"):
        story.look(severity)
    assert story.told == [("firing", "warning"), ("firing", "critical")]


def test_what_else_goes_wrong_while_an_alert_fires_is_told_and_what_was_told_is_not(story):
    for parts in (["email"], ["email"], ["email", "search"], ["search"], ["email"]):
        story.look("warning", parts=parts)
    assert story.told == [("firing", "warning")] * 2
    story.look()
    assert story.told[2:] == [("resolved", "warning")]
    assert story.look("warning", after=3_600, parts=["email"]).told_parts == ("email",)


def test_one_that_comes_back_within_the_cool_down_is_told_when_it_has_passed_if_it_still_fires(story):
    story.look("error")
    story.look()
    assert story.look("error").phase is Phase.FIRING
    assert len(story.told) == 2
    story.look("error", after=3_600)
    assert story.told[2:] == [("firing", "error")]


def test_one_that_comes_and_goes_within_the_cool_down_is_told_once(story):
    for _ in range(5):
        story.look("error")
        story.look()
    assert story.told == [("firing", "error"), ("resolved", "error")]


def test_a_condition_that_must_hold_fires_when_it_has_and_begins_anew_when_it_paused(clock):
    story = Story(clock, [rule(hold=timedelta(minutes=5))])
    assert story.look("warning").phase is Phase.PENDING
    assert story.look("warning", after=240).phase is Phase.PENDING
    assert story.look() is None
    assert story.look("warning").phase is Phase.PENDING
    assert story.told == []
    assert story.look("warning", after=300).phase is Phase.FIRING
    assert story.told == [("firing", "warning")]


def test_an_alert_that_must_be_calm_is_over_only_when_it_was_for_long_enough(clock):
    story = Story(clock, [rule(calm=timedelta(minutes=2))])
    story.look("warning")
    story.look()
    story.look("warning", after=60)
    story.look()
    assert story.look(after=60).phase is Phase.FIRING
    assert story.look(after=60).phase is Phase.RESOLVED
    assert story.told == [("firing", "warning"), ("resolved", "warning")]


def test_an_alert_of_a_rule_that_is_switched_off_is_over(story):
    story.look("error")
    story.rules = ()
    story.look()
    assert story.told == [("firing", "error"), ("resolved", "error")]


def test_an_occurrence_has_its_own_beginning(story, clock):
    first = story.look("error")
    story.look()
    again = story.look("error", after=7_200)
    assert again.since == clock()
    assert again.since > first.since
