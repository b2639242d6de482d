"""What the rows of each kind of source become."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mta_assets.config import Config
from mta_assets.errors import DataError

TOUCH = "user_id,ts,channel\n"


def test_a_touchpoint_needs_but_a_user_a_time_and_a_channel(conform):
    row = conform(TOUCH + "u1,2026-01-05T10:00:00Z, Paid Search \n").touchpoints.row(0, named=True)
    assert row["user_id"] == "u1"
    assert row["ts"] == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert row["day"] == date(2026, 1, 5)
    assert row["channel"] == "Paid Search"
    assert (row["source"], row["medium"], row["campaign"]) == ("(not set)",) * 3
    assert row["kind"] == "visit"
    assert row["cost"] is None
    assert row["extra"] is None
    assert (row["source_name"], row["file"], row["file_version"], row["row"]) == ("test", "in.csv", "v1", 2)


def test_the_day_is_cut_in_the_reporting_timezone(conform):
    text = TOUCH + "u1,2026-01-05T23:30:00Z,a\n"
    assert conform(text).touchpoints["day"].item() == date(2026, 1, 5)
    assert conform(text, config=Config(reporting_timezone="Europe/Berlin")).touchpoints["day"].item() == date(2026, 1, 6)


def test_columns_that_are_not_ours_are_kept_as_a_json_object_without_empty_ones(conform):
    text = 'user_id,ts,channel,device,city\nu1,2026-01-05,a,mobile,Köln \nu2,2026-01-05,a,,\nu3,2026-01-05,a,,"a""b"\n'
    assert conform(text).touchpoints["extra"].to_list() == ['{"city":"Köln","device":"mobile"}', None, '{"city":"a\\"b"}']


def test_a_conversion_takes_its_goal_value_and_currency_from_defaults_where_it_has_none(conform):
    text = "user_id,ts,value,currency,goal\nu1,2026-01-05,12.34,eur,\nu2,2026-01-05,,,sign_up\n"
    rows = conform(text, "conversions", Config(currency="CHF")).conversions
    assert rows.select("goal", "value", "currency").rows() == [("purchase", Decimal("12.34"), "EUR"), ("sign_up", Decimal(0), "CHF")]


def test_defaults_of_the_source_fill_missing_columns_and_empty_cells(conform):
    settings = {"defaults": {"channel": "email", "campaign": "spring", "kind": "click"}}
    rows = conform("user_id,ts,campaign\nu1,2026-01-05,\nu2,2026-01-05,fall\n", **settings).touchpoints
    assert rows.select("channel", "campaign", "kind").rows() == [("email", "spring", "click"), ("email", "fall", "click")]


def test_a_conversion_row_of_an_event_log_is_a_conversion_and_the_touch_of_its_visit(conform):
    text = "user_id,ts,channel,conversion,conversion_value\nu1,2026-01-05,a,0,0\nu1,2026-01-06,b,yes,9.5\n"
    outcome = conform(text, "event_log")
    assert outcome.rows_read == 2
    assert outcome.touchpoints["channel"].to_list() == ["a", "b"]
    assert outcome.conversions.select("row", "goal", "value").rows() == [(3, "conversion", Decimal("9.5"))]
    without = conform(text, "event_log", visit_is_touch=False)
    assert without.touchpoints["channel"].to_list() == ["a"]
    assert without.conversions.equals(outcome.conversions)


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "yes", "1.0"])
def test_a_conversion_is_marked_in_any_usual_way(conform, word):
    assert (
        conform(
            f"user_id,ts,channel,conversion\nu1,2026-01-05,a,{word}\nu1,2026-01-06,a,no\nu1,2026-01-07,a,\n", "event_log"
        ).conversions.height
        == 1
    )


def test_a_conversion_mark_that_is_neither_yes_nor_no_is_rejected(conform):
    outcome = conform("user_id,ts,channel,conversion\nu1,2026-01-05,a,maybe\n", "event_log")
    assert outcome.reasons == {2: "conversion: is neither yes nor no"}


def test_the_value_of_a_row_that_is_no_conversion_need_not_make_sense_but_must_be_a_number(conform):
    outcome = conform("user_id,ts,channel,conversion,value\nu1,2026-01-05,a,0,-1\nu1,2026-01-05,a,0,abc\n", "event_log")
    assert outcome.touchpoints["row"].to_list() == [2]
    assert outcome.reasons == {3: "value: is no number"}


def test_spend_is_read_with_its_counts(conform):
    rows = conform("day,channel,cost,impressions,clicks\n2026-01-05,a,3.5,1000,7\n20260106,a,0,12.0,\n", "spend").spend
    assert rows.select("day", "cost", "impressions", "clicks").rows() == [
        (date(2026, 1, 5), Decimal("3.5"), 1000, 7),
        (date(2026, 1, 6), Decimal(0), 12, None),
    ]


def test_spend_without_a_channel_is_named_by_its_source_and_medium_or_rejected(conform):
    outcome = conform("day,channel,source,medium,cost\n2026-01-05,,google,cpc,1\n2026-01-05,tv,,,1\n2026-01-05,,,,1\n", "spend")
    assert outcome.spend["channel"].to_list() == ["paid search", "tv"]
    assert outcome.reasons == {4: "channel: is empty"}
    assert outcome.spend["extra"].to_list() == ['{"medium":"cpc","source":"google"}', None]


def test_july_is_read_whole_and_its_totals_agree(conform, shared_data):
    events = conform((shared_data / "july2018/events.csv").read_bytes(), "event_log", columns={"user_id": "customer_id", "ts": "time"})
    assert (events.rows_read, events.touchpoints.height, events.conversions.height) == (62_483, 62_483, 1_838)
    assert events.touchpoints["user"].n_unique() == 7_896
    assert events.touchpoints["event_id"].is_unique().all()
    spend = conform((shared_data / "july2018/spend.csv").read_bytes(), "spend").spend
    assert spend.height == 155
    assert float(spend["cost"].sum()) == pytest.approx(4_856.7, abs=0.05)


def test_the_exports_of_a_small_shop_are_read_with_a_mapping_each(conform, shared_data):
    d2c = shared_data / "d2c"
    web = conform((d2c / "ga4_events.csv").read_bytes(), columns={"user_id": "user_pseudo_id", "ts": "event_timestamp"}, config=Config())
    assert dict(web.touchpoints["channel"].value_counts().iter_rows()) == {
        "email": 126,
        "paid social": 117,
        "organic search": 23,
        "direct": 11,
    }
    mapping = {"conversion_id": "order_id", "user_id": "customer_id", "ts": "created_at", "value": "total_price"}
    orders = conform((d2c / "shopify_orders.csv").read_bytes(), "conversions", columns=mapping)
    assert (orders.conversions.height, orders.rejected.height) == (30, 0)
    mapping = {"day": "date_day", "campaign": "campaign_id", "cost": "spend"}
    ads = conform((d2c / "meta_ads_ad_insights.csv").read_bytes(), "spend", columns=mapping, defaults={"channel": "paid social"})
    assert (ads.spend.height, ads.spend["spend_id"].n_unique()) == (267, 267)
    mapping = {"user_id": "profile_id", "ts": "event_at", "campaign": "campaign_id"}
    mails = conform((d2c / "klaviyo_events.csv").read_bytes(), columns=mapping, defaults={"channel": "email"})
    assert mails.touchpoints.height == 89


def test_a_file_without_any_sign_of_a_channel_is_refused_rather_than_called_direct(conform):
    with pytest.raises(DataError, match="needs one of channel, source, medium, campaign, referrer"):
        conform("user_id,ts\nu1,2026-01-05\n")
