"""What a file is shows in its content; what would make its reader run out of memory is refused before it is read."""

import gzip
import io

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from mta_assets.errors import DataError, ForeignFormatError, TooLargeError
from mta_assets.jobs.screening import Limits, screen

CSV = b"user_id,ts,channel\nu1,2026-03-01T10:00:00Z,email\n"
LIMITS = Limits(unpacked_bytes=30_000_000, ratio=100, ratio_from_bytes=1_000_000, cells=1_000_000)


@pytest.fixture
def screened(tmp_path):
    def screened(content, limits=LIMITS):
        path = tmp_path / "file.csv"  # the name says nothing
        path.write_bytes(content)
        return screen(path, limits)

    return screened


def parquet(table, **how):
    held = io.BytesIO()
    pq.write_table(table, held, **how)
    return held.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CSV,
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        CSV.decode().encode("utf-16-le"),
        "ユーザー,時刻\n日本,1\n".encode("shift_jis"),
        "Käufer;Zeit\nGrün;1\n".encode("cp1252"),
        b'[{"user_id": "u1"}]',
        b"user_id,ts\nu1\x00,1\n",
    ],
)
def test_text_in_any_encoding_that_is_read_passes(screened, content):
    assert screened(content).unpacked_bytes == len(content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04" + b"\0" * 30, "ZIP"),
        (b"PK\x03\x04....[Content_Types].xml", "xlsx"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, "xls"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\x0000", "tar"),
        (b"BZh91AY&SY...", "bzip2"),
        (b"\xfd7zXZ\x00...", "xz"),
        (b"SQLite format 3\x00...", "SQLite"),
        (b"ARROW1\x00\x00...", "Arrow"),
        (b"  <!DOCTYPE html><html>", "HTML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "XML"),
        (np.random.default_rng(7).bytes(5_000), "binary"),
        (b"\0" * 5_000, "binary"),
        (gzip.compress(b"PK\x03\x04" + b"\0" * 30), "ZIP archive compressed with gzip"),
        (gzip.compress(gzip.compress(CSV)), "twice"),
        (zstandard.compress(gzip.compress(CSV)), "twice"),
        (gzip.compress(parquet(pa.table({"a": [1]}))), "Parquet"),
    ],
)
def test_a_format_that_is_not_read_is_refused_and_named(screened, content, what):
    with pytest.raises(ForeignFormatError, match=what):
        screened(content)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_what_a_compressed_file_unpacks_to_is_counted(screened, pack):
    assert screened(pack(CSV * 100)).unpacked_bytes == 100 * len(CSV)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_file_that_unpacks_to_very_many_times_its_size_is_refused(screened, pack):
    with pytest.raises(TooLargeError, match="100 times"):
        screened(pack(b"a" * 5_000_000))


def test_a_file_that_unpacks_to_too_much_is_refused_whatever_its_ratio(screened):
    digits = np.random.default_rng(7).integers(48, 58, 31_000_000, dtype=np.uint8).tobytes()
    with pytest.raises(TooLargeError, match="30 MB"):
        screened(gzip.compress(digits, 1))
    with pytest.raises(TooLargeError, match="30 MB"):
        screened(digits)


def test_a_parquet_file_that_repeats_one_long_value_is_refused_without_making_it(screened):
    repeated = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, dtype=np.int32)), pa.array(["x" * 1_000_000]))
    content = parquet(pa.table({"user_id": repeated}))
    assert len(content) < 1_000_000
    with pytest.raises(TooLargeError, match="30 MB"):
        screened(content)


def test_a_parquet_file_of_very_many_cells_is_refused(screened):
    with pytest.raises(TooLargeError, match="rows x 1 columns"):
        screened(parquet(pa.table({"n": np.zeros(1_000_001, dtype=np.int8)})))


def test_a_parquet_file_counts_by_the_values_that_it_holds(screened):
    table = pl.DataFrame({"user_id": [f"user {n:06}" for n in range(1_000)] * 10}).to_arrow()
    assert screened(parquet(table)).unpacked_bytes == pytest.approx(10_000 * len("user 000000"), rel=0.5)


@pytest.mark.parametrize(
    "content", [gzip.compress(CSV * 1_000)[:-9], parquet(pa.table({"a": [1]}))[:-9], b"\x1f\x8bnonsense", b"PAR1nonsense"]
)
def test_a_file_that_is_cut_short_is_told_to_be(screened, content):
    with pytest.raises(DataError, match="cut short or damaged"):
        screened(content)
