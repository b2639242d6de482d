"""A path table becomes weighted journeys; what is wrong with a row is said in the row's own terms."""

import polars as pl
import pytest

from mta_assets.errors import DataError
from mta_assets.journeys.path_table import is_path_table, path_table


def journeys(touches):
    return [
        tuple(touches.units[code] for code in touches.unit[a:b]) for a, b in zip(touches.offsets[:-1], touches.offsets[1:], strict=True)
    ]


def test_a_path_table_becomes_weighted_journeys():
    frame = pl.DataFrame(
        {
            "path": [" Search > Email>Search", "(Direct)", "DIRECT > Paid > Direct / none"],
            "total_conversions": [3, 0, 1],
            "total_conversion_value": [30.5, None, 4.0],
            "total_null": [7, 2, None],
        }
    )
    table = path_table(frame)
    assert table.rejected.is_empty()
    assert journeys(table.touches) == [("Search", "Email", "Search"), ("(Direct)",), ("DIRECT", "Paid", "Direct / none")]
    assert table.touches.conversions.tolist() == [3.0, 0.0, 1.0]
    assert table.touches.value.tolist() == [30.5, 0.0, 4.0]
    assert table.touches.nulls.tolist() == [7.0, 2.0, 0.0]
    assert table.touches.is_direct.tolist() == [False, False, False, True, True, False, True]
    assert table.touches.age_hours is None
    assert table.touches.lead is None


def test_value_and_nulls_are_optional_and_numbers_may_be_text():
    table = path_table(pl.DataFrame({"path": ["a > b", "b"], "total_conversions": [" 2 ", "1e1"]}))
    assert table.touches.conversions.tolist() == [2.0, 10.0]
    assert table.touches.nulls.tolist() == table.touches.value.tolist() == [0.0, 0.0]


def test_an_empty_path_with_conversions_is_an_unattributed_journey():
    table = path_table(pl.DataFrame({"path": ["", None, "  ", "a"], "total_conversions": [1, 2, 3, 4]}))
    assert table.touches.length.tolist() == [0, 0, 0, 1]
    assert table.touches.conversions.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert table.rejected.is_empty()


def test_a_row_that_counts_nothing_is_no_journey():
    table = path_table(pl.DataFrame({"path": ["a", "b"], "total_conversions": [0, 1]}))
    assert journeys(table.touches) == [("b",)]


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ({"path": "a > > b"}, "path", "a > > b", "a channel of the path is empty"),
        ({"path": "a >"}, "path", "a >", "a channel of the path is empty"),
        ({"path": "a\x00b"}, "path", "a\x00b", "a channel of the path contains control characters (NUL or the like)"),
        ({"path": "x" * 2000}, "path", "x" * 80, "a channel of the path is longer than 1024 bytes"),
        ({"total_conversions": "ten"}, "total_conversions", "ten", "is not a number"),
        ({"total_conversions": None}, "total_conversions", None, "is not a number"),
        ({"total_conversions": "-1"}, "total_conversions", "-1", "is negative or not finite"),
        ({"total_conversions": "inf"}, "total_conversions", "inf", "is negative or not finite"),
        ({"total_conversions": "nan"}, "total_conversions", "nan", "is negative or not finite"),
        ({"total_conversion_value": "1,000"}, "total_conversion_value", "1,000", "is not a number"),
        ({"total_null": "-3"}, "total_null", "-3", "is negative or not finite"),
        ({"total_conversions": "0", "total_conversion_value": "5"}, "total_conversion_value", "5", "is a value without a conversion"),
    ],
)
def test_a_bad_row_is_rejected_with_where_why_and_what_to_do(row, column, value, reason):
    good = {"path": "a > b", "total_conversions": "1", "total_conversion_value": "2.5", "total_null": "0"}
    table = path_table(pl.DataFrame([good, good | row, good], schema=dict.fromkeys(good, pl.String)))
    rejected = table.rejected.row(0, named=True)
    assert table.rejected.height == 1
    assert (rejected["row"], rejected["column"], rejected["value"], rejected["reason"]) == (3, column, value, reason)
    assert rejected["remedy"]
    assert len(table.touches) == 2


def test_rejected_rows_are_in_the_order_of_the_file():
    frame = pl.DataFrame({"path": ["a", "a >", "a", "b > > c"], "total_conversions": ["x", "1", "-1", "2"]})
    assert path_table(frame).rejected["row"].to_list() == [2, 3, 4, 5]


def test_a_missing_column_is_met_with_the_nearest_one():
    with pytest.raises(DataError, match="total_conversion'"):
        path_table(pl.DataFrame({"path": ["a"], "total_conversion": [1]}))


def test_an_empty_path_table_gives_no_journey():
    assert len(path_table(pl.DataFrame({"path": [], "total_conversions": []})).touches) == 0


def test_a_path_table_is_known_by_its_columns():
    assert is_path_table(["path", "total_conversions", "total_null"])
    assert not is_path_table(["path", "user_id"])
