"""What is shown of a day is of many users, what is hidden is hidden together, and no subtraction brings a small cell back."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.marts.small_cells import SMALL, safe

GROUP, CELL = ["day", "currency"], ["channel", "goal"]
SCHEMA = {
    "day": pl.Date,
    "currency": pl.String,
    "channel": pl.String,
    "goal": pl.String,
    "user": pl.Int64,
    "bucket": pl.Int8,
    "n": pl.Float64,
}

days = st.sampled_from([date(2024, 1, 1), date(2024, 1, 2)])
rows = st.tuples(
    days, st.sampled_from(["EUR", "USD"]), st.sampled_from("abcde"), st.sampled_from("xy"), st.integers(0, 40), st.integers(0, 3)
)


def credits_of(drawn):
    """Rows of credit: a user is always in the same bucket, and shares it with others."""
    return pl.DataFrame([(*row[:4], row[4], row[4] % 16, float(row[5])) for row in drawn], schema=SCHEMA, orient="row")


def users_of(rows):
    return rows.filter(pl.col("n") != 0)["user"].n_unique()


@settings(deadline=None)  # the machine may be busy
@given(st.lists(rows, max_size=120), st.integers(2, 8))
def test_no_shown_number_is_of_few_users_and_what_is_hidden_is_of_many(drawn, fewest):
    credit = credits_of(drawn)
    seen = safe(credit, group=GROUP, cell=CELL, values=["n"], fewest=fewest)
    for day, currency in seen.select(GROUP).unique().iter_rows():
        everything = credit.filter(day=day, currency=currency, n=pl.col("n")).filter(pl.col("n") != 0)
        shown = seen.filter(day=day, currency=currency)
        cells = shown.filter(pl.col("channel") != SMALL)
        for channel, goal, number in cells.select(*CELL, "n").iter_rows():
            own = everything.filter(channel=channel, goal=goal)
            assert users_of(own) >= fewest
            assert own["n"].sum() == number
        hidden = everything.join(cells, on=CELL, how="anti")
        pooled = shown.filter(channel=SMALL)
        # The only equation in which a hidden cell stands is the sum of all that are hidden: at least two, of many users.
        assert hidden.is_empty() == pooled.is_empty()
        if hidden.height:
            assert pooled["n"].to_list() == [hidden["n"].sum()]
            assert users_of(hidden) >= fewest
            assert hidden.select(CELL).n_unique() >= 2
        assert shown["n"].sum() == everything["n"].sum()  # totals are whole, of the groups that are there


@settings(deadline=None)  # the machine may be busy
@given(st.lists(rows, max_size=120), st.integers(2, 8))
def test_a_group_of_few_users_is_left_out_as_if_it_had_not_been_there(drawn, fewest):
    credit = credits_of(drawn)
    seen = safe(credit, group=GROUP, cell=CELL, values=["n"], fewest=fewest)
    for group, own in credit.filter(pl.col("n") != 0).group_by(GROUP):
        if own["user"].n_unique() < fewest:
            assert seen.filter(day=group[0], currency=group[1]).is_empty()


@settings(deadline=None)  # the machine may be busy
@given(st.lists(rows, max_size=80), st.lists(rows, max_size=80), st.integers(2, 8))
def test_what_is_decided_of_a_day_does_not_depend_on_other_days(one, other, fewest):
    """So that a range of days is the sum of its days, whichever ranges are asked for and subtracted."""
    first = [(date(2024, 1, 1), *row[1:]) for row in one]
    second = [(date(2024, 1, 2), *row[1:]) for row in other]
    apart = [safe(credits_of(part), group=GROUP, cell=CELL, values=["n"], fewest=fewest) for part in (first, second)]
    together = safe(credits_of(first + second), group=GROUP, cell=CELL, values=["n"], fewest=fewest)
    assert together.equals(pl.concat(apart))


def test_the_smallest_of_the_others_is_hidden_with_a_cell_that_would_stand_alone():
    drawn = [(date(2024, 1, 1), "EUR", "a", "x", user, 1) for user in range(9)]
    drawn += [(date(2024, 1, 1), "EUR", "b", "x", user, 1) for user in range(6)]
    drawn += [(date(2024, 1, 1), "EUR", "c", "x", 0, 1)]
    seen = safe(credits_of(drawn), group=GROUP, cell=CELL, values=["n"], fewest=5)
    assert sorted(seen.select("channel", "n").rows()) == [(SMALL, 7.0), ("a", 9.0)]


def test_a_cell_has_no_more_users_than_its_evidence():
    """A model that learns credits every conversion to every channel, however few met it."""
    drawn = [(date(2024, 1, 1), "EUR", channel, "x", user, 1) for channel in "abc" for user in range(12)]
    met = {"a": range(12), "b": range(12), "c": range(1)}
    evidence = pl.DataFrame(
        [(date(2024, 1, 1), channel, bucket) for channel, buckets in met.items() for bucket in buckets],
        schema={"day": pl.Date, "channel": pl.String, "bucket": pl.Int8},
        orient="row",
    )
    seen = safe(credits_of(drawn), group=GROUP, cell=CELL, values=["n"], fewest=5, evidence=evidence)
    assert set(seen["channel"]) == {SMALL, "a", "b"} or set(seen["channel"]) == {SMALL, "a"}
    assert seen["n"].sum() == 36
