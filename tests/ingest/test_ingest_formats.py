"""Formats, compression and encodings: the same rows come out whatever they were packed in."""

import gzip
import io
import json
from itertools import islice

import polars as pl
import pytest
import zstandard

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.readers.detect import raw_table

ROWS = pl.DataFrame(
    {
        "event_id": [None, None, "given"],
        "user_id": ["10", "Jürgen", "10"],
        "ts": ["2026-01-05T10:00:00Z", "2026-01-05T10:00:01.25Z", "2026-01-05T10:00:00Z"],
        "source": ["google", None, "newsletter"],
        "medium": ["cpc", None, "email"],
        "cost": ["1.50", None, "0.1"],
        "device": ["mobile", "", "tablet"],
    }
)


def as_csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv().encode()


def as_json(rows: pl.DataFrame) -> bytes:
    return json.dumps({"meta": {"page": [1]}, "rows": rows.to_dicts()}, ensure_ascii=False, indent=1).encode()


def as_ndjson(rows: pl.DataFrame) -> bytes:
    return b"".join(json.dumps({name: cell for name, cell in row.items() if cell is not None}).encode() + b"\n" for row in rows.to_dicts())


def as_parquet(rows: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    rows.with_columns(
        ts=pl.col("ts").str.to_datetime("%+", time_zone="UTC").dt.convert_time_zone("Asia/Tokyo"),
        cost=pl.col("cost").cast(pl.Float64),
        source=pl.col("source").cast(pl.Categorical),
    ).write_parquet(target)
    return target.getvalue()


@pytest.mark.parametrize("pack", [as_json, as_ndjson, as_parquet], ids=["json", "ndjson", "parquet"])
def test_equal_rows_of_every_format_have_equal_values_identities_and_content(conform, pack):
    expected = conform(as_csv(ROWS)).touchpoints
    got = conform(pack(ROWS)).touchpoints
    assert got.drop("row").equals(expected.drop("row"))
    assert expected["row"].to_list() == [2, 3, 4]
    assert got["row"][0] == 1


def test_a_number_is_the_same_text_in_json_as_in_csv(conform):
    from_csv = conform("user_id,ts,channel,n\n7,1767607200,a,1.50\n").touchpoints
    for text in (
        '{"user_id": 7, "ts": 1767607200, "channel": "a", "n": 1.50}',
        '[{"user_id": 7, "ts": 1767607200, "channel": "a", "n": 1.50}]',
    ):
        assert conform(text).touchpoints.drop("row").equals(from_csv.drop("row"))


def test_whole_numbers_that_parquet_holds_as_fractions_are_the_same_users(conform):
    target = io.BytesIO()
    pl.DataFrame({"user_id": [7.0, None, 7.5], "ts": [1767607200] * 3, "channel": ["a"] * 3}).write_parquet(target)
    outcome = conform(target.getvalue())
    assert outcome.touchpoints["user_id"].to_list() == ["7", "7.5"]
    assert outcome.reasons == {2: "user_id: is empty"}


@pytest.mark.parametrize("squeeze", [gzip.compress, zstandard.compress, lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:])])
@pytest.mark.parametrize("pack", [as_csv, as_json, as_ndjson], ids=["csv", "json", "ndjson"])
def test_compressed_files_are_recognised_by_content(conform, squeeze, pack):
    assert conform(squeeze(pack(ROWS))).touchpoints.equals(conform(pack(ROWS)).touchpoints)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16", "utf-16"),
        ("utf-16-le", None),
        ("utf-16-be", None),
        ("cp1252", None),
        ("cp1252", "latin-1"),
        ("cp850", "cp850"),
    ],
)
def test_text_in_any_usual_encoding_is_read(conform, encoding, declared):
    text = "user_id,ts,channel\nJürgen,2026-01-05,Straße\n"
    row = conform(text.encode(encoding), encoding=declared).touchpoints.row(0, named=True)
    assert (row["user_id"], row["channel"]) == ("Jürgen", "Straße")


@pytest.mark.parametrize(("text", "encoding"), [("Привет мир весна", "cp1251"), ("こんにちは世界の春", "shift_jis")])
def test_other_scripts_are_recognised_too(conform, text, encoding):
    rows = "".join(f"u{i},2026-01-05,{text}\n" for i in range(20))
    assert set(conform(("user_id,ts,channel\n" + rows).encode(encoding)).touchpoints["channel"]) == {text}


def test_the_encoding_may_show_late_in_the_file(conform):
    text = "user_id,ts,channel\n" + "u,2026-01-05,a\n" * 100_000 + "Jürgen,2026-01-05,a\n"
    assert conform(text.encode("cp1252")).touchpoints["user_id"][-1] == "Jürgen"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(conform, line_end):
    text = line_end.join(["user_id,ts,channel", "u1,2026-01-05,a", "u2,2026-01-05,b"])
    assert conform(text).touchpoints.select("row", "channel").rows() == [(2, "a"), (3, "b")]


def test_quoting_with_another_character_can_be_declared(conform):
    assert conform("user_id,ts,channel\nu1,2026-01-05,'a,b'\n", quote="'").touchpoints["channel"].item() == "a,b"


def test_a_column_named_twice_counts_once_and_is_kept_once(conform):
    row = conform("user_id,ts,channel,channel,\nu1,2026-01-05,a,b,c\n").touchpoints.row(0, named=True)
    assert (row["channel"], row["extra"]) == ("a", '{"channel (2)":"b","column 5":"c"}')


def test_a_line_that_is_no_json_object_is_rejected_and_no_other(conform):
    good = '{"user_id": "u", "ts": "2026-01-05", "channel": "a"}'
    assert conform("{broken}\n" + good).rejected["row"].to_list() == [1]
    lines = [good, "{broken", "", "[1]", good, '{"user_id": "\\ud800", "ts": "2026-01-05", "channel": "a"}', good]
    outcome = conform("\n".join(lines))
    assert outcome.touchpoints["row"].to_list() == [1, 5, 7]
    assert outcome.rejected["row"].to_list() == [2, 4, 6]
    assert outcome.rejected["record"][0] == "{broken\n"


def test_json_without_any_array_of_objects_is_one_row_or_refused(conform):
    assert conform('{"user_id": "u",\n "ts": "2026-01-05",\n "channel": "a"}').touchpoints.height == 1
    with pytest.raises(DataError, match="breaks off after 2 rows"):
        conform("[1, 2")


def test_nested_values_are_kept_as_json(conform):
    line = '{"user_id": "u", "ts": "2026-01-05", "channel": "a", "items": [{"sku": 1}]}\n'
    for outcome in (conform(line * 2), conform(line, format="ndjson"), conform(f"[{line}]")):
        assert json.loads(json.loads(outcome.touchpoints["extra"][0])["items"]) == [{"sku": 1}]


def test_rows_of_json_may_lack_columns_that_others_have(conform):
    rows = '{"user_id": "u", "ts": "2026-01-05", "channel": "a"}\n{"user_id": "u", "channel": "a"}\n'
    assert conform(rows).reasons == {2: "ts: is empty"}


def test_large_files_come_in_batches_and_are_numbered_through(conform, monkeypatch):
    text = "user_id,ts,channel\n" + "".join(f"u{i % 7},2026-01-05,a{'' if i % 10 else ',x'}\n" for i in range(5_000))
    whole = conform(text)
    monkeypatch.setattr("mta_assets.ingest.readers.csv.BATCH_BYTES", 4_096)
    monkeypatch.setattr("mta_assets.ingest.readers.json._BATCH_ROWS", 100)
    parts = conform(text)
    assert parts.touchpoints.equals(whole.touchpoints)
    assert parts.rejected.equals(whole.rejected)
    assert parts.touchpoints["event_id"].is_unique().all()
    as_lines = as_ndjson(whole.touchpoints.select("user_id", "channel", ts=pl.lit("2026-01-05")))
    assert set(conform(as_lines).touchpoints["event_id"]) == set(whole.touchpoints["event_id"])


def test_blocks_without_any_sound_row_are_read_on_from(conform, monkeypatch):
    monkeypatch.setattr("mta_assets.ingest.readers.csv.BATCH_BYTES", 4_096)
    outcome = conform("user_id,ts,channel\n" + "xé\n" * 50_000 + "u,2026-01-05,a\n")
    assert outcome.touchpoints["row"].to_list() == [50_002]
    assert outcome.rejected.height == 50_000


def test_a_file_may_be_left_half_read(tmp_path, monkeypatch):
    monkeypatch.setattr("mta_assets.ingest.readers.csv.BATCH_BYTES", 4_096)
    path = tmp_path / "large.csv"
    path.write_text("user_id,ts,channel\n" + "u,2026-01-05,a\n" * 20_000)
    source = SourceConfig(kind="touchpoints", glob="*")
    with raw_table(path, source) as table:
        assert sum(len(batch.row) for batch in islice(table.batches, 3)) > 0
    assert list(table.batches) == []


@pytest.mark.parametrize("ahead", [0, 64 * 1024 - 4_000])  # within one reading, and across two
def test_a_number_of_more_digits_than_can_be_read_ends_the_file(conform, ahead):
    with pytest.raises(DataError, match="breaks off after 0 rows: it has a number of more than 4,300 digits"):
        conform('{"ts":\n' + " " * ahead + "9" * 5_000 + "}")
