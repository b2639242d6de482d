"""However the rows arrive, the results are those of computing from scratch, to the last bit, and only what changed is recomputed."""

import os
import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mta_assets.config import parse_config
from mta_assets.contracts.columns import Table
from mta_assets.contracts.tables import (
    CHANNEL_DAILY,
    CHANNEL_PERFORMANCE,
    CONFLICTS,
    CORE,
    FILES,
    JOURNEYS,
    RESTATEMENTS,
    SPEND_DAILY,
    STATISTICS,
)
from mta_assets.lake.lake import Lake
from mta_assets.models.hazard import periods
from mta_assets.models.histories import trees, windows
from mta_assets.models.incremental import comparison, limits
from mta_assets.models.registry import MODELS
from mta_assets.pipeline.run import RunReport, open_lake, run, tables

CONFIG = parse_config({"lookback_days": 2, "fit_window_days": 4, "settle_days": 1, "earliest_day": "2024-01-01", "clock_back_hours": 240})
NOW = datetime(2024, 1, 12, 12, tzinfo=UTC)
MODELS_IN_TEST = {name: MODELS[name] for name in ("linear", "markov_1", "counterfactual", "hazard", "incremental")}
OF_INGEST = {"staged/files", "staged/quarantine", "staged/touchpoints", "staged/conversions", "staged/spend", "core/restatements"}

EXAMPLES = int(os.environ.get("MTA_TEST_EXAMPLES", "2"))


@pytest.fixture(scope="module", autouse=True)
def a_few_events_are_enough():
    """So that what touches added is estimated, whatever it is worth, of as few events as these."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in ((windows, ("CONVERSIONS", "DAYS", "CONVERSION_DAYS")), (limits, ("USERS", "OVERLAP", "VISITS"))):
            for name in names:
                patch.setattr(module, f"LEAST_{name}", 0)
        for parameters in (trees.PARAMETERS, trees.OF_CHANCES):
            patch.setitem(parameters, "min_data_in_leaf", 1)
        patch.setitem(trees.PARAMETERS, "bagging_freq", 0)  # of one moment, a part is none
        patch.setattr(comparison, "_TREES", 3)
        patch.setattr(periods, "HELD_OUT", 2)  # one of the three users
        yield


users = st.sampled_from(["ann", "bob", "cid"])
hours = st.integers(0, 7 * 24)
touches = st.tuples(
    st.just("touchpoints"), users, hours, st.sampled_from(["email", "paid search", "direct"]), st.sampled_from(["", "t1", "t2"])
)
orders = st.tuples(st.just("conversions"), users, hours, st.sampled_from(["10.10", "20.25", "0.1"]), st.sampled_from(["", "o1", "o2"]))
costs = st.tuples(st.just("spend"), st.just(""), hours, st.sampled_from(["1.5", "2"]), st.sampled_from(["email", "display"]))
rows = st.lists(st.one_of(touches, touches, orders, costs), max_size=12)
# What arrives, in order: files by name; a name that comes again is a corrected file.
arrivals = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), rows), min_size=1, max_size=4)

HEADERS = {
    "touchpoints": "user_id,ts,channel,event_id",
    "conversions": "user_id,ts,value,conversion_id",
    "spend": "day,channel,cost",
}


def line(row: tuple[str, str, int, str, str]) -> str:
    kind, user, hour, first, second = row
    when = datetime(2024, 1, 1 + hour // 24, hour % 24, tzinfo=UTC)
    return f"{when.date()},{second},{first}" if kind == "spend" else f"{user},{when.isoformat()},{first},{second}"


def land(landing: Path, name: str, content: list) -> None:
    """One file per kind, as an export would be; a kind without rows is a header alone."""
    for kind, header in HEADERS.items():
        (landing / kind).mkdir(parents=True, exist_ok=True)
        lines = [header, *(line(row) for row in content if row[0] == kind)]
        (landing / kind / f"{name}.csv").write_text("\n".join(lines) + "\n")


def results(lake: Lake) -> dict[str, pl.DataFrame]:
    """Everything that the rows determine, sorted."""
    kept: list[Table] = [table for table in tables(MODELS_IN_TEST) if table.name not in OF_INGEST]
    return {table.name: lake.read(table).sort(list(table.key)) for table in kept}


def ran(lake: Lake, landing: Path) -> RunReport:
    return run(lake, CONFIG, MODELS_IN_TEST, landing, NOW)


@given(arrivals)
# An example takes seconds: shrinking one would take longer than reading it.
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
def test_any_order_split_repetition_and_correction_equals_computing_from_scratch(arriving):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        step_by_step = open_lake(str(folder / "steps"), MODELS_IN_TEST)
        for name, content in arriving:
            land(folder / "landing", name, content)
            ran(step_by_step, folder / "landing")
        from_scratch = open_lake(str(folder / "scratch"), MODELS_IN_TEST)
        ran(from_scratch, folder / "landing")
        expected = results(from_scratch)
        for table, frame in results(step_by_step).items():
            assert_frame_equal(frame, expected[table], check_exact=True)


@pytest.fixture(scope="module")
def week(tmp_path_factory, a_few_events_are_enough) -> Path:
    """A folder with three users, one of whom converts twice, and the lake that was computed of them. Not to be changed."""
    folder = tmp_path_factory.mktemp("week")
    touch = [("touchpoints", user, hour, "email", "") for user in ("ann", "bob") for hour in (1, 30, 60)]
    order = [("conversions", "ann", 31, "10.10", "o1"), ("conversions", "ann", 100, "20.25", "o2")]
    land(folder / "landing", "week", [*touch, *order, ("spend", "", 5, "1.5", "email")])
    ran(open_lake(str(folder / "lake"), MODELS_IN_TEST), folder / "landing")
    return folder


@pytest.fixture
def landing(week, tmp_path) -> Path:
    return shutil.copytree(week / "landing", tmp_path / "landing")


@pytest.fixture
def lake(week, tmp_path) -> Lake:
    return Lake(str(shutil.copytree(week / "lake", tmp_path / "lake")))


def test_the_same_file_again_changes_nothing(lake, landing):
    versions = {table.name: lake.version(table) for table in tables(MODELS_IN_TEST)}
    os.utime(landing / "touchpoints" / "week.csv")
    report = ran(lake, landing)
    assert {file.status for file in report.files} == {"unchanged"}
    assert {table.name: lake.version(table) for table in tables(MODELS_IN_TEST)} == versions


def test_a_renamed_copy_adds_no_row_and_recomputes_nothing(lake, landing):
    before = results(lake)
    copy = (landing / "touchpoints" / "week.csv").read_bytes()
    (landing / "touchpoints" / "copy.csv").write_bytes(copy)
    report = ran(lake, landing)
    taken = next(file for file in report.files if file.file.endswith("copy.csv"))
    assert (taken.rows_read, taken.accepted, taken.duplicates) == (6, 0, 6)
    assert report.closed == ()
    for table, frame in results(lake).items():
        said = [column for column in frame.columns if column not in {"file", "row"}]
        assert_frame_equal(frame.select(said), before[table].select(said), check_exact=True)


def test_a_late_touch_recomputes_only_the_days_whose_journeys_it_changes(lake, landing):
    (landing / "touchpoints" / "late.csv").write_text(f"{HEADERS['touchpoints']}\n{line(('touchpoints', 'ann', 90, 'display', ''))}\n")
    report = ran(lake, landing)
    # At hour 90 of ann: her order at hour 100 (5 January) gains a touch. Her run of touches that expired unfollowed ends where it ended.
    closed = [day for days in report.closed for day in days]
    assert date(2024, 1, 5) in closed
    assert set(closed) <= {date(2024, 1, 5), date(2024, 1, 6)}
    # Models that look at events see it on its own day already.
    assert all(day >= date(2024, 1, 4) for days in report.refitted for day in days)


def test_a_withdrawn_row_brings_its_duplicate_back(lake, landing):
    (landing / "conversions" / "copy.csv").write_text(f"{HEADERS['conversions']}\n{line(('conversions', 'ann', 31, '10.10', 'o1'))}\n")
    ran(lake, landing)
    (landing / "conversions" / "week.csv").write_text(HEADERS["conversions"] + "\n")
    ran(lake, landing)
    assert lake.read(CORE["conversions"])["conversion_id"].to_list() == ["o1"]


def test_two_rows_that_claim_one_identity_are_both_kept_and_one_counts(lake, landing):
    (landing / "conversions" / "z.csv").write_text(f"{HEADERS['conversions']}\n{line(('conversions', 'ann', 31, '99', 'o1'))}\n")
    report = ran(lake, landing)
    core = lake.read(CORE["conversions"]).filter(conversion_id="o1")
    assert core["value"].to_list() == [99]  # z sorts after week
    conflict = lake.read(CONFLICTS).row(0, named=True)
    assert (conflict["file"], conflict["value"]) == ("conversions/week.csv", "o1")
    assert "z.csv" in conflict["reason"]
    assert next(file for file in report.files if file.file.endswith("z.csv")).accepted == 1


def test_an_unreadable_file_stops_nothing_and_what_it_said_before_stays(lake, landing):
    before = lake.read(CORE["touchpoints"])
    (landing / "touchpoints" / "week.csv").write_bytes(b"\x1f\x8b broken")
    land(landing, "next", [("touchpoints", "cid", 3, "email", "")])
    report = ran(lake, landing)
    broken = next(file for file in report.files if file.file == "touchpoints/week.csv")
    assert broken.status == "unreadable"
    assert broken.reason
    assert lake.read(CORE["touchpoints"]).height == before.height + 1


def test_every_row_of_every_file_is_accounted_for(lake):
    for file in lake.read(FILES).iter_rows(named=True):
        assert file["accepted"] + file["quarantined"] + file["duplicates"] == file["rows_read"]


def test_nothing_is_left_to_do_after_a_run(lake):
    assert lake.read(FILES)["pending_days"].list.len().sum() == 0
    assert set(lake.read(RESTATEMENTS)["status"]) == {"done"}


def test_every_result_table_is_filled(lake):
    for table in (JOURNEYS, *STATISTICS, CHANNEL_DAILY, SPEND_DAILY, CHANNEL_PERFORMANCE):
        assert lake.read(table).height, table.name


def test_a_clock_that_has_gone_back_hides_no_day_that_has_results(lake, landing, tmp_path):
    land(landing, "late", [("touchpoints", "ann", 2, "direct", "")])
    run(lake, CONFIG, MODELS_IN_TEST, landing, NOW - timedelta(days=9, hours=13))  # in the middle of the days that were closed
    calm = open_lake(str(tmp_path / "calm"), MODELS_IN_TEST)
    ran(calm, landing)
    for name, frame in results(calm).items():
        assert_frame_equal(results(lake)[name], frame, check_exact=True)
    assert set(lake.read(RESTATEMENTS)["status"]) == {"done"}
