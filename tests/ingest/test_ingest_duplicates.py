"""Which of several rows with one identity counts."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.ingest.duplicates import resolve

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["s", "t"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["f_9.csv", "f_10.csv", "f_2.csv"]),
        st.integers(1, 9),
        st.integers(0, 1),
    ),
    unique_by=lambda row: (row[0], row[2], row[3]),
    max_size=14,
)
SCHEMA = {"source_name": pl.String, "event_id": pl.String, "file": pl.String, "row": pl.Int64, "content": pl.Int64}


def frame(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_the_last_file_in_natural_order_wins_and_then_the_last_row():
    rows = frame([("s", "a", "f_9.csv", 2, 1), ("s", "a", "f_10.csv", 2, 1), ("s", "a", "f_10.csv", 3, 2), ("s", "b", "f_9.csv", 4, 1)])
    resolved = resolve(rows, "event_id")
    assert sorted(resolved.kept.select("file", "row").rows()) == [("f_10.csv", 3), ("f_9.csv", 4)]
    assert resolved.duplicates.is_empty()
    assert resolved.conflicts.select("file", "row", "reason").rows() == [
        ("f_9.csv", 2, "its event_id is also that of row 3 of f_10.csv, which says something else and counts"),
        ("f_10.csv", 2, "its event_id is also that of row 3 of f_10.csv, which says something else and counts"),
    ]


def test_rows_that_say_the_same_are_duplicates():
    rows = frame([("s", "a", "f_1.csv", 2, 1), ("s", "a", "f_2.csv", 2, 1)])
    resolved = resolve(rows, "event_id")
    assert resolved.kept["file"].to_list() == ["f_2.csv"]
    assert resolved.duplicates["file"].to_list() == ["f_1.csv"]


def test_the_same_identity_in_two_sources_is_two_identities():
    rows = frame([("s", "a", "f_1.csv", 2, 1), ("t", "a", "f_1.csv", 2, 2)])
    assert resolve(rows, "event_id").kept.height == 2


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_every_row_is_kept_a_duplicate_or_a_conflict_whatever_the_order(rows, random):
    resolved = resolve(frame(rows), "event_id")
    shuffled = resolve(frame(random.sample(rows, len(rows))), "event_id")
    parts = [resolved.kept, resolved.duplicates, resolved.conflicts.drop("reason")]
    assert sorted(pl.concat(parts).rows()) == sorted(frame(rows).rows())
    assert resolved.kept.select("source_name", "event_id").is_unique().all()
    assert resolved.kept.height == frame(rows).n_unique(["source_name", "event_id"])
    for part, other in zip(
        (resolved.kept, resolved.duplicates, resolved.conflicts), (shuffled.kept, shuffled.duplicates, shuffled.conflicts), strict=True
    ):
        assert sorted(part.rows()) == sorted(other.rows())


@settings(deadline=None)
@given(ROWS)
def test_resolving_what_was_kept_changes_nothing(rows):
    kept = resolve(frame(rows), "event_id").kept
    assert resolve(kept, "event_id").kept.equals(kept)


def test_the_columns_of_the_rows_are_kept_and_only_conflicts_get_a_reason():
    rows = frame([("s", "a", "f_1.csv", 2, 1), ("s", "a", "f_1.csv", 3, 2)]).with_columns(more=pl.lit(1))
    resolved = resolve(rows, "event_id")
    assert resolved.kept.columns == resolved.duplicates.columns == rows.columns
    assert resolved.conflicts.columns == [*rows.columns, "reason"]
    assert resolve(rows.clear(), "event_id").conflicts.columns == [*rows.columns, "reason"]
