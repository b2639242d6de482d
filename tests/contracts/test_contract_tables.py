"""Every table's contract: an empty frame meets it, a good row meets it, and each rule refuses what it names."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from mta_assets.contracts.catalogue import FIXED_TABLES
from mta_assets.contracts.columns import Column, ContractError, Table
from mta_assets.contracts.days import DayRange, contiguous
from mta_assets.contracts.increments import increments_table
from mta_assets.contracts.tables import credits_table, learned_paths_table, learned_positions_table, learned_table
from mta_assets.errors import MtaError

MADE = (credits_table, learned_table, learned_positions_table, learned_paths_table, increments_table)
TABLES = [*FIXED_TABLES, *(make("linear") for make in MADE)]
# A value that the named rule, of whatever column, refuses.
REFUSED = {
    "not_empty": "",
    "short_text": "x" * 1025,
    "no_control": "a\0b",
    "not_negative": -1,
    "finite_not_negative": float("nan"),
    "one_of": "no such word",
    "positive": 0,
    "currency": "XXX",
    "bucket": 64,
    "between": -1,
}
# A value that suits every column of a type, where its rules do not ask for a word of their own.
SUITS = {pl.String: "a", pl.Int8: 1, pl.Int32: 1, pl.Int64: 1, pl.Float64: 0.5, pl.Boolean: True, pl.Date: date(2024, 1, 1)}
SUITS |= {pl.Datetime: datetime(2024, 1, 1, tzinfo=UTC), pl.Decimal: Decimal(1), pl.List: []}
ruled = [(table, column, rule.name) for table in TABLES for column in table.columns for rule in column.rules]


def suiting(column: Column) -> object:
    named = {rule.name: rule for rule in column.rules}
    if "currency" in named:
        return "EUR"
    return named["one_of"].reason.removeprefix("is none of ").split(", ")[0] if "one_of" in named else SUITS[column.dtype.base_type()]


def good_row(table: Table) -> pl.DataFrame:
    return pl.DataFrame({column.name: [suiting(column)] for column in table.columns}, schema=table.schema)


def named(table: Table) -> str:
    return table.name


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_an_empty_frame_and_a_good_row_meet_the_contract(table):
    assert table.validate(table.empty()).is_empty()
    assert table.validate(good_row(table)).height == 1


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_what_meets_the_contract_at_a_glance_passes_pandera(table):
    row = good_row(table)
    assert table.meets(row)
    assert table.pandera.validate(row, lazy=True).equals(row)
    assert not table.meets(pl.concat([row, row]))


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_key_that_comes_twice_is_refused(table):
    row = good_row(table)
    with pytest.raises(ContractError, match=table.name):
        table.validate(pl.concat([row, row]))


@pytest.mark.parametrize(("table", "column", "rule"), ruled, ids=[f"{table.name}-{column.name}-{rule}" for table, column, rule in ruled])
def test_each_rule_refuses_what_it_names(table, column, rule):
    bad = good_row(table).with_columns(pl.Series(column.name, [REFUSED[rule]]).cast(column.dtype))
    with pytest.raises(ContractError) as refusal:
        table.validate(bad)
    assert table.name in str(refusal.value)
    assert column.name in str(refusal.value)
    assert not table.meets(bad)


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_null_is_refused_where_the_contract_has_none(table):
    for column in (column for column in table.columns if not column.nullable):
        absent = good_row(table).with_columns(pl.lit(None, dtype=column.dtype).alias(column.name))
        assert not table.meets(absent)
        with pytest.raises(ContractError, match=column.name):
            table.validate(absent)


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_the_key_and_the_partition_are_columns(table):
    assert {*table.key, *([table.partition] if table.partition else [])} <= set(table.schema.names())


def test_a_column_too_many_is_refused():
    with pytest.raises(ContractError, match="surplus"):
        TABLES[0].validate(good_row(TABLES[0]).with_columns(surplus=1))


def test_a_day_range_holds_both_its_ends():
    days = DayRange(date(2024, 2, 28), date(2024, 3, 1))
    assert list(days) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert (len(days), str(days), str(DayRange(days.first, days.first))) == (3, "2024-02-28 to 2024-03-01", "2024-02-28")
    assert days.back(1) == DayRange(date(2024, 2, 27), date(2024, 3, 1))


def test_a_day_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(MtaError, match="swap"):
        DayRange(date(2024, 1, 2), date(2024, 1, 1))


def test_the_day_on_which_clocks_go_forward_has_23_hours():
    start, end = DayRange(date(2024, 3, 31), date(2024, 3, 31)).bounds("Europe/Berlin")
    assert (start, end) == (datetime(2024, 3, 30, 23, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC))


def test_contiguous_ranges_are_the_fewest_that_hold_exactly_the_days():
    days = [date(2024, 1, day) for day in (5, 1, 2, 3, 7, 2)]
    ranges = contiguous(days)
    assert ranges == [DayRange(date(2024, 1, first), date(2024, 1, last)) for first, last in ((1, 3), (5, 5), (7, 7))]
    assert {day for each in ranges for day in each} == set(days)
    assert contiguous([]) == []
