"""Who did not agree to be followed is counted and nothing more: no id is kept, no journey has them, and every conversion is still in the results."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.analysis.recognise import GivenFile
from mta_assets.analysis.run import Options, analyze
from mta_assets.config import parse_config
from mta_assets.contracts.tables import (
    ANONYMOUS,
    CHANNEL_DAILY,
    CHANNEL_PERFORMANCE,
    CORE,
    JOURNEYS,
    NO_CONSENT,
    QUARANTINE,
    STAGED,
    UNCONSENTED,
)
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.run import open_lake, run
from tests.erasure.erasing import MODELS_IN_TEST, NOW, SETTINGS, land, traces

CONFIG = parse_config(SETTINGS)
EVE = "eve.private@example.org"
LOG = "user_id,ts,channel,conversion,value,consent,conversion_id,mail"
FILES = {
    "event_log/a.csv": [
        LOG,
        "bob,2024-01-02T06:00Z,direct,0,,yes,,",
        "bob,2024-01-02T09:00Z,email,1,20.25,yes,o1,",
        f"{EVE},2024-01-02T07:00Z,display,0,,no,,{EVE}",
        f"{EVE},2024-01-02T08:00Z,email,1,10.10,no,o2,{EVE}",
        f",2024-01-03T08:00Z,email,1,5,no,,{EVE}",
        f"{EVE},no time,email,1,5,no,,",
        f"{EVE},2024-01-03T08:00Z,email,1,5,perhaps,,",
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files and, as `lake`, what was computed of them. Not to be changed."""
    folder = tmp_path_factory.mktemp("consent")
    lake = open_lake(str(folder / "lake"), MODELS_IN_TEST)
    run(lake, CONFIG, MODELS_IN_TEST, land(folder / "landing", FILES), NOW)
    return folder


@pytest.fixture
def lake(folder):
    return Lake(str(folder / "lake"))


@pytest.fixture
def ran(tmp_path):
    """Runs these files in a lake, again when there are others."""
    lake = open_lake(str(tmp_path / "lake"), MODELS_IN_TEST)

    def ran(files=FILES, config=CONFIG):
        run(lake, config, MODELS_IN_TEST, land(tmp_path / "landing", files), NOW)
        return lake

    return ran


def test_no_byte_of_the_lake_has_the_id(folder):
    assert traces(folder / "lake", EVE) == []


def test_rows_without_consent_have_no_user_no_hour_and_nothing_beside(lake):
    staged = lake.read(STAGED["conversions"]).filter(user_id=ANONYMOUS).sort("row")
    assert staged["ts"].to_list() == [datetime(2024, 1, 2, 12, tzinfo=UTC), datetime(2024, 1, 3, 12, tzinfo=UTC)]
    assert staged["extra"].to_list() == [None, None]


def test_no_journey_and_no_core_row_has_them(lake):
    assert lake.read(CORE["conversions"])["conversion_id"].to_list() == ["o1"]
    assert lake.read(CORE["touchpoints"]).height == 2
    assert lake.read(JOURNEYS).filter(outcome="converted")["conversion_id"].to_list() == ["o1"]


def test_they_are_counted_by_day_and_channel(lake):
    counted = lake.read(UNCONSENTED)
    touches = counted.filter(event="touchpoints").sort("day", "channel")
    assert touches.select("day", "channel", "events").rows() == [
        (date(2024, 1, 2), "display", 1),
        (date(2024, 1, 2), "email", 1),
        (date(2024, 1, 3), "email", 1),
    ]
    assert counted.filter(event="conversions").sort("day").select("events", "value").rows() == [(1, Decimal("10.10")), (1, Decimal(5))]


def test_every_model_shows_all_conversions_those_apart_under_their_name(lake):
    daily = lake.read(CHANNEL_DAILY)
    for name in MODELS_IN_TEST:
        own = daily.filter(model=name)
        assert own["conversions"].sum() == pytest.approx(3)
        assert own["value"].sum() == pytest.approx(35.35)
        assert own.filter(channel=NO_CONSENT)["conversions"].sum() == 2
    window = lake.read(CHANNEL_PERFORMANCE).filter(day=date(2024, 1, 3))
    assert window.group_by("model").agg(pl.col("conversions").sum())["conversions"].to_list() == pytest.approx([3] * len(MODELS_IN_TEST))


def test_what_is_refused_is_quarantined_with_a_reason_and_without_the_row(lake):
    rejected = lake.read(QUARANTINE).sort("row")
    assert rejected["row"].to_list() == [7, 8]
    assert rejected["column"].to_list() == ["ts", "consent"]
    assert rejected["record"].to_list() == rejected["value"].to_list() == [None, None]


def test_a_repeated_file_counts_once_and_a_withdrawn_row_no_more(ran):
    ran()
    ran(FILES | {"event_log/copy.csv": FILES["event_log/a.csv"]})
    assert ran(FILES).read(UNCONSENTED)["events"].sum() == 5
    lake = ran({"event_log/copy.csv": [LOG], "event_log/a.csv": FILES["event_log/a.csv"][:3]})
    assert lake.read(UNCONSENTED).is_empty()
    assert set(lake.read(CHANNEL_DAILY)["channel"]) & {NO_CONSENT} == set()


def test_without_the_column_all_agreed_unless_configured_otherwise(ran):
    silent = {"event_log/a.csv": ["user_id,ts,channel,conversion", "bob,2024-01-02T06:00Z,direct,1"]}
    assert ran(silent).read(UNCONSENTED).is_empty()
    strict = parse_config(SETTINGS | {"privacy": {"consent_unless_said": False}})
    lake = ran({"event_log/b.csv": ["user_id,ts,channel,conversion", "cid,2024-01-02T06:00Z,direct,1"]}, strict)
    assert lake.read(UNCONSENTED)["events"].sum() == 2


def test_a_goal_that_is_a_milestone_is_no_conversion_here_either(ran):
    config = parse_config(SETTINGS | {"milestones": {"lead": "conversion"}})
    assert ran(FILES, config).read(CHANNEL_DAILY).is_empty()


def test_a_one_off_analysis_says_the_same(lake, folder):
    path = folder / "landing" / "event_log" / "a.csv"
    found = analyze([GivenFile(path=path)], Options(models="linear"), CONFIG, NOW).results
    own = lake.read(CHANNEL_PERFORMANCE).filter(day=date(2024, 1, 3), model="linear").select(found.columns[:5])
    assert_frame_equal(found.select(own.columns).sort("channel"), own.sort("channel"), check_exact=False)
