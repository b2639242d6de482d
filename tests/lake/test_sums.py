"""What the disk gives back is what was written, or it is not served."""

import random
import re
from datetime import UTC, date, datetime

import polars as pl
import pytest

from mta_assets.contracts.days import DayRange
from mta_assets.contracts.profiles import BOTS
from mta_assets.contracts.tables import ERASED, SPEND_DAILY
from mta_assets.errors import DamagedError, LakeError
from mta_assets.lake.lake import Lake
from mta_assets.lake.sums import Sums
from mta_assets.pipeline.upkeep import tidy

DAYS = [date(2024, 1, day) for day in (1, 2)]


def rows(cost=1) -> pl.DataFrame:
    about = {"channel": pl.lit("email"), "campaign": pl.lit("c"), "currency": pl.lit("EUR")}
    return SPEND_DAILY.conform(pl.DataFrame({"day": DAYS}).with_columns(**about, cost=cost, impressions=1, clicks=1))


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([SPEND_DAILY])
    lake.append(SPEND_DAILY, rows())
    return lake


@pytest.fixture
def folder(lake, tmp_path):
    return tmp_path / "lake" / SPEND_DAILY.name


def flip(path, rng) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def test_every_flipped_bit_is_found_before_it_is_served(lake, folder):
    rng, name = random.Random(1), lake.files(SPEND_DAILY)[0]  # noqa: S311  no secret
    good = (folder / name).read_bytes()
    for _ in range(50):
        flip(folder / name, rng)
        fresh = Lake(lake.root)
        with pytest.raises(LakeError, match=r"is damaged: .* is gone or not what was written\. Call `mta heal`"):
            fresh.read_to_serve(SPEND_DAILY)
        assert fresh.unreadable == {SPEND_DAILY.name}
        (folder / name).write_bytes(good)
        assert fresh.read_to_serve(SPEND_DAILY).height == 2
        assert fresh.unreadable == set()


def test_no_row_of_a_damaged_day_is_read_by_anybody_and_other_days_are(lake, folder):
    first, second = sorted(lake.files(SPEND_DAILY))
    good = (folder / second).read_bytes()
    flip(folder / second, random.Random(4))  # noqa: S311  no secret
    fresh = Lake(lake.root)
    assert fresh.read(SPEND_DAILY, DayRange(DAYS[0], DAYS[0])).height == 1
    assert fresh.unreadable == set()
    for read in (fresh.read, fresh.scan):
        for days in (None, DayRange(*DAYS)):
            with pytest.raises(DamagedError, match=re.escape(second)):
                read(SPEND_DAILY, days)
    with pytest.raises(DamagedError):
        fresh.has_where(SPEND_DAILY, {"channel": "email"})
    assert fresh.unreadable == {SPEND_DAILY.name}
    assert (fresh.days(SPEND_DAILY), fresh.rows(SPEND_DAILY)) == (DAYS, 2)  # by the log alone
    (folder / second).write_bytes(good)
    assert fresh.read(SPEND_DAILY).height == 2
    assert fresh.unreadable == set()
    assert first != second


def test_a_file_that_is_gone_is_damage_whether_or_not_its_checksum_is_known(lake, folder):
    for piece in (folder / "_sums").iterdir():
        piece.unlink()
    gone = lake.files(SPEND_DAILY)[0]
    (folder / gone).unlink()
    with pytest.raises(DamagedError, match=re.escape(gone)):
        Lake(lake.root).read(SPEND_DAILY)
    assert lake.damaged(SPEND_DAILY) == [gone]
    assert lake.days_of(SPEND_DAILY, [gone]) == [date.fromisoformat(gone[4:14])]


def test_rows_that_follow_from_nothing_in_the_lake_are_to_be_put_back(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([ERASED])
    when = datetime(2026, 1, 1, tzinfo=UTC)
    lake.append(ERASED, pl.DataFrame([{"key_id": "k", "mark": "m", "erased_at": when}], schema=ERASED.schema))
    flip(tmp_path / "lake" / ERASED.name / lake.files(ERASED)[0], random.Random(6))  # noqa: S311  no secret
    with pytest.raises(DamagedError, match="Put the file back from a copy"):
        Lake(lake.root).read(ERASED)


def test_a_table_in_one_piece_goes_on_without_the_file_that_is_given_up(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([BOTS])
    for n, day in enumerate(DAYS):
        row = {"day": day, "bucket": n, "user": n, "touches": 9, "reason": "many"}
        lake.append(BOTS, pl.DataFrame([row], schema=BOTS.schema))
    folder = tmp_path / "lake" / BOTS.name
    wrong = next(file for file in lake.files(BOTS) if lake.days_of(BOTS, [file]) == [DAYS[0]])
    flip(folder / wrong, random.Random(7))  # noqa: S311  no secret
    lake.give_up(BOTS, [wrong])
    assert Lake(lake.root).read(BOTS)["day"].to_list() == [DAYS[1]]
    assert not (folder / wrong).exists()


def test_a_damaged_day_that_is_written_anew_is_read_again(lake, folder):
    flip(folder / sorted(lake.files(SPEND_DAILY))[0], random.Random(5))  # noqa: S311  no secret
    fresh = Lake(lake.root)
    with pytest.raises(DamagedError):
        fresh.read(SPEND_DAILY)
    fresh.replace_days(SPEND_DAILY, rows(cost=7).head(1), DayRange(DAYS[0], DAYS[0]))
    assert fresh.read(SPEND_DAILY).sort("day")["cost"].to_list() == [7, 1]
    assert fresh.unreadable == set()


def test_a_file_is_looked_at_once_per_process_and_a_new_one_when_it_comes(lake, monkeypatch):
    looked, original = [], Sums._sum
    monkeypatch.setattr(Sums, "_sum", lambda self, file: looked.append(file) or original(self, file))
    reader = Lake(lake.root)
    reader.read_to_serve(SPEND_DAILY)
    assert len(looked) == 2
    reader.read_to_serve(SPEND_DAILY)
    assert len(looked) == 2
    lake.replace_days(SPEND_DAILY, rows(cost=2).head(1), DayRange(DAYS[0], DAYS[0]))
    looked.clear()
    reader.read_to_serve(SPEND_DAILY)
    assert len(looked) == 1


def test_files_that_a_writer_left_unnoted_are_noted_by_the_upkeep(lake, folder):
    for piece in (folder / "_sums").iterdir():
        piece.unlink()
    assert lake.read_to_serve(SPEND_DAILY).height == 2
    assert tidy(lake, [SPEND_DAILY], keep_hours=1)[0].failed == ""
    flip(folder / lake.files(SPEND_DAILY)[0], random.Random(2))  # noqa: S311  no secret
    assert lake.damaged(SPEND_DAILY) == lake.files(SPEND_DAILY)[:1]


def test_the_upkeep_names_a_damaged_file_and_does_not_mix_it_with_others(lake, folder):
    lake.append(SPEND_DAILY, rows(cost=3).with_columns(channel=pl.lit("direct")))
    flip(folder / (wrong := lake.files(SPEND_DAILY)[0]), random.Random(3))  # noqa: S311  no secret
    version = lake.version(SPEND_DAILY)
    (done,) = tidy(lake, [SPEND_DAILY], keep_hours=1)
    assert wrong in done.failed
    assert "Call `mta heal`" in done.failed
    assert done.damaged == (wrong,)
    assert lake.version(SPEND_DAILY) == version


def test_what_is_noted_stays_one_piece_for_the_files_there_are(lake, folder):
    for cost in range(5):
        lake.replace_days(SPEND_DAILY, rows(cost=cost), DayRange(*DAYS))
    assert len(list((folder / "_sums").iterdir())) == 6
    lake.sweep(SPEND_DAILY, keep_hours=0)
    (piece,) = (folder / "_sums").iterdir()
    assert sorted(Sums(folder)._known()) == sorted(lake.files(SPEND_DAILY))
    piece.write_text("{torn")
    assert lake.read_to_serve(SPEND_DAILY).height == 2
    assert lake.damaged(SPEND_DAILY) == []


def test_a_disk_without_room_for_a_checksum_takes_no_commit_back(lake, monkeypatch):
    def full(self, after, last):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Sums, "note_commits", full)
    lake.replace_days(SPEND_DAILY, rows(cost=9), DayRange(*DAYS))
    assert lake.read_to_serve(SPEND_DAILY)["cost"].unique().to_list() == [9]
