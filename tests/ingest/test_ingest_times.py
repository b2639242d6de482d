"""Times and days: every usual notation, time zones, and clocks that go forward and back."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.config import Config
from mta_assets.ingest.times import parse_days, parse_times

MOMENT = datetime(2024, 1, 31, 13, 45, tzinfo=UTC)


def moment(text: str, timezone: str = "UTC") -> datetime | None:
    return parse_times(pl.Series([text]), timezone).values.item()


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31T13:45:00Z",
        "2024-01-31T13:45Z",
        "2024-01-31t13:45:00.000z",
        " 2024-01-31 13:45:00 UTC ",
        "2024-01-31 13:45:00.000000 UTC",
        "2024-01-31T14:45:00+01:00",
        "2024-01-31T14:45:00+0100",
        "2024-01-31 14:45:00+01",
        "2024-01-31T08:15:00,000-05:30",
        "2024-01-31T13:45:00",
        "2024-01-31 13:45:00",
        "2024-01-31 13:45",
        "1706708700",
        "1706708700.0",
        "1706708700000",
        "1706708700000000",
        "1706708700000000000",
    ],
)
def test_one_moment_is_understood_in_every_usual_notation(text):
    assert moment(text) == MOMENT


def test_a_date_alone_is_its_midnight():
    assert moment("2024-01-31", "Europe/Berlin") == datetime(2024, 1, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-31T00:00:00Z",
        "2024-13-01",
        "2024-01-31T25:00:00Z",
        "31.01.2024",
        "01/31/2024",
        "1e9",
        "now",
        "2024-01-31T13:45:00+99:00",
        "1" * 30,
    ],
)
def test_what_is_no_time_is_a_fault_and_no_value(text):
    parsed = parse_times(pl.Series([text, "2024-01-31T13:45:00Z", None]), "UTC")
    assert parsed.values.to_list() == [None, MOMENT, None]
    assert [fault.bad.to_list() for fault in parsed.faults] == [[True, False, False]]


def test_notations_may_be_mixed_in_one_column():
    texts = ["2024-01-31T13:45:00Z", "2024-01-31 14:45:00", "1706708700", "2024-01-31T13:45:00.0+00:00", None, "2024-01-31T13:45:00Z"]
    assert parse_times(pl.Series(texts), "Europe/Berlin").values.to_list() == [MOMENT] * 4 + [None, MOMENT]


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series([MOMENT]),
        pl.Series([MOMENT]).dt.convert_time_zone("Asia/Tokyo").cast(pl.Datetime("ns", "Asia/Tokyo")),
        pl.Series([datetime(2024, 1, 31, 13, 45)], dtype=pl.Datetime("ms")),
        pl.Series([1706708700]),
        pl.Series([1706708700.0]),
        pl.Series([1706708700000]),
    ],
)
def test_typed_columns_need_no_text(cells):
    assert parse_times(cells, "UTC").values.to_list() == [MOMENT]


def test_where_clocks_go_back_the_first_of_the_two_moments_is_meant():
    assert moment("2024-10-27 02:30:00", "Europe/Berlin") == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)


def test_a_time_that_clocks_skip_is_a_fault_that_names_the_timezone():
    parsed = parse_times(pl.Series(["2024-03-31 02:30:00", "2024-03-31 03:30:00"]), "Europe/Berlin")
    assert parsed.values.to_list() == [None, datetime(2024, 3, 31, 1, 30, tzinfo=UTC)]
    (fault,) = parsed.faults
    assert fault.bad.to_list() == [True, False]
    assert "does not exist in Europe/Berlin" in fault.reason


@settings(deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)),  # later summers are not in the engine's table
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f"]),
)
def test_a_local_time_is_what_the_standard_library_says(local, zone, shape):
    aware = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    skipped = aware.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local
    assert moment(local.strftime(shape), zone) == (None if skipped else aware.astimezone(UTC))


@settings(deadline=None)
@given(st.datetimes(datetime(1974, 1, 1), datetime(2200, 1, 1)))
def test_epoch_numbers_are_told_apart_by_their_size(naive):
    instant = naive.replace(tzinfo=UTC)
    micros = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert moment(str(micros)) == instant
    assert moment(str(micros // 1_000)) == instant.replace(microsecond=instant.microsecond // 1_000 * 1_000)
    assert moment(str(micros // 1_000_000)) == instant.replace(microsecond=0)
    assert moment(f"{micros // 1_000_000}.{micros % 1_000_000:06}") == instant


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-01-31", date(2024, 1, 31)),
        ("20240131", date(2024, 1, 31)),
        ("2024-01-31T23:00:00-05:00", date(2024, 1, 31)),
        ("2024-01-31 00:00:00", date(2024, 1, 31)),
        ("1706742000", date(2024, 2, 1)),
        ("2024-02-31", None),
        ("20240231", None),
        ("January", None),
    ],
)
def test_a_day_is_the_one_that_is_written(text, day):
    for company in ([], ["2024-05-05"]):
        assert parse_days(pl.Series([text, *company]), "Europe/Berlin").values[0] == day


def test_a_typed_day_is_itself():
    assert parse_days(pl.Series([date(2024, 1, 31)]), "UTC").values.item() == date(2024, 1, 31)
    assert parse_days(pl.Series([20240131]), "UTC").values.item() == date(2024, 1, 31)


def test_a_time_in_the_skipped_hour_is_quarantined_and_the_source_timezone_is_used(conform):
    text = "user_id,ts,channel\nu1,2024-03-31 02:30:00,a\nu2,2024-03-31 12:00:00,a\n"
    outcome = conform(text, timezone="Europe/Berlin")
    assert outcome.touchpoints["ts"].item() == datetime(2024, 3, 31, 10, tzinfo=UTC)
    assert list(outcome.reasons) == [2]


def test_the_first_day_and_the_last_hour_are_settings(conform):
    text = "user_id,ts,channel\nu1,2010-01-01,a\nu2,2026-06-30T20:00:00Z,a\n"
    assert conform(text).touchpoints["row"].to_list() == [3]
    config = Config(earliest_day=date(2009, 1, 1), latest_ahead_hours=1)
    assert conform(text, config=config).touchpoints["row"].to_list() == [2]


def test_spend_of_an_implausible_day_is_rejected(conform):
    outcome = conform("day,channel,cost\n2010-01-01,a,1\n2026-07-01,a,1\n2026-07-03,a,1\n", "spend")
    assert outcome.reasons == {2: "day: is before 2015-01-01, the first day kept", 4: "day: lies in the future"}
