"""Column names: ours, theirs, and what to write when they do not meet."""

import pytest

from mta_assets.config import SourceConfig
from mta_assets.errors import DataError
from mta_assets.ingest.fields import FIELDS
from mta_assets.ingest.mapping import match_columns

ROW = "u1,2026-01-05,a\n"


def test_names_match_exactly_first_and_then_without_regard_to_case_and_blanks():
    source = SourceConfig(kind="touchpoints", glob="*")
    assert match_columns([" USER_ID", "Ts", "channel", "Channel"], source).theirs == {
        "user_id": " USER_ID",
        "ts": "Ts",
        "channel": "channel",
    }
    assert match_columns(["USER_ID", "Ts", "channel", "Channel"], source).extra == ("Channel",)


def test_a_declared_name_goes_before_our_own(conform):
    outcome = conform("user_id,customer,ts,channel\nx,u1,2026-01-05,a\n", columns={"user_id": "Customer"})
    assert outcome.touchpoints.select("user_id", "extra").row(0) == ("u1", '{"user_id":"x"}')


def test_one_column_may_mean_two_of_ours(conform):
    outcome = conform("user_id,ts,utm\n" + ROW, columns={"source": "utm", "campaign": "utm"})
    assert outcome.touchpoints.select("source", "campaign", "extra").row(0) == ("a", "a", None)


def test_a_declared_column_that_the_file_lacks_is_refused_with_the_nearest(conform):
    with pytest.raises(
        DataError, match=r"columns maps campaign to 'utm_campain', which the file does not have.*Did you mean 'utm_campaign'"
    ):
        conform("user_id,ts,channel,utm_campaign\n" + ROW.replace("\n", ",c\n"), columns={"campaign": "utm_campain"})


@pytest.mark.parametrize("setting", ["columns", "defaults"])
def test_a_name_that_is_none_of_ours_is_refused_with_the_nearest(conform, setting):
    with pytest.raises(DataError, match=rf"{setting} names 'usr_id', which is no column of touchpoints. Did you mean 'user_id'"):
        conform("user_id,ts,channel\n" + ROW, **{setting: {"usr_id": "x"}})


def test_both_names_of_the_value_of_a_conversion_are_ours(conform):
    for name in ("value", "conversion_value"):
        assert float(conform(f"user_id,ts,{name}\nu1,2026-01-05,7\n", "conversions").conversions["value"].item()) == 7
    mapped = conform("user_id,ts,x\nu1,2026-01-05,7\n", "conversions", columns={"conversion_value": "x"})
    assert float(mapped.conversions["value"].item()) == 7


def test_columns_that_are_named_like_our_provenance_are_the_sources_own(conform):
    outcome = conform("user_id,ts,value,source_name,row\nu1,2026-01-05,7,web,9\n", "conversions")
    assert outcome.conversions.select("source_name", "row", "extra").row(0) == ("test", 2, '{"row":"9","source_name":"web"}')


@pytest.mark.parametrize("kind", FIELDS)
def test_every_kind_names_each_column_once(kind):
    names = [name for field in FIELDS[kind] for name in field.names]
    assert len(names) == len(set(names))
