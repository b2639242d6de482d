"""The lake: days are replaced whole or not at all, writers lose nothing to each other, and what the storage refuses is said in words."""

import os
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from mta_assets.contracts.columns import ContractError
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import RESTATEMENTS, SPEND_DAILY, TOUCHPOINTS
from mta_assets.errors import LakeAwayError, LakeError
from mta_assets.lake.failures import refused
from mta_assets.lake.lake import Lake

DAYS = [date(2024, 1, day) for day in range(1, 5)]
MIDDLE = DayRange(DAYS[1], DAYS[2])


def spend(days, channel="email", cost=1) -> pl.DataFrame:
    frame = pl.DataFrame({"day": days}, schema={"day": pl.Date})
    return SPEND_DAILY.conform(
        frame.with_columns(channel=pl.lit(channel), campaign=pl.lit("c"), currency=pl.lit("EUR"), cost=cost, impressions=1, clicks=1)
    )


def costs(lake) -> list:
    return [
        (row["day"].day, row["channel"], int(row["cost"])) for row in lake.read(SPEND_DAILY).sort("day", "channel").iter_rows(named=True)
    ]


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([SPEND_DAILY])
    lake.replace_days(SPEND_DAILY, spend(DAYS), DayRange(DAYS[0], DAYS[-1]))
    return lake


def test_replacing_days_leaves_the_others_as_they_were(lake):
    lake.replace_days(SPEND_DAILY, spend([DAYS[1]], cost=9), MIDDLE)
    assert costs(lake) == [(1, "email", 1), (2, "email", 9), (4, "email", 1)]


def test_events_are_stored_as_they_are_and_what_recurs_in_them_once(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    lake.prepare([TOUCHPOINTS])
    row = {name: "a" for name, dtype in TOUCHPOINTS.schema.items() if dtype == pl.String} | {
        "kind": "click",
        "bucket": 1,
        "user": 65,
        "row": 1,
    }
    touch = pl.DataFrame([row | {"day": DAYS[0], "ts": datetime(2024, 1, 1, tzinfo=UTC), "cost": None}])
    lake.append(TOUCHPOINTS, TOUCHPOINTS.conform(touch))
    stored = pq.ParquetFile(next((tmp_path / "lake").rglob("*.parquet"))).metadata.row_group(0)
    columns = {column.path_in_schema: column for column in map(stored.column, range(stored.num_columns))}
    assert {column.compression for column in columns.values()} == {"UNCOMPRESSED"}
    plain = {name for name, column in columns.items() if "RLE_DICTIONARY" not in column.encodings} - {"cost"}
    assert plain == {"user", "ts", "event_id", "row"}


def test_a_frame_that_breaks_the_contract_is_not_written_and_yesterdays_rows_stay(lake):
    before, version = costs(lake), lake.version(SPEND_DAILY)
    with pytest.raises(ContractError, match="marts/spend_daily"):
        lake.replace_days(SPEND_DAILY, spend([DAYS[1]], channel=""), MIDDLE)
    assert (costs(lake), lake.version(SPEND_DAILY)) == (before, version)


def test_the_version_grows_by_one_with_each_commit(lake):
    version = lake.version(SPEND_DAILY)
    lake.append(SPEND_DAILY, spend([DAYS[0]], channel="display"))
    lake.append(SPEND_DAILY, SPEND_DAILY.empty())  # nothing to say, no commit
    lake.delete_where(SPEND_DAILY, {"channel": "display"})
    assert lake.version(SPEND_DAILY) == version + 2


def test_a_reader_sees_a_snapshot(lake):
    snapshot = lake.scan(SPEND_DAILY)
    Lake(lake.root).replace_days(SPEND_DAILY, SPEND_DAILY.empty(), DayRange(DAYS[0], DAYS[-1]))
    assert snapshot.collect().height == 4
    assert lake.read(SPEND_DAILY).is_empty()


def test_names_with_quotes_are_values_and_nothing_else(lake):
    awkward = "it's ' OR '1'='1"
    lake.append(SPEND_DAILY, spend([DAYS[0]], channel=awkward))
    assert lake.has_where(SPEND_DAILY, {"channel": awkward})
    lake.replace_where(SPEND_DAILY, spend([DAYS[0]], channel=awkward, cost=7), {"channel": awkward})
    assert costs(lake)[:2] == [(1, "email", 1), (1, awkward, 7)]
    lake.delete_where(SPEND_DAILY, {"channel": awkward})
    assert costs(lake) == [(day, "email", 1) for day in (1, 2, 3, 4)]
    assert not lake.has_where(SPEND_DAILY, {"channel": awkward})


def test_to_prepare_again_keeps_what_is_there(lake):
    Lake(lake.root).prepare([SPEND_DAILY, RESTATEMENTS])
    assert len(costs(lake)) == 4


WRITER = textwrap.dedent(
    """
    import sys
    from datetime import date, timedelta
    import polars as pl
    from mta_assets.contracts.days import DayRange
    from mta_assets.contracts.tables import SPEND_DAILY
    from mta_assets.lake.lake import Lake
    lake, channel = Lake(sys.argv[1]), sys.argv[2]
    lake.prepare([SPEND_DAILY])
    about = dict(channel=pl.lit(channel), campaign=pl.lit("c"), currency=pl.lit("EUR"), cost=1, impressions=1, clicks=1)
    for n in range(4):
        frame = pl.DataFrame({"day": [date(2024, 1, 1) + timedelta(days=n)]}).with_columns(**about)
        lake.append(SPEND_DAILY, SPEND_DAILY.conform(frame))
    lake.replace_where(SPEND_DAILY, lake.read(SPEND_DAILY).filter(channel=channel), {"channel": channel})
    """
)


def test_first_and_later_writers_in_processes_lose_nothing(tmp_path):
    root = str(tmp_path / "new")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, root, channel]) for channel in ("a", "b", "c")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    assert costs(Lake(root)) == [(day, channel, 1) for day in (1, 2, 3, 4) for channel in "abc"]


def test_a_table_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(LakeError, match="`mta ingest` creates it"):
        Lake(str(tmp_path)).read(SPEND_DAILY)


@pytest.mark.parametrize("written", [pl.DataFrame({"a": [1]}), SPEND_DAILY.empty().cast({"clicks": pl.String})], ids=["columns", "type"])
def test_a_lake_of_another_version_is_refused_by_readers_and_writers(tmp_path, written):
    write_deltalake(str(tmp_path / SPEND_DAILY.name), written)
    lake = Lake(str(tmp_path))
    lake.prepare([SPEND_DAILY])
    with pytest.raises(LakeError, match=r"another version of this program.*clicks.*new folder"):
        lake.read(SPEND_DAILY)
    with pytest.raises(LakeError, match="another version"):
        lake.append(SPEND_DAILY, spend(DAYS))


def test_a_damaged_log_and_a_lost_file_are_said_without_a_stack(lake, tmp_path):
    next((tmp_path / "lake").rglob("*.parquet")).unlink()
    with pytest.raises(LakeError, match="Call `mta heal`"):
        lake.read(SPEND_DAILY)
    for log in (tmp_path / "lake").rglob("0*.json"):
        log.write_text("{broken")
    with pytest.raises(LakeError, match="Restore the lake from a copy") as refusal:
        Lake(lake.root).read(SPEND_DAILY)
    assert "unknown" not in str(refusal.value)
    with pytest.raises(LakeError, match="could not be created"):
        Lake(lake.root).prepare([SPEND_DAILY])


def test_an_open_lake_whose_disk_is_gone_says_so_and_works_on_when_it_is_back(lake, tmp_path):
    root, elsewhere = Path(lake.root), tmp_path / "elsewhere"
    version = lake.version(SPEND_DAILY)
    root.rename(elsewhere)
    root.mkdir()  # where a disk was mounted
    for ask in (lake.version, lake.read, lake.days, lambda table: lake.replace_days(table, spend(DAYS), MIDDLE)):
        with pytest.raises(LakeAwayError, match="see that the lake's disk is mounted"):
            ask(SPEND_DAILY)
    shutil.rmtree(root)
    elsewhere.rename(root)
    assert lake.version(SPEND_DAILY) == version


def test_a_file_in_the_place_of_the_lake_is_said(tmp_path):
    (tmp_path / "lake").write_text("")
    with pytest.raises(LakeError, match="A file stands where a folder must be"):
        Lake(str(tmp_path / "lake")).prepare([SPEND_DAILY])


NOBODY = 65534
READER = WRITER.split("lake, channel", maxsplit=1)[0] + textwrap.dedent(
    """
    import os
    import pandera.polars
    from mta_assets.contracts.tables import RESTATEMENTS
    from mta_assets.errors import LakeAwayError, LakeError
    if os.getuid() == 0:
        os.setgid(65534), os.setuid(65534)  # root may write anywhere
    lake = Lake(sys.argv[1])
    frame = lake.read(SPEND_DAILY)
    def taken():
        with lake.alone():
            print("not refused")
    attempts = (lambda: lake.append(SPEND_DAILY, frame), lambda: lake.delete_where(SPEND_DAILY, {"channel": "email"}), taken)
    for attempt in (*attempts, lambda: lake.prepare([RESTATEMENTS])):
        try:
            attempt()
            print("not refused")
        except LakeError as error:
            print(error)
    print(lake.read(SPEND_DAILY).equals(frame))
    """
)


def test_without_permission_to_write_the_lake_is_read_and_each_write_says_what_to_do(lake, tmp_path):
    folders = [tmp_path, *tmp_path.parents]
    if os.getuid() == 0:
        for folder in (folder for folder in folders if folder.is_relative_to(tmp_path.parents[2])):
            folder.chmod(0o755)
    for folder in (tmp_path / "lake").rglob("*/"):
        folder.chmod(0o555)
    (tmp_path / "lake").chmod(0o555)
    child = subprocess.run([sys.executable, "-c", READER, lake.root], capture_output=True, text=True, check=False, timeout=60)
    *refusals, unchanged = child.stdout.splitlines()
    assert (len(refusals), unchanged) == (4, "True"), child.stderr
    assert all("No permission: give the user" in refusal and "Nothing was changed" in refusal for refusal in refusals), refusals


def test_a_panic_of_the_reader_is_told_in_words_of_ours():
    panic = pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value: at src/lib.rs:42")
    said = str(refused("marts/spend_daily", "/lake", "read", panic))
    assert said.startswith("marts/spend_daily could not be read in the lake at /lake (the bytes of a file make no table).")
    assert "unwrap" not in said
