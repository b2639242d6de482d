"""Bad files and bad rows: each is refused with a reason and a remedy, and takes nothing else down with it."""

import gzip
import io
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import zstandard

from mta_assets.config import Config, SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.conform import conform_file

HEADER = "user_id,ts,channel\n"
GOOD = "u1,2026-01-05T10:00:00Z,a\n"
TOUCHPOINTS = SourceConfig(kind="touchpoints", glob="*")


def read(path: Path) -> None:
    now = datetime(2026, 6, 30, tzinfo=UTC)
    list(conform_file(path, file="f", source_name="s", source=TOUCHPOINTS, config=Config(), now=now, file_version="v"))


def test_a_file_read_with_the_wrong_delimiter_is_refused_with_the_right_one(conform):
    with pytest.raises(DataError, match=r"whole header is one column and contains ';': set delimiter: ';'"):
        conform(HEADER.replace(",", ";") + GOOD.replace(",", ";"), delimiter=",")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_usual_delimiters_are_found(conform, delimiter):
    text = (HEADER + 'u1,2026-01-05T10:00:00Z,"a, b; c | d"\n').replace(",", delimiter).replace(f'"a{delimiter} b; c', '"a, b; c')
    assert conform(text).touchpoints["channel"].item() == "a, b; c | d"


def test_a_missing_column_is_named_with_the_columns_there_are_and_the_line_to_write(conform):
    with pytest.raises(DataError) as refused:
        conform("customer_id,time,channel\nu1,2026-01-05,a\n")
    message = str(refused.value)
    assert "No column for user_id" in message
    assert "The file has: customer_id, time, channel." in message
    assert "--columns user_id=customer_id,ts=time" in message
    assert "columns: {user_id: customer_id, ts: time}" in message


def test_a_header_without_rows_must_still_have_the_columns(conform):
    with pytest.raises(DataError, match="No column for user_id"):
        conform("time,channel\n")


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", HEADER.encode(), HEADER.strip().encode(), gzip.compress(b"", mtime=0), b"[]", b"\xef\xbb\xbf"]
)
def test_an_empty_file_or_a_header_alone_is_no_error_and_no_row(conform, content):
    outcome = conform(content)
    assert (outcome.rows_read, outcome.touchpoints.height, outcome.rejected.height) == (0, 0, 0)


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        ("ts", "2026-02-31T10:00:00Z", "ts: is no time"),
        ("ts", "soon", "ts: is no time"),
        ("ts", "", "ts: is empty"),
        ("ts", "1970-01-01T00:00:00Z", "ts: is before 2015-01-01, the first day kept"),
        ("ts", "0", "ts: is before 2015-01-01, the first day kept"),
        ("ts", "2100-01-01T00:00:00Z", "ts: lies more than 24 hours in the future"),
        ("user_id", "", "user_id: is empty"),
        ("user_id", "   ", "user_id: is empty"),
        ("user_id", "x" * 1025, "user_id: is longer than 1024 bytes"),
        ("user_id", "a\0b", "user_id: contains control characters (NUL or the like)"),
        ("channel", "a\x1bb", "channel: contains control characters (NUL or the like)"),
        ("note", "a\0b", "note: contains control characters (NUL or the like)"),
        ("note", "x" * 10_000_000, "note: is longer than 8192 bytes"),
        ("channel", "x" * 10_000_000, "channel: is longer than 1024 bytes"),
        ("cost", "12 EUR", "cost: is no number"),
        ("cost", "1,5", "cost: is no number"),
        ("cost", "inf", "cost: is no number"),
        ("cost", "9" * 40, "cost: is no number"),
        ("cost", "-1", "cost: is negative"),
        ("kind", "hover", "kind: is none of click, view, visit"),
        ("event_id", "e\0", "event_id: contains control characters (NUL or the like)"),
    ],
)
def test_a_bad_cell_rejects_its_row_and_no_other(conform, column, cell, problem):
    good = {"event_id": "e", "user_id": "u1", "ts": "2026-01-05T10:00:00Z", "channel": "a", "cost": "1", "kind": "click", "note": ""}
    rows = pl.DataFrame([good | {"event_id": "e1"}, good | {"event_id": "e2", column: cell}, good | {"event_id": "e3"}])
    outcome = conform(rows.write_csv())
    assert outcome.touchpoints["row"].to_list() == [2, 4]
    assert outcome.reasons == {3: problem}
    refused = outcome.rejected.row(0, named=True)
    assert len(refused["value"] or "") <= 200
    assert len(refused["record"]) <= 4096
    assert '"user_id":' in refused["record"] or len(cell) > 4096
    assert refused["remedy"]


@pytest.mark.parametrize(
    ("cell", "problem"), [("XXX", "currency: is not an ISO 4217 currency code"), ("Euro", "currency: is not an ISO 4217 currency code")]
)
def test_an_unknown_currency_is_rejected(conform, cell, problem):
    assert conform(f"user_id,ts,value,currency\nu1,2026-01-05,1,{cell}\n", "conversions").reasons == {2: problem}


def test_a_negative_conversion_is_rejected(conform):
    assert conform("user_id,ts,value\nu1,2026-01-05,-1\n", "conversions").reasons == {2: "value: is negative"}


def test_the_first_problem_of_a_row_is_told_under_the_name_the_file_uses(conform):
    outcome = conform("who,when,channel\n,never,\n", columns={"user_id": "who", "ts": "when"})
    assert outcome.reasons == {2: "who: is empty"}


def test_a_channel_that_looks_like_a_formula_is_a_channel(conform):
    assert conform(HEADER + "u1,2026-01-05T10:00:00Z,=cmd()\n").touchpoints["channel"].item() == "=cmd()"


def test_rows_with_too_few_or_too_many_fields_are_rejected_with_number_and_text(conform):
    outcome = conform(HEADER + GOOD + "u2\n\n" + GOOD + "u3,2026-01-05,a,b\n")
    assert outcome.touchpoints["row"].to_list() == [2, 5]
    assert outcome.rejected.select("row", "reason", "record").rows() == [
        (3, "has 1 fields where the header has 3", "u2"),
        (6, "has 4 fields where the header has 3", "u3,2026-01-05,a,b"),
    ]


def test_row_numbers_count_blank_lines_as_a_spreadsheet_does_and_a_quoted_line_break_not(conform):
    outcome = conform("\n" + HEADER + GOOD + "\n" + 'u2,2026-01-05,"a\nb"\n' + "u3,x,a\n")
    assert outcome.touchpoints["row"].to_list() == [3, 5]
    assert list(outcome.reasons) == [6]


def test_a_quote_that_is_never_closed_does_not_swallow_rows_unseen(conform):
    outcome = conform(HEADER + GOOD + 'u2,2026-01-05,"a\nu3,2026-01-05,b\nu4,2026-01-05,c')
    assert outcome.touchpoints.height == 1
    assert outcome.rejected["reason"].item().startswith("opens a quote that is never closed")


def test_invalid_bytes_in_a_cell_of_a_utf8_file_reject_that_row(conform):
    outcome = conform((HEADER + GOOD.replace("u1", "Jürgen")).encode() + b"u\xff2,2026-01-05,a\n" + GOOD.encode())
    assert outcome.touchpoints["user_id"].to_list() == ["Jürgen", "u1"]
    assert outcome.reasons == {3: "user_id: contains bytes that are no valid text in the file's encoding"}
    assert outcome.rejected["record"].item() == '{"user_id": "u\ufffd2", "ts": "2026-01-05", "channel": "a"}'


def test_a_row_with_invalid_bytes_and_a_field_too_many_is_rejected_and_no_other(conform):
    """Arrow decodes such a row before it tells anybody of it, and gave the whole file up."""
    outcome = conform((HEADER + GOOD.replace("u1", "Jürgen")).encode() + b"u\xff2,2026-01-05,a,b\n" + GOOD.encode() + b"u3,2026-01-05,\xc3")
    assert outcome.touchpoints["user_id"].to_list() == ["Jürgen", "u1"]
    assert outcome.reasons == {
        3: "None: has 4 fields where the header has 3",
        5: "channel: contains bytes that are no valid text in the file's encoding",
    }
    assert outcome.rejected["record"][0] == "u\ufffd2,2026-01-05,a,b"


def test_a_file_in_the_wrong_declared_encoding_is_refused_or_its_rows_are(conform):
    with pytest.raises(DataError, match="not in the declared encoding"):
        conform(HEADER + GOOD, encoding="utf-16")
    with pytest.raises(DataError, match="No column for user_id"):
        conform(HEADER + GOOD, encoding="utf-16-le")
    assert conform((HEADER + GOOD.replace("u1", "Jürgen")).encode("cp1252"), encoding="utf-8").rejected.height == 1
    with pytest.raises(DataError, match="encoding 'klingon' is unknown"):
        conform(HEADER + GOOD, encoding="klingon")


TEXT = (HEADER + GOOD * 20_000).encode()


def parquet() -> bytes:
    target = io.BytesIO()
    pl.read_csv(TEXT).write_parquet(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("whole", "what"),
    [
        (gzip.compress(TEXT), "compressed file is cut short or damaged"),
        (zstandard.compress(TEXT), "compressed file is cut short or damaged"),
        (parquet(), "Parquet file is cut short or damaged"),
        (b'{"rows": [{"user_id": "u", "ts": "2026-01-05", "channel": "a"}]}', "JSON breaks off after 1 rows"),
    ],
    ids=["gz", "zst", "parquet", "json"],
)
def test_a_file_that_was_cut_short_is_refused_whole(conform, whole, what):
    conform(whole)
    with pytest.raises(DataError, match=what):
        conform(whole[:-2])


@pytest.mark.parametrize("blocks_ahead", [1, 2, 4])  # Arrow's thread waits for a block while Arrow gives up: at one of them for certain
def test_a_row_longer_than_a_block_is_refused_with_what_it_usually_means(conform, monkeypatch, blocks_ahead):
    monkeypatch.setattr("mta_assets.ingest.readers.csv.BATCH_BYTES", 10_000)
    monkeypatch.setattr("mta_assets.ingest.readers.csv._BLOCKS_AHEAD", blocks_ahead)
    with pytest.raises(DataError, match="usually a quote that is never closed"):
        conform(HEADER + "u1,2026-01-05," + "x" * 30_000 + "\n")


def test_a_file_whose_rows_do_not_fit_the_header_is_refused_before_memory_ends(conform, monkeypatch):
    monkeypatch.setattr("mta_assets.ingest.readers.csv._MOST_MALFORMED", 1_000)
    with pytest.raises(DataError, match="rows on end do not fit the header"):
        conform(HEADER + "x\n" * 2_000)


def test_a_file_in_which_every_row_is_bad_is_rejected_row_by_row_in_seconds(conform):
    rows = 200_000
    started = time.process_time()
    outcome = conform(HEADER + "".join(f"u{i},2026-02-31,a\n" for i in range(rows)))
    assert outcome.rejected.height == rows
    assert outcome.rejected["row"].to_list() == list(range(2, rows + 2))
    assert outcome.rejected["record"][7] == '{"user_id":"u7","ts":"2026-02-31","channel":"a"}'
    assert time.process_time() - started < 20


def test_what_cannot_be_opened_is_refused_with_what_to_check(tmp_path):
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read(tmp_path / "gone.csv")


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root may read everything: a test of permissions runs as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text(HEADER + GOOD)
    path.chmod(0)
    return path


def test_a_file_without_read_permission_is_refused_with_what_to_do(secret, unprivileged):
    with pytest.raises(DataError, match="No permission to read it"):
        read(secret)


def test_declared_and_true_format_must_agree_on_parquet(conform):
    with pytest.raises(DataError, match="content is Parquet, but its source declares format: csv"):
        conform(parquet(), format="csv")
    with pytest.raises(DataError, match="content is not Parquet"):
        conform(TEXT, format="parquet")
