"""What is past its time goes, whole days at a time; no number that is served changes by it, and what comes too late is refused and counted."""

import shutil
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import (
    CHANNEL_DAILY,
    CORE,
    FILES,
    JOURNEYS,
    PATHS,
    QUARANTINE,
    RETIRED,
    STAGED,
    credits_table,
    learned_table,
)
from mta_assets.erasure.erase import Places, erase
from mta_assets.errors import ConfigError, FinalError
from mta_assets.ingest.persons import PrivacyKeys
from mta_assets.lake.lake import Lake
from mta_assets.models.registry import MODELS
from mta_assets.pipeline import judging, restatements
from mta_assets.pipeline.core import build_pending
from mta_assets.pipeline.ingest import ingest, landed_files
from mta_assets.pipeline.kept import changes_since, refuse_final
from mta_assets.pipeline.retention import check_tables, retire
from mta_assets.pipeline.run import open_lake, run, tables
from mta_assets.state.erasures import Erasures, Ids
from mta_assets.state.store import StateStore

SETTINGS = {"lookback_days": 2, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01"}
RETENTION = {"events_days": 15, "tables": {"learned/*": 20, "core/*": 25}}
CONFIG = parse_config(SETTINGS)
KEPT = parse_config(SETTINGS | {"retention": RETENTION})
FIRST, DAYS = date(2024, 1, 1), 30
LAST = FIRST + timedelta(days=DAYS - 1)
SINCE = LAST - timedelta(days=14)
CHANGING = SINCE + timedelta(days=CONFIG.reach_days)
NOW = datetime(2024, 1, 30, 23, tzinfo=UTC)
FEW = {name: MODELS[name] for name in ("linear", "markov_1", "counterfactual")}
CHANNELS = ("email", "paid search", "direct")
RESULTS = ("marts/", "learned/", "credits/", "core/")


def land(landing, name, days, user="person-", orders="o"):
    """A file of touches and one of orders: of each day three users, of whom one buys."""
    touches, bought = ["user_id,ts,channel"], ["user_id,ts,value,conversion_id"]
    for day in days:
        number = (day - FIRST).days
        touches += [f"{user}{(number + n) % 7},{day}T0{n}:00:00Z,{CHANNELS[(number + n) % 3]}" for n in range(3)]
        bought.append(f"{user}{number % 7},{day}T12:00:00Z,{10 + number},{orders}{number}")
    for kind, lines in (("touchpoints", touches), ("conversions", bought)):
        (landing / kind).mkdir(parents=True, exist_ok=True)
        (landing / kind / f"{name}.csv").write_text("\n".join(lines) + "\n")


def all_days():
    return [FIRST + timedelta(days=n) for n in range(DAYS)]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """A folder with the files and the lake that was computed of them. Not to be changed."""
    folder = tmp_path_factory.mktemp("retention")
    land(folder / "landing", "first", all_days())
    run(open_lake(str(folder / "lake"), FEW), CONFIG, FEW, folder / "landing", NOW)
    return folder


@pytest.fixture
def landing(computed, tmp_path):
    return shutil.copytree(computed / "landing", tmp_path / "landing")


@pytest.fixture
def lake(computed, tmp_path):
    shutil.copytree(computed / "lake", tmp_path / "lake")
    return Lake(str(tmp_path / "lake"))


def results(lake, since=FIRST):
    """What every table that results are read from says of the days from then on."""
    frames = {}
    for table in tables(FEW):
        if table.name.startswith(RESULTS) and "day" in table.schema and "restatement_id" not in table.schema:
            frames[table.name] = lake.read(table).filter(pl.col("day") >= since).sort(table.key)
    return frames


def assert_equal(found, expected):
    for name, frame in expected.items():
        assert_frame_equal(found[name], frame, check_exact=True)


def test_nothing_goes_unless_it_is_asked_for(lake):
    before = results(lake)
    assert retire(lake, CONFIG, FEW, NOW).removed == ()
    assert_equal(results(lake), before)
    assert changes_since(lake, CONFIG) is None


def test_each_table_keeps_its_days_and_what_went_is_told(lake):
    before = results(lake)
    done = {one.table: one for one in retire(lake, KEPT, FEW, NOW).removed}
    bounds = {
        STAGED["touchpoints"]: SINCE,
        CORE["conversions"]: SINCE,
        JOURNEYS: CHANGING,
        credits_table("linear"): CHANGING,
        learned_table("markov_1"): LAST - timedelta(days=19),
        PATHS: LAST - timedelta(days=24),
    }
    for table, since in bounds.items():
        assert lake.days(table)[0] == since, table.name
        assert done[table.name].kept_since == since
        assert done[table.name].rows > 0
    assert lake.days(CHANNEL_DAILY)[0] == FIRST
    assert CHANNEL_DAILY.name not in done
    assert done[CORE["touchpoints"].name].rows == 3 * (DAYS - 15)
    kept = {name: frame.filter(pl.col("day") >= max(CHANGING, SINCE)) for name, frame in before.items()}
    assert_equal(results(lake, since=CHANGING), kept)
    assert retire(lake, KEPT, FEW, NOW).removed == ()


@pytest.fixture
def whole(computed, tmp_path, landing):
    """Computes what has landed in a lake that keeps everything; its results from the first day on that can change."""

    def compute():
        shutil.copytree(computed / "lake", tmp_path / "whole")
        made = Lake(str(tmp_path / "whole"))
        run(made, CONFIG, FEW, landing, NOW)
        return results(made, since=CHANGING)

    return compute


@pytest.mark.parametrize(
    ("late", "alike"),
    [
        (SINCE, RESULTS),
        (CHANGING - timedelta(days=1), ("core/journeys", "credits/linear")),  # windows go on saying of a final day what it says
        (LAST - timedelta(days=1), RESULTS),
    ],
)
def test_late_rows_change_the_days_that_can_be_computed_as_if_nothing_had_gone_and_no_other(lake, landing, whole, late, alike):
    retire(lake, KEPT, FEW, NOW)
    before = results(lake)
    land(landing, "late", [late], orders="late")
    run(lake, KEPT, FEW, landing, NOW)
    assert restatements.pending(lake).in_order == []
    assert_equal(results(lake, since=CHANGING), {name: frame for name, frame in whole().items() if name.startswith(alike)})
    final = {name: frame.filter(pl.col("day") < CHANGING) for name, frame in before.items() if not name.startswith("core/")}
    assert_equal({name: frame.filter(pl.col("day") < CHANGING) for name, frame in results(lake).items()}, final)


def test_closings_that_late_rows_cannot_reach_are_counted(lake, landing):
    retire(lake, KEPT, FEW, NOW)
    land(landing, "late", [SINCE], orders="late")
    ingest(lake, KEPT, landed_files(landing, KEPT), NOW)
    reports = build_pending(lake, KEPT, NOW)
    assert {day for report in reports for day in report.final_days} >= {SINCE}
    assert all(day >= CHANGING for report in reports for day in report.closing_days)


def test_rows_of_days_that_went_are_refused_counted_and_not_kept(lake, landing):
    retire(lake, KEPT, FEW, NOW)
    before = results(lake)
    land(landing, "late", [SINCE - timedelta(days=1), LAST], user="SOMEBODY", orders="late")
    reports = {report.file: report for report in run(lake, KEPT, FEW, landing, NOW).files}
    touches, orders = reports["touchpoints/late.csv"], reports["conversions/late.csv"]
    assert (touches.rows_read, touches.accepted, touches.quarantined) == (6, 3, 3)
    assert (orders.rows_read, orders.accepted, orders.quarantined) == (2, 1, 1)
    refused = lake.read(QUARANTINE)
    assert refused["reason"].unique().to_list() == [f"is before {SINCE}, the first day of which events are kept"]
    assert refused["record"].null_count() == refused["value"].null_count() == refused.height == 4
    assert_equal(
        {name: frame.filter(pl.col("day") < LAST - timedelta(days=1)) for name, frame in results(lake).items()},
        {name: frame.filter(pl.col("day") < LAST - timedelta(days=1)) for name, frame in before.items()},
    )


def test_a_file_that_is_sent_again_takes_no_row_away_that_later_days_need(lake, landing, whole):
    retire(lake, KEPT, FEW, NOW)
    land(landing, "first", all_days()[:-1])
    run(lake, KEPT, FEW, landing, NOW)
    assert_equal(results(lake, since=CHANGING), whole())


def test_final_days_are_not_computed_from_what_is_left(lake):
    refuse_final(lake, KEPT, DayRange(FIRST, LAST))
    retire(lake, KEPT, FEW, NOW)
    refuse_final(lake, KEPT, DayRange(CHANGING, LAST))
    with pytest.raises(FinalError, match=f"Ask for days from {CHANGING} on"):
        refuse_final(lake, KEPT, DayRange(CHANGING - timedelta(days=1), LAST))
    longer = parse_config(SETTINGS | {"lookback_days": 3, "retention": RETENTION})
    with pytest.raises(FinalError):
        refuse_final(lake, longer, DayRange(CHANGING, LAST))


def test_what_went_does_not_count_as_kept_when_more_is_to_be_kept(lake):
    retire(lake, KEPT, FEW, NOW)
    more = parse_config(SETTINGS | {"retention": {"events_days": 30}})
    assert retire(lake, more, FEW, NOW).removed == ()
    assert changes_since(lake, more) == CHANGING
    assert lake.read(RETIRED).filter(table="core/touchpoints")["kept_since"].to_list() == [SINCE]


@pytest.mark.parametrize("status", ["pending", "announced"])
def test_nothing_goes_while_days_that_need_it_wait(lake, status):
    restatements._put(lake, "r1", [(CHANGING - timedelta(days=1), "closing")], status, "test", NOW)
    done = retire(lake, KEPT, FEW, NOW)
    assert (done.removed, done.waits) == (
        (),
        f"1 days before {CHANGING} wait to be computed, the first of them {CHANGING - timedelta(days=1)}",
    )
    assert lake.days(CORE["touchpoints"])[0] == FIRST


def test_a_killed_removal_is_known_of_and_done_by_the_next(lake, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("mta_assets.pipeline.retention._remove_days", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            retire(lake, KEPT, FEW, NOW)
    assert changes_since(lake, KEPT) == CHANGING
    assert retire(lake, KEPT, FEW, NOW).removed
    assert lake.days(CORE["touchpoints"])[0] == SINCE


def test_control_totals_of_days_that_went_are_not_missed(lake, landing):
    control = landing / "control" / "totals.csv"
    control.parent.mkdir()
    control.write_text("day,conversions\n" + "".join(f"{day},1\n" for day in all_days()))
    retire(lake, KEPT, FEW, NOW)
    found = judging.judge_events(lake, KEPT, landing, DayRange(FIRST, LAST), NOW)[judging.CONTROL_CHECK]
    assert (found.passed, found.numbers["subjects"]) == (True, 15)


def test_rejected_rows_go_after_their_time_and_stay_counted(tmp_path, landing):
    (landing / "touchpoints" / "bad.csv").write_text("user_id,ts,channel\nu1,yesterday,email\nu2,2024-01-03T00:00:00Z,email\n")
    made = open_lake(str(tmp_path / "lake"), FEW)
    config = parse_config(SETTINGS | {"retention": {"quarantine_days": 30}})
    ingest(made, config, landed_files(landing, config), NOW)
    assert retire(made, config, FEW, NOW + timedelta(days=29)).removed == ()
    [done] = retire(made, config, FEW, NOW + timedelta(days=31)).removed
    assert (done.table, done.rows) == (QUARANTINE.name, 1)
    assert made.read(QUARANTINE).is_empty()
    assert made.read(FILES)["quarantined"].sum() == 1


@pytest.mark.parametrize(
    ("retention", "says"),
    [
        ({"events_days": 10}, "retention.events_days must be above 10"),
        ({"events_days": 15, "tables": {"learned/*": 14}}, "for a shorter time than events"),
        ({"tables": {"learned/*": 400}}, "for a shorter time than events"),
    ],
)
def test_what_would_keep_the_newest_days_from_being_computed_is_refused(retention, says):
    with pytest.raises(ConfigError, match=says):
        parse_config(SETTINGS | {"retention": retention})


@pytest.mark.parametrize(
    ("name", "says"), [("marts/chanel_daily", "marts/channel_daily"), ("core/touchpoints", "no such table"), ("staged/*", "no such table")]
)
def test_a_table_that_there_is_not_or_that_goes_by_events_days_is_refused(name, says):
    config = parse_config(SETTINGS | {"retention": RETENTION | {"tables": {name: 20}}})
    with pytest.raises(ConfigError, match=says):
        check_tables(config, FEW)
    check_tables(KEPT, FEW)


def test_a_user_can_be_erased_from_all_that_is_kept(lake, landing, tmp_path, monkeypatch):
    monkeypatch.setenv("MTA_PRIVACY_KEY", "k" * 32)
    retire(lake, KEPT, FEW, NOW)
    before = results(lake)
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    keys = PrivacyKeys(current=b"k" * 32)
    places = Places(lake=lake, config=KEPT, models=FEW, landing=landing, uploads=tmp_path / "uploads", store=store, keys=keys)
    asked = Erasures(store, keys).ask(Ids(user_ids=("person-3",)), requested_by="the test", now=NOW)
    done = erase(places, asked.id, lambda: NOW)
    store.close()
    assert done.remaining == ()
    assert done.counts["core/touchpoints"] > 0
    after = results(lake)
    assert after["core/touchpoints"].height < before["core/touchpoints"].height
    assert_frame_equal(*(frames["marts/channel_daily"].filter(pl.col("day") < CHANGING) for frames in (after, before)))
