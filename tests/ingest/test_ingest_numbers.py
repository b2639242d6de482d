"""Money, counts and flags: exact from the text, or refused."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.ingest.numbers import parse_flag, parse_money, parse_whole

AMOUNTS = st.decimals(min_value="-1e20", max_value="1e20", allow_nan=False, allow_infinity=False)


def amount(cell: object) -> Decimal | None:
    return parse_money(pl.Series([cell])).values.item()


@settings(deadline=None)
@given(AMOUNTS)
def test_an_amount_is_the_decimal_that_is_written_rounded_half_even_at_the_ninth(value):
    assert amount(str(value)) == value.quantize(Decimal("1e-9"), ROUND_HALF_EVEN, Context(prec=60))


@settings(deadline=None)
@given(AMOUNTS)
def test_an_amount_is_the_same_with_exponent_sign_and_blanks(value):
    assert amount(f" {value:+e} ") == amount(str(value))


@pytest.mark.parametrize("cell", ["", "x", "1,5", "1 000", "$1", "1.2.3", "nan", "inf", "-inf", "0x10", "--1", "1_000", "9" * 30, "٣"])
def test_what_is_no_plain_number_is_a_fault(cell):
    parsed = parse_money(pl.Series([cell, "1"]))
    assert parsed.values.to_list() == [None, Decimal(1)]
    assert [fault.bad.to_list() for fault in parsed.faults] == [[True, False]]


@pytest.mark.parametrize(("cell", "value"), [(0.1, "0.1"), (12, "12"), (Decimal("1.25"), "1.25"), (26.516000000000002, "26.516")])
def test_typed_numbers_are_what_their_shortest_text_says(cell, value):
    assert amount(cell) == Decimal(value)


def test_whole_numbers_may_be_written_as_fractions_but_not_be_any():
    parsed = parse_whole(pl.Series(["12", "12.0", "1.5", "1e3", "x", None]))
    assert parsed.values.to_list() == [12, 12, None, 1000, None, None]
    assert parsed.faults[0].bad.to_list() == [False, False, True, False, True, False]


def test_flags_are_yes_no_or_a_fault():
    parsed = parse_flag(pl.Series(["1", "0", " Yes", "no", "TRUE", "false", "2", "", "1.0", None]))
    assert parsed.values.to_list() == [True, False, True, False, True, False, None, None, True, None]
    assert parse_flag(pl.Series([True, False])).values.to_list() == [True, False]
