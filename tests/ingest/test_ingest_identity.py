"""Identities: the same row is the same row in every file, order and format; users and contents hash the same on every machine."""

import hashlib
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.config import Config
from mta_assets.ingest.identity import combine, file_version, hash_texts, hash_values, made_identities, user_hash
from mta_assets.ingest.occurrences import Occurrences

MASK = (1 << 64) - 1
TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=40), st.text(min_size=200, max_size=300)), max_size=20)


def mixed(word: int) -> int:
    """Splitmix64's finaliser on Python's integers."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def by_hand(text: str | None) -> int:
    """The hash as its docstring defines it, byte by byte."""
    if text is None:
        return 0x9E3779B97F4A7C15
    octets = text.encode()
    state = mixed((len(octets) + 0x2545F4914F6CDD1D) & MASK)
    for start in range(0, len(octets), 8):
        state = mixed(state ^ int.from_bytes(octets[start : start + 8], "little"))
    return state


@settings(deadline=None)
@given(TEXTS)
def test_the_hash_of_a_text_is_the_one_that_is_defined(texts):
    assert hash_texts(pl.Series(texts, dtype=pl.String)).tolist() == [by_hand(text) for text in texts]


def test_user_hashes_are_pinned_so_that_no_release_changes_who_is_who():
    known = {"": -7696910208926366575, "u1": 395497674924619040, "customer-000001": 1912681822564520744, "Jürgen": -4156394401458940713}
    assert dict(zip(known, user_hash(pl.Series(list(known))).to_list(), strict=True)) == known


def test_a_million_users_have_a_million_hashes_spread_evenly_over_the_buckets():
    users = user_hash(pl.select(pl.format("U{}", pl.int_range(1_000_000))).to_series())
    assert users.n_unique() == 1_000_000
    sizes = (users & 63).value_counts()["count"]
    expected = 1_000_000 / 64
    assert ((sizes - expected) ** 2 / expected).sum() < 103.4  # chi-square, 63 degrees of freedom, 0.1 %


def test_slices_and_chunks_hash_like_the_whole():
    texts = pl.Series([f"user-{i}" * (i % 5) for i in range(40_000)])
    whole = hash_texts(texts)
    assert np.array_equal(hash_texts(texts[20_001:]), whole[20_001:])
    assert np.array_equal(hash_texts(pl.concat([texts[:7], texts[7:]], rechunk=False)), whole)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.decimals(-(10**20), 10**20, places=9))))
def test_equal_numbers_hash_equal_and_others_do_not(rows):
    whole = pl.Series([row[0] for row in rows], dtype=pl.Int64)
    money = pl.Series([row[1] for row in rows], dtype=pl.Decimal(38, 9))
    for values in (whole, money, money.head(3)):
        assert len(set(hash_values(values).tolist())) == values.n_unique()


def test_combining_depends_on_the_order_of_the_parts():
    one, other = hash_texts(pl.Series(["a"])), hash_texts(pl.Series(["b"]))
    assert combine([one, other]) != combine([other, one])
    assert combine([one, other]) == combine([one.copy(), other.copy()])


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 5)), max_size=6))
def test_occurrences_count_over_batches_in_the_order_of_the_rows(batches):
    occurrences, seen = Occurrences(), dict[int, int]()
    for batch in batches:
        numbers = occurrences.number(np.array(batch, dtype=np.uint64)).tolist()
        for value, number in zip(batch, numbers, strict=True):
            seen[value] = seen.get(value, 0) + 1
            assert number == seen[value]


def test_a_made_identity_is_the_content_in_hex_and_the_occurrence():
    assert made_identities(np.array([255, 2**64 - 1], dtype=np.uint64), np.array([1, 12])).to_list() == [
        "00000000000000ff-1",
        "ffffffffffffffff-12",
    ]


def test_a_file_version_is_the_sha256_of_its_bytes(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"abc" * 1_000_000)
    assert file_version(path) == hashlib.sha256(b"abc" * 1_000_000).hexdigest()


def events(rows: list[tuple[int, int, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"user_id": pl.Int64, "second": pl.Int64, "channel": pl.String}, orient="row")
    return frame.select("user_id", "channel", ts=pl.lit(1767607200) + pl.col("second"), note=pl.col("channel") + "!")


def packed(rows: pl.DataFrame, form: str) -> bytes:
    if form == "csv":
        return rows.write_csv().encode()
    if form == "ndjson":
        return rows.write_ndjson().encode()
    target = io.BytesIO()
    rows.write_parquet(target)
    return target.getvalue()


ROW = st.tuples(st.integers(1, 3), st.integers(0, 3), st.sampled_from(["a", "b", "=c()"]))


@settings(deadline=None, max_examples=15)
@given(
    rows=st.lists(ROW, unique=True, min_size=1, max_size=12),
    seed=st.randoms(use_true_random=False),
    forms=st.lists(st.sampled_from(["csv", "ndjson", "parquet"]), min_size=1, max_size=3),
)
def test_any_split_and_order_of_rows_over_files_and_formats_gives_the_same_identities(conform_once, rows, seed, forms):
    whole = conform_once(packed(events(rows), "csv")).touchpoints
    shuffled = seed.sample(rows, len(rows))
    cuts = [shuffled[start :: len(forms)] for start in range(len(forms))]
    parts = [conform_once(packed(events(cut), form)).touchpoints for cut, form in zip(cuts, forms, strict=True) if cut]
    said = ["event_id", "content", "user", "ts", "channel", "extra"]
    assert pl.concat(parts).select(said).sort(said).equals(whole.select(said).sort(said))


@settings(deadline=None, max_examples=10)
@given(rows=st.lists(ROW, min_size=1, max_size=12), seed=st.randoms(use_true_random=False))
def test_equal_rows_of_a_file_are_kept_apart_whatever_their_order(conform_once, rows, seed):
    whole, shuffled = (conform_once(packed(events(order), "csv")).touchpoints for order in (rows, seed.sample(rows, len(rows))))
    assert whole["event_id"].is_unique().all()
    assert set(whole["event_id"]) == set(shuffled["event_id"])


def test_the_same_row_in_another_file_has_the_same_identity_and_content(conform):
    text = "user_id,ts,channel\nu1,2026-01-05,a\n"
    one, other = conform(text).touchpoints, conform("ts;CHANNEL;user_id\n2026-01-05T00:00:00.0+00:00; a ;u1\n").touchpoints
    assert one["event_id"].item() == other["event_id"].item()
    assert one["content"].item() == other["content"].item()
    assert not one["identity_given"].item()


def test_a_given_identity_is_kept_and_only_empty_ones_are_made(conform):
    rows = conform("event_id,user_id,ts,channel\ne1,u1,2026-01-05,a\n,u1,2026-01-05,a\ne1,u2,2026-01-05,a\n").touchpoints
    assert rows["event_id"].to_list() == ["e1", rows["event_id"][1], "e1"]
    assert rows["identity_given"].to_list() == [True, False, True]
    assert rows["content"][0] == rows["content"][1]
    assert rows["event_id"][1].endswith("-1")


def test_other_channel_rules_do_not_make_a_row_another_one(conform):
    text = "user_id,ts,source,medium\nu1,2026-01-05,google,cpc\n"
    rule = {"channel": "brand", "source": "google"}
    one = conform(text).touchpoints
    other = conform(text, config=Config.model_validate({"channels": {"rules": [rule]}})).touchpoints
    assert (one["channel"].item(), other["channel"].item()) == ("paid search", "brand")
    assert one["event_id"].item() == other["event_id"].item()


@pytest.mark.parametrize(
    ("columns", "conversion_id", "event_id"),
    [
        ("event_id", "x1", "x1"),
        ("conversion_id", "x1", "x1-visit"),
        ("note", "made", "made-visit"),
    ],
)
def test_the_visit_of_a_conversion_is_named_after_it(conform, columns, conversion_id, event_id):
    outcome = conform(f"{columns},user_id,ts,channel,conversion\nx1,u1,2026-01-05,a,1\n", "event_log")
    (conversion,), (touch,) = outcome.conversions.rows(named=True), outcome.touchpoints.rows(named=True)
    made = conversion["conversion_id"]
    assert made == (made if conversion_id == "made" else conversion_id)
    assert touch["event_id"] == event_id.replace("made", made)
    assert conversion["identity_given"] == touch["identity_given"] == (conversion_id != "made")


def test_an_identity_too_long_for_its_visit_is_rejected(conform):
    outcome = conform(f"conversion_id,user_id,ts,channel,conversion\n{'x' * 1_020},u1,2026-01-05,a,1\n", "event_log")
    assert outcome.reasons == {2: "event_id: is longer than 1024 bytes"}


def test_restated_spend_has_the_same_identity_and_other_content(conform):
    text = "day,channel,campaign,ad_id,reported_conversions,cost\n2026-01-05,a,c,7,{},{}\n2026-01-05,a,c,8,1,1\n"
    before, after = (conform(text.format(*figures), "spend").spend for figures in ((1, "3.5"), (2, "4.5")))
    assert before["spend_id"].equals(after["spend_id"])
    assert (before["content"] == after["content"]).to_list() == [False, True]
    assert before["spend_id"].n_unique() == 2


def test_two_equal_rows_of_spend_are_two(conform):
    rows = conform("day,channel,cost\n2026-01-05,a,1\n2026-01-05,a,2\n", "spend").spend
    assert [identity[-2:] for identity in rows["spend_id"]] == ["-1", "-2"]
