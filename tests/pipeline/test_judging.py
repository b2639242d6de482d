"""Which days are judged, when, and by what; and that users like bots are left out of journeys where that is asked for, and only there."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import BOTS, EVENT_PROFILE, JOURNEY_PROFILE
from mta_assets.contracts.tables import JOURNEYS, TOUCHPOINTS
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.judging import (
    MOST_DAYS,
    days_to_judge,
    history_of,
    judge_events,
    judge_intake,
    judge_journeys,
    judge_shares,
    newest_days,
)
from mta_assets.pipeline.run import open_lake, run

FIRST = date(2026, 3, 2)
DAYS = 40
MODELS_HERE = {"linear": MODELS["linear"]}
CONFIG = parse_config({"lookback_days": 3})
LAST = FIRST + timedelta(days=DAYS - 1)
NOON = datetime(2026, 4, 11, 12, tzinfo=UTC)


def rows_of(day, count=30, user="u"):
    return [f"{user}{n},{day}T{n % 24:02d}:{n % 60:02d}:00Z,email" for n in range(count)]


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    """Forty days of thirty touches and three orders; on the last but two a bot."""
    folder = tmp_path_factory.mktemp("judged")
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    touches = [row for day in days for row in rows_of(day)]
    bot_day = LAST - timedelta(days=2)
    touches += [f"bot,{bot_day}T10:00:{second:02d}Z,display" for second in range(60)] + [f"bot,{bot_day}T11:00:00Z,email"]
    orders = [f"u{n},{day}T23:30:00Z,10" for day in days for n in range(3)] + [f"bot,{bot_day}T12:00:00Z,99"]
    for kind, header, rows in (("touchpoints", "user_id,ts,channel", touches), ("conversions", "user_id,ts,value", orders)):
        (folder / kind).mkdir()
        (folder / kind / "all.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def lake(landing, tmp_path_factory):
    made = open_lake(str(tmp_path_factory.mktemp("lake")), MODELS_HERE)
    run(made, CONFIG, MODELS_HERE, landing, NOON)
    return made


def test_the_profile_counts_every_row_once(lake):
    profile = lake.read(EVENT_PROFILE)
    touches = lake.read(TOUCHPOINTS)
    by_channel = touches.group_by("day", "channel").len().sort("day", "channel")
    counted = profile.filter(measure="touches").sort("day", "part")
    assert counted["amount"].to_list() == by_channel["len"].to_list()
    assert profile.filter(measure="touches_at")["amount"].sum() == touches.height
    closed = lake.read(JOURNEY_PROFILE).group_by("measure").agg(pl.col("amount").sum())
    sums = dict(closed.iter_rows())
    journeys = lake.read(JOURNEYS)
    assert sums["converted"] == journeys.filter(outcome="converted").height == sums["journey_length"] + sums.get("untouched", 0)
    assert sums["journey_lag"] == sums["journey_length"]
    assert sums.get("expired", 0) == journeys.filter(outcome="expired").height


def test_a_day_is_judged_when_it_has_ended(lake):
    days = DayRange(LAST - timedelta(days=1), LAST)
    before, after = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=20), NOON
    assert history_of(lake, EVENT_PROFILE, CONFIG, days, before).days == DayRange(days.first, days.first)
    assert history_of(lake, EVENT_PROFILE, CONFIG, days, after).days == days
    assert history_of(lake, EVENT_PROFILE, CONFIG, DayRange(LAST, LAST), before) is None


def test_of_a_long_range_the_newest_days_are_judged(lake):
    history = history_of(lake, EVENT_PROFILE, CONFIG, DayRange(FIRST, LAST), NOON)
    assert history.days == DayRange(LAST - timedelta(days=MOST_DAYS - 1), LAST)
    assert history.first == FIRST


def test_a_silent_source_counts_when_its_grace_is_over(lake, landing):
    silent = DayRange(LAST + timedelta(days=1), LAST + timedelta(days=1))
    midnight = datetime.combine(silent.last + timedelta(days=1), datetime.min.time(), UTC)
    for hours, passed in ((6, True), (13, False)):
        findings = {
            check.name: found for check, found in judge_events(lake, CONFIG, landing, silent, midnight + timedelta(hours=hours)).items()
        }
        assert findings["volume"].passed is passed, findings["volume"].message


@pytest.mark.parametrize(
    ("changed", "judged"),
    [
        (None, (1, 0)),
        ((0, 0), (1, 0)),
        ((5, 3), (5, 0)),
        ((400, 390), (400, 390)),
    ],
    ids=["none", "the newest", "some before", "a backfill of old days"],
)
def test_a_run_judges_the_newest_days_too_so_that_what_is_wrong_there_stays_told(changed, judged):
    def ago(first, last):
        return DayRange(LAST - timedelta(days=first), LAST - timedelta(days=last))

    assert days_to_judge(changed and ago(*changed), CONFIG, NOON) == ago(*judged)


def test_the_newest_days_are_those_that_may_still_be_awaited():
    assert newest_days(CONFIG, NOON) == DayRange(LAST - timedelta(days=1), LAST)


def test_every_check_says_something(lake, landing):
    found = [judge_intake(lake, CONFIG, ["touchpoints/all.csv"])]
    found += [judge(lake, CONFIG, landing, DayRange(LAST, LAST), NOON) for judge in (judge_events, judge_journeys, judge_shares)]
    for findings in found:
        for check, finding in findings.items():
            assert finding.message, check.name


def test_a_control_total_is_compared_with_the_days_of_the_run(lake, landing):
    (landing / "control").mkdir()
    (landing / "control" / "shop.csv").write_text(f"day,conversions\n{LAST},3\n{LAST - timedelta(days=1)},4\n")

    def control(days):
        return {check.name: found for check, found in judge_events(lake, CONFIG, landing, days, NOON).items()}["control_totals"]

    assert control(DayRange(LAST, LAST)).passed
    wrong = control(DayRange(LAST - timedelta(days=1), LAST))
    assert not wrong.passed
    assert f"conversions of {LAST - timedelta(days=1)}: 3, usual is the control total 4" in wrong.message


def test_a_bot_is_named_and_its_touches_count_unless_they_are_to_be_left_out(lake, landing, tmp_path):
    assert lake.read(BOTS).select("touches").rows() == [(61,)]
    excluding = parse_config({"lookback_days": 3, "checks": {"bots": {"exclude": True}}})
    other = open_lake(str(tmp_path), MODELS_HERE)
    run(other, excluding, MODELS_HERE, landing, NOON)
    assert other.read(TOUCHPOINTS).height == lake.read(TOUCHPOINTS).height
    bot = lake.read(BOTS)["user"][0]

    def touched(of):
        journeys = of.read(JOURNEYS).filter(pl.col("user") == bot, pl.col("outcome") == "converted")
        return journeys["channel"].list.len().to_list()

    assert touched(lake) == [61]
    assert touched(other) == [0]
    rest = (pl.col("user") != bot,)
    assert other.read(JOURNEYS).filter(*rest).sort(JOURNEYS.key).equals(lake.read(JOURNEYS).filter(*rest).sort(JOURNEYS.key))
