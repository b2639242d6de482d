"""Compaction and sweeping change no row, take nothing from those who read or write meanwhile, and say what they removed."""

import multiprocessing
import os
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import SPEND_DAILY
from mta_assets.errors import LakeError
from mta_assets.lake.lake import Lake
from mta_assets.pipeline.upkeep import Tidied, tidy

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(4)]
ALL = DayRange(DAYS[0], DAYS[-1])


def rows(days=DAYS, channel="email", cost=1) -> pl.DataFrame:
    about = {"channel": pl.lit(channel), "campaign": pl.lit("c"), "currency": pl.lit("EUR")}
    return SPEND_DAILY.conform(pl.DataFrame({"day": days}).with_columns(**about, cost=cost, impressions=1, clicks=1))


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Four days in three files each."""
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([SPEND_DAILY])
    for channel in ("email", "direct", "display"):
        lake.append(SPEND_DAILY, rows(channel=channel))
    return lake


def files(lake) -> list[Path]:
    return [path for path in Path(lake.root, SPEND_DAILY.name).rglob("*.parquet") if "_delta_log" not in path.parts]


def aged(lake, hours) -> None:
    """Make every data file that old, as far as the storage tells."""
    for path in files(lake):
        os.utime(path, (time.time() - hours * 3600,) * 2)


def test_each_day_becomes_one_file_and_its_rows_stay_in_their_order(lake):
    before = lake.read(SPEND_DAILY)
    assert lake.compact(SPEND_DAILY) == 12
    assert len(files(lake)) == 12 + 4
    days = [before.filter(day=day) for day in DAYS], [lake.read(SPEND_DAILY).filter(day=day) for day in DAYS]
    for one, other in zip(*days, strict=True):
        assert_frame_equal(one, other)
    version = lake.version(SPEND_DAILY)
    assert lake.compact(SPEND_DAILY) == 0
    assert lake.version(SPEND_DAILY) == version


def test_what_old_versions_need_is_removed_when_its_time_is_over_and_told(lake):
    lake.compact(SPEND_DAILY)
    assert tidy(lake, [SPEND_DAILY], keep_hours=1) == [Tidied(table=SPEND_DAILY.name)]
    before, size = set(files(lake)), sum(path.stat().st_size for path in files(lake))
    swept = lake.sweep(SPEND_DAILY, keep_hours=0)
    gone = before - set(files(lake))
    assert swept.files == len(gone) == 12
    assert swept.bytes_freed == size - sum(path.stat().st_size for path in files(lake))
    assert lake.read(SPEND_DAILY).height == 12


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(lake):
    folder = Path(lake.root, SPEND_DAILY.name, "day=2024-01-01")
    old, fresh = folder / "left.parquet", folder / "under-way.parquet"
    for path in (old, fresh):
        path.write_bytes(b"not yet committed")
    os.utime(old, (time.time() - 7_200,) * 2)
    assert tidy(lake, [SPEND_DAILY], keep_hours=1)[0].removed == 1
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_reader_of_a_version_within_its_time_is_not_disturbed_and_of_an_older_one_gets_no_wrong_rows(lake):
    snapshot, expected = lake.scan(SPEND_DAILY), lake.read(SPEND_DAILY)
    Lake(lake.root).replace_days(SPEND_DAILY, rows(cost=7), ALL)
    aged(lake, hours=2)
    tidy(Lake(lake.root), [SPEND_DAILY], keep_hours=1)  # replaced a moment ago, however old the file
    assert_frame_equal(lake.collect(snapshot), expected, check_row_order=False)
    Lake(lake.root).sweep(SPEND_DAILY, keep_hours=0)
    with pytest.raises(LakeError, match="is gone"):
        lake.collect(snapshot)
    assert lake.read(SPEND_DAILY)["cost"].unique().to_list() == [7]


def test_nothing_is_swept_while_a_writer_has_written_and_not_committed_whatever_the_clock_says(lake, monkeypatch):
    written, go_on = threading.Event(), threading.Event()
    original = lake._table

    def slow(table):
        written.set()
        go_on.wait(10)
        return original(table)

    monkeypatch.setattr(lake, "_table", slow)
    writer = threading.Thread(target=lake.append, args=(SPEND_DAILY, rows(channel="late")))
    writer.start()
    written.wait(10)
    sweeper = threading.Thread(target=Lake(lake.root).sweep, args=(SPEND_DAILY, 0))
    sweeper.start()
    sweeper.join(0.3)
    assert sweeper.is_alive()
    go_on.set()
    writer.join(10)
    sweeper.join(10)
    assert not sweeper.is_alive()
    assert Lake(lake.root).read(SPEND_DAILY).filter(channel="late").height == 4


def _write(root, channel, times):
    lake = Lake(root)
    for n in range(1, times + 1):
        lake.append(SPEND_DAILY, rows(DAYS[n % 4 : n % 4 + 1], channel=f"{channel}{n}"))
        lake.replace_where(SPEND_DAILY, rows(channel=channel, cost=n), {"channel": channel})


def test_writers_beside_the_upkeep_lose_nothing_and_double_nothing(lake):
    times = 12
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(lake.root, channel, times)) for channel in ("a", "b")]
    for writer in writers:
        writer.start()
    rounds = 0
    while any(writer.is_alive() for writer in writers):
        assert tidy(lake, [SPEND_DAILY], keep_hours=0)[0].failed == ""
        rounds += 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    found = lake.read(SPEND_DAILY).group_by("channel").agg(pl.len(), pl.col("cost").max().cast(pl.Int64))
    expected = dict.fromkeys(("email", "direct", "display"), (4, 1)) | dict.fromkeys("ab", (4, times))
    expected |= {f"{channel}{n}": (1, 1) for channel in "ab" for n in range(1, times + 1)}
    assert {channel: (count, cost) for channel, count, cost in found.iter_rows()} == expected
    assert rounds > 2


def test_a_table_that_cannot_be_tidied_is_named_and_stops_no_other(lake):
    for log in Path(lake.root, SPEND_DAILY.name, "_delta_log").glob("*.json"):
        log.write_text("{broken")
    good = SPEND_DAILY.__class__(name="marts/other", grain="as that", key=SPEND_DAILY.key, columns=SPEND_DAILY.columns)
    fresh = Lake(lake.root)
    fresh.prepare([good])
    broken, fine = tidy(fresh, [SPEND_DAILY, good], keep_hours=1)
    assert "marts/spend_daily could not be opened" in broken.failed
    assert fine == Tidied(table="marts/other")
