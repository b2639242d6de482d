"""Whatever the bytes, a file is conformed or refused with a DataError; nothing else ever comes out."""

import gzip
import io

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mta_assets.errors import DataError

CELL = st.one_of(
    st.sampled_from(
        [
            "u1",
            "2026-01-05",
            "2026-01-05T10:00:00Z",
            "1767607200",
            "1",
            "0",
            "-1",
            "1e5",
            "",
            '"',
            '"a',
            "a\nb",
            "\0",
            ";",
            "=cmd()",
            "NaN",
            "1" * 30,
        ]
    ),
    st.text(max_size=8),
)
HEADER = "user_id,ts,channel,conversion,value,day,cost,note"
KINDS = ["touchpoints", "conversions", "event_log", "spend"]


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300), st.sampled_from(KINDS))
@example(b"PAR1", "touchpoints")
@example(b"\x1f\x8b", "touchpoints")
@example(b"\x28\xb5\x2f\xfd", "touchpoints")
@example(b"\xff\xfe", "touchpoints")
@example(b"{", "touchpoints")
@example(b"[" * 100_000, "touchpoints")
@example(b'{"a":' * 100_000, "touchpoints")
@example(b'""\n', "touchpoints")
@example(b"\xef\xbb\xbf\n\n", "touchpoints")
def test_random_bytes_are_conformed_or_refused(conform_once, content, kind):
    refused(lambda: conform_once(content, kind))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(CELL, min_size=1, max_size=9), max_size=6), st.sampled_from(KINDS), st.sampled_from([",", ";"]))
def test_random_cells_under_a_good_header_are_accepted_or_rejected_one_by_one(conform_once, rows, kind, delimiter):
    text = "\n".join([HEADER.replace(",", delimiter), *(delimiter.join(row) for row in rows)])
    refused(lambda: conform_once(text.encode("utf-8", "surrogatepass"), kind, delimiter=delimiter))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.dictionaries(st.sampled_from(HEADER.split(",")), CELL), min_size=1, max_size=6), st.sampled_from(KINDS))
def test_random_typed_columns_are_accepted_or_rejected_one_by_one(conform_once, rows, kind):
    names = HEADER.split(",")
    frame = pl.DataFrame([{name: row.get(name) for name in names} for row in rows], schema=dict.fromkeys(names, pl.String))
    target = io.BytesIO()
    frame.with_columns(pl.col("value", "ts").cast(pl.Float64, strict=False), note=pl.col("note").cast(pl.Binary)).write_parquet(target)
    refused(lambda: conform_once(target.getvalue(), kind))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 400), st.integers(0, 255), st.sampled_from(["gz", "parquet", "ndjson", "json", "csv"]))
def test_a_file_with_one_damaged_byte_is_conformed_or_refused(conform_once, place, byte, form):
    content = bytearray(SOUND[form])
    content[place % len(content)] = byte
    refused(lambda: conform_once(bytes(content)))


def sound() -> dict[str, bytes]:
    frame = pl.DataFrame(
        {"user_id": ["u1", "u2"] * 20, "ts": ["2026-01-05T10:00:00Z"] * 40, "channel": ["a", "b"] * 20, "note": [None, "x"] * 20}
    )
    target = io.BytesIO()
    frame.write_parquet(target)
    csv = frame.write_csv().encode()
    return {
        "gz": gzip.compress(csv),
        "parquet": target.getvalue(),
        "ndjson": frame.write_ndjson().encode(),
        "json": frame.write_json().encode(),
        "csv": csv,
    }


SOUND = sound()


def refused(attempt) -> None:
    """The attempt succeeds, or fails with a message that a person can act on."""
    try:
        attempt()
    except DataError as error:
        assert len(str(error)) > 20  # noqa: PT017  success is as good


def test_the_sound_files_are_conformed(conform):
    for content in SOUND.values():
        assert conform(content).touchpoints.height == 40


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind_is_refused(conform, kind):
    with pytest.raises(DataError, match="No column for"):
        conform("some,thing\n1,2\n", kind)
