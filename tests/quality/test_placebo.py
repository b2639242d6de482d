"""The placebo of increments: what unpaid visits seem to add decides whether the rest is trusted."""

from datetime import date

import polars as pl

from mta_assets.contracts.increments import INCREMENTS
from mta_assets.quality.placebo import placebo


def increments(*rows) -> pl.DataFrame:
    """Rows of (day of January, channel, role, increment, reason, doubt)."""
    names = ("day", "channel", "role", "increment", "reason", "doubt")
    told = [{"touches": 9} | dict(zip(names, (date(2026, 1, row[0]), *row[1:]), strict=True)) for row in rows]
    return pl.DataFrame(told, schema=INCREMENTS.schema)


def test_the_newest_day_without_doubt_passes_and_says_what_unpaid_visits_seem_to_add():
    found = placebo(increments((1, "direct", "unpaid", 90.0, None, "the placebo fails"), (2, "direct", "unpaid", 3.04, None, None)))
    assert found.passed
    assert found.numbers == {"added by direct": 3.0}


def test_a_doubt_warns_with_what_to_do():
    found = placebo(
        increments((2, "direct", "unpaid", 90.0, None, "the placebo fails"), (2, "display", "pushed", 5.0, None, "the placebo fails"))
    )
    assert (found.passed, found.severity, found.message) == (False, "warning", "the placebo fails")
    assert "models.incremental" in found.recommendation


def test_what_is_not_estimated_needs_no_placebo_and_no_rows_need_none_either():
    found = placebo(increments((2, "direct", "unpaid", None, "99 conversions", None)))
    assert found.passed
    assert "nothing is claimed; 99 conversions" in found.message
    assert placebo(increments()).passed
