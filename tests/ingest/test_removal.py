"""A raw file loses the rows of some users and nothing else: whatever its format, encoding, compression and oddities, the other rows stay as they are."""

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.removal import write_without
from mta_assets.ingest.theirs import their_rows

SOURCE = SourceConfig(kind="touchpoints", glob="*")
LINES = ["user_id,ts,channel", "ann,2024-01-01,email", "bob,2024-01-01,direct", "ann,2024-01-02,display", "cid,2024-01-03,email"]
CSV = ("\n".join(LINES) + "\n").encode()
LEFT = b"user_id,ts,channel\nbob,2024-01-01,direct\ncid,2024-01-03,email\n"


def removed(path: Path, content: bytes, *ids: str, source: SourceConfig = SOURCE) -> bytes:
    """The file's bytes without these users; that reading it again finds just the others is checked on the way."""
    path.write_bytes(content)
    is_theirs, mentions = (lambda texts: texts.is_in(ids)), (lambda text: any(each in text for each in ids))
    before = their_rows(path, source, is_theirs, mentions)
    target = path.with_name("without")
    write_without(path, target, before.rows, source)
    after = their_rows(target, source, is_theirs, mentions)
    assert (after.rows, after.others, after.said_by_others) == (frozenset(), before.others, before.said_by_others)
    return target.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "raw"


def test_csv(path):
    assert removed(path, CSV, "ann") == LEFT


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_stay(path, end):
    content = "".join(line + end for line in LINES).encode()
    assert removed(path, content, "ann") == LEFT.replace(b"\n", end.encode())


def test_a_quoted_cell_may_hold_line_breaks_delimiters_and_quotes(path):
    awkward = b'"bob",2024-01-01,"two\nlines, and ""ann"""\n'
    content = b'user_id,ts,channel\nann,2024-01-01,"x\ny"\n' + awkward + b'"ann",2024-01-02,"a""b"\ncid,2024-01-03,5" nail\n'
    assert removed(path, content, "ann") == b"user_id,ts,channel\n" + awkward + b'cid,2024-01-03,5" nail\n'


def test_blank_lines_count_as_the_reader_counts_them(path):
    content = b"\n\nuser_id,ts,channel\n\nann,2024-01-01,email\n\nbob,2024-01-01,direct\n"
    assert removed(path, content, "ann") == b"\n\nuser_id,ts,channel\n\n\nbob,2024-01-01,direct\n"


def test_a_row_that_fits_no_header_goes_when_it_names_the_user(path):
    content = b"user_id,ts,channel\nann,2024-01-01\nbob,2024-01-01\nann,1,2,3,4\ncid,2024-01-03,email\n"
    assert removed(path, content, "ann") == b"user_id,ts,channel\nbob,2024-01-01\ncid,2024-01-03,email\n"


def test_another_column_of_the_source_may_hold_the_user(path):
    source = SourceConfig(kind="touchpoints", glob="*", columns={"user_id": "customer"}, delimiter=";")
    content = b"channel;customer;ts\nann;bob;2024-01-01\nemail; ann ;2024-01-01\n"
    assert removed(path, content, "ann", source=source) == b"channel;customer;ts\nann;bob;2024-01-01\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_stays(path, encoding):
    text = "user_id,ts,channel\nünal@x.de,2024-01-01,email\nböb,2024-01-01,Café\n"
    left = removed(path, text.encode(encoding), "ünal@x.de")
    assert left == text.replace("ünal@x.de,2024-01-01,email\n", "").encode(encoding)


def test_compression_stays(path):
    assert gzip.decompress(removed(path, gzip.compress(CSV), "ann")) == LEFT
    zstd = pa.compress(CSV, "zstd", asbytes=True)
    assert pa.decompress(removed(path, zstd, "ann"), len(LEFT), "zstd", asbytes=True) == LEFT


def test_ndjson_loses_lines_also_where_the_id_is_written_in_escapes(path):
    lines = [
        b'{"user_id":"a\\u006en","ts":"2024-01-01","channel":"email","cost":1.50}',
        b'{"user_id":"bob","ts":1}',
        b"",
        b'{"user_id": "ann", broken',
    ]
    assert removed(path, b"\n".join(lines), "ann") == b'{"user_id":"bob","ts":1}\n\n'


@pytest.mark.parametrize("frame", ["{}", '{{"meta": {{"n": [1]}}, "events": {}, "more": [{{"user_id": "x"}}]}}'])
def test_json_loses_elements_and_the_others_keep_their_spelling(path, frame):
    bob = '{"user_id":"bob", "ts":"2024-01-01","cost":1.50,"tags":["ann"]}'
    content = frame.format(f'[\n {{"user_id":"ann","ts":"2024-01-01"}},\n {bob},\n {{"user_id":"ann"}}\n]')
    left = removed(path, content.encode(), "ann")
    assert bob.encode() in left
    assert b'"user_id":"ann"' not in left
    assert json.loads(left) == json.loads(frame.format(f"[{bob}]"))


def test_numbers_are_compared_as_they_are_read(path):
    assert removed(path, b'[{"user_id": 17, "ts": 1}, {"user_id": 170, "ts": 1}]', "17") == b'[ {"user_id": 170, "ts": 1}]'


def test_parquet_keeps_types_and_codec_and_its_statistics_forget(path):
    table = pa.table({"user_id": ["ann", "bob", "ann"], "ts": pa.array([1, 2, 3], pa.timestamp("us")), "tags": [["a"], ["b"], []]})
    pq.write_table(table, path, compression="zstd")
    removed(path, path.read_bytes(), "ann")
    left = pq.ParquetFile(path.with_name("without"))
    assert left.read().equals(table.slice(1, 1))
    assert left.metadata.row_group(0).column(0).compression == "ZSTD"
    assert b"ann" not in path.with_name("without").read_bytes()


def test_whole_numbers_that_parquet_holds_as_fractions_are_ids_without_a_point(path):
    pl.DataFrame({"user_id": [17.0, 18.0], "ts": [1, 2]}).write_parquet(path)
    removed(path, path.read_bytes(), "17")
    assert pl.read_parquet(path.with_name("without"))["user_id"].to_list() == [18.0]


def test_a_file_that_cannot_be_read_is_no_file_without_the_user(path):
    path.write_bytes(b"\x1f\x8b broken")
    with pytest.raises(DataError):
        their_rows(path, SOURCE, lambda texts: texts.is_in(["ann"]), lambda text: "ann" in text)


cells = st.text(st.sampled_from('ab"\n\r,; '), max_size=6)


people = st.sampled_from(["zoe", "bob", '"zoe"', "cid"])


@given(rows=st.lists(st.tuples(people, cells, st.booleans()), max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_cells_hold_the_others_are_left_as_they_were(tmp_path_factory, rows, end):
    """That they are is checked within `removed`."""
    bare = str.maketrans("", "", '"\r\n')
    written = ['"' + cell.replace('"', '""') + '"' if quoted else cell.translate(bare) for _, cell, quoted in rows]
    lines = ["user_id,channel,ts", *(f"{user},{cell},1" for (user, _, _), cell in zip(rows, written, strict=True))]
    left = removed(tmp_path_factory.mktemp("any") / "raw", "".join(line + end for line in lines).encode(), "zoe")
    assert b"zoe" not in left
