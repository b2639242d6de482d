"""Each check of days finds the one thing that it is for, and leaves good days alone."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from mta_assets.config import parse_config
from mta_assets.contracts.increments import NOT_ESTIMATED
from mta_assets.contracts.tables import UNATTRIBUTED, credits_table
from mta_assets.quality.findings import PARTS
from mta_assets.quality.registry import DAY_CHECKS

LAST = date(2026, 3, 15)


def days_before(count):
    return [LAST - timedelta(days=n) for n in range(1, count + 1)]


def only(core, kind, condition):
    return {kind: core[kind].filter(condition)}


def some(share):
    """Whether a row is among so many of all, spread evenly."""
    return (pl.int_range(pl.len()) * 7919) % 1_000 < share * 1_000


def with_rows(frame, rows, **changed):
    return pl.concat([frame, rows.with_columns(**changed)]).sort("day", "bucket", "user", "ts", maintain_order=True)


def stop_a_source(core):
    return {"conversions": core["conversions"].clear()}


def lose_two_thirds(core):
    return only(core, "touchpoints", some(0.33))


def double_a_channel(core):
    own = core["touchpoints"].filter(channel="paid search")
    later = own.with_columns(ts=pl.col("ts") + pl.duration(minutes=7), event_id="x" + pl.col("event_id"))
    return {"touchpoints": with_rows(core["touchpoints"], later)}


def lose_a_channel(core):
    return only(core, "touchpoints", pl.col("channel") != "email")


def rename_a_channel(core):
    return {"touchpoints": core["touchpoints"].with_columns(channel=pl.col("channel").replace("email", "e-mail newsletter"))}


def lose_the_sources_of_some(core):
    unknown = pl.when(some(0.1)).then(pl.lit("unassigned")).otherwise("channel")
    return {"touchpoints": core["touchpoints"].with_columns(channel=unknown)}


def fire_a_tag_twice(core):
    own = core["touchpoints"].filter(some(0.1))
    return {
        "touchpoints": with_rows(
            core["touchpoints"], own, event_id="x" + pl.col("event_id"), ts=pl.col("ts") + pl.duration(milliseconds=300)
        )
    }


def change_user_ids(core):
    return {"touchpoints": core["touchpoints"].with_columns(user=pl.col("user") + 1_000_003).sort("day", "bucket", "user", "ts")}


def a_bot_of(touches, seconds_apart):
    def add(core):
        row = core["touchpoints"].filter(channel="display").head(1)
        start = row["ts"].dt.truncate("1d").item()
        rows = pl.concat([row] * touches).with_columns(
            ts=pl.lit(start) + pl.duration(seconds=pl.int_range(pl.len()) * seconds_apart),
            event_id=pl.format("bot{}", pl.int_range(pl.len())),
            user=pl.lit(77, dtype=pl.Int64),
            bucket=pl.lit(77 % 64, dtype=pl.Int8),
        )
        return {"touchpoints": with_rows(core["touchpoints"], rows)}

    return add


def shift_the_clock(core):
    late = core["touchpoints"].with_columns(ts=pl.col("ts") + pl.duration(hours=4))
    return {"touchpoints": late.filter(pl.col("ts").dt.date() == LAST)}


def pay_in_another_currency(core):
    return {"conversions": core["conversions"].with_columns(currency=pl.when(some(0.3)).then(pl.lit("EUR")).otherwise("currency"))}


def spend_in_another_currency(core):
    return {"spend": core["spend"].with_columns(currency=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("EUR")).otherwise("currency"))}


def send_cents(core):
    return {"conversions": core["conversions"].with_columns(value=(pl.col("value") * 100).cast(pl.Decimal(38, 9)))}


def one_huge_order(core):
    first = pl.col("conversion_id") == core["conversions"].filter(pl.col("value") > 0)["conversion_id"][0]
    huge = pl.when(first).then(pl.lit(9_999_999)).otherwise("value").cast(pl.Decimal(38, 9))
    return {"conversions": core["conversions"].with_columns(value=huge)}


def lose_the_touches_of_a_paid_channel(core):
    return only(core, "touchpoints", pl.col("channel") != "paid search")


def spend_on_an_unknown_channel(core):
    return {"spend": pl.concat([core["spend"], core["spend"].head(1).with_columns(channel=pl.lit("tv"), spend_id=pl.lit("x"))])}


def lose_the_spend_of_a_channel(core):
    return only(core, "spend", pl.col("channel") != "paid search")


BREAKS = [
    ("volume", stop_a_source, "conversions of conversions"),
    ("volume", lose_two_thirds, "touchpoints of touchpoints"),
    ("volume", double_a_channel, "paid search"),
    ("channels", lose_a_channel, "channel email vanished"),
    ("channels", rename_a_channel, "channel e-mail newsletter appeared"),
    ("unassigned_share", lose_the_sources_of_some, "touches of touchpoints"),
    ("repeated_touches", fire_a_tag_twice, "touches said twice of touchpoints"),
    ("touches_without_user", change_user_ids, "touches with a matching user of touchpoints"),
    ("bots", a_bot_of(1_500, 50), "1 users like bots"),
    ("bots", a_bot_of(70, 0.5), "1 users like bots"),
    ("clock_skew", shift_the_clock, "mean hour of touches of touchpoints"),
    ("currency_mix", pay_in_another_currency, "EUR"),
    ("currency_mix", spend_in_another_currency, "currency EUR in spend"),
    ("value_outliers", send_cents, "median value of purchase USD"),
    ("value_outliers", one_huge_order, "largest value of purchase USD"),
    ("spend_without_touches", lose_the_touches_of_a_paid_channel, "paid search"),
    ("spend_without_touches", spend_on_an_unknown_channel, "tv"),
    ("touches_without_spend", lose_the_spend_of_a_channel, "paid search has no spend"),
]


@pytest.mark.parametrize("name", [check.name for check in DAY_CHECKS])
def test_a_good_day_passes(shop, name):
    finding = shop.judged(name)
    assert finding.passed, finding.message
    assert finding.numbers["subjects"] > 0
    assert finding.recommendation == ""


def test_good_days_raise_no_more_alarms_than_asked_for(shop):
    """`make check-table` judges 200 of them."""
    told = [f"{day} {check.name}" for day in days_before(14) for check in DAY_CHECKS if not check.finding(shop.history(check, day)).passed]
    assert len(told) <= 1, told  # of 14 days and 18 checks, each with one alarm a year


@pytest.mark.parametrize(("name", "broken", "told"), BREAKS, ids=[f"{name}-{broken.__name__}" for name, broken, _ in BREAKS])
def test_a_broken_day_is_found(shop, name, broken, told):
    finding = shop.judged(name, core=broken(shop.core))
    assert not finding.passed
    assert told in finding.message
    assert str(LAST) in finding.message
    assert finding.recommendation
    assert finding.severity == "warning"


def test_rows_later_than_their_ingest_are_found(shop):
    early = shop.files.with_columns(
        ingested_at=pl.lit(shop.core["touchpoints"]["ts"].max() - timedelta(hours=3)).cast(shop.files.schema["ingested_at"])
    )
    finding = shop.judged("future_events", files=early)
    assert not finding.passed
    assert "touches of touchpoints in the future" in finding.message


def test_conversions_whose_touches_are_lost_are_found(shop):
    lost = ["touch_ts", "channel", "campaign", "kind", "touch_source", "event_id"]
    half = shop.journeys.with_columns(pl.when(some(0.5)).then(pl.col(name).list.head(0)).otherwise(name) for name in lost)
    finding = shop.judged("conversions_without_touches", journeys=half)
    assert not finding.passed
    assert "conversions without touches of conversions" in finding.message


def test_journeys_that_lose_their_first_touches_are_found(shop):
    lists = ["touch_ts", "channel", "campaign", "kind", "touch_source", "event_id"]
    last = shop.journeys.with_columns(pl.col(name).list.tail(1) for name in lists)
    finding = shop.judged("journey_drift", journeys=last)
    assert not finding.passed
    assert "mean touches of a converting journey" in finding.message
    assert "mean hours from first touch to conversion" in finding.message


def test_credit_that_no_channel_gets_is_found(shop):
    lost = {
        name: frame.with_columns(channel=pl.when(some(0.4)).then(pl.lit(UNATTRIBUTED)).otherwise("channel"))
        for name, frame in shop.credits.items()
    }
    finding = shop.judged("unattributed_share", credit=lost)
    assert not finding.passed
    assert "unattributed credit of linear" in finding.message


def test_a_share_that_moves_in_one_model_and_one_that_moves_in_all_are_told_apart(shop):
    def moved(name):
        return shop.credits[name].with_columns(channel=pl.lit("sms"))

    alone = shop.judged("share_moves", credit={"last_touch": moved("last_touch")})
    assert not alone.passed
    assert "share of sms, in last_touch alone: 100 %" in alone.message
    everywhere = shop.judged("share_moves", credit={name: moved(name) for name in shop.credits})
    assert "share of sms, in 3 of 3 models" in everywhere.message
    assert {"share of sms", "share of direct, less"} <= set(str(everywhere.numbers["parts"]).split(PARTS))


def test_a_model_that_could_say_nothing_of_a_day_moves_no_share(shop):
    silent = shop.credits["last_touch"].with_columns(channel=pl.lit(NOT_ESTIMATED))
    assert shop.judged("share_moves", credit={"last_touch": silent}).passed


def test_a_known_change_is_no_surprise(shop):
    config = parse_config({"checks": {"known_changes": [{"day": str(LAST), "part": "paid search"}]}})
    assert "paid search" in shop.judged("volume", core=double_a_channel(shop.core)).message
    assert "paid search" not in shop.judged("volume", core=double_a_channel(shop.core), config=config).message


def test_a_source_that_may_only_be_late_is_not_held_to_be_lost(shop):
    assert shop.judged("volume", core=stop_a_source(shop.core), waited_until=LAST).passed
    assert not shop.judged("volume", core=stop_a_source(shop.core)).passed


def test_a_source_that_has_rows_of_a_later_day_is_waited_for_no_longer(shop):
    later = shop.profiles["events"].tail(1).with_columns(day=LAST + timedelta(days=1), source_name=pl.lit("conversions"))
    ahead = replace(shop, profiles={**shop.profiles, "events": pl.concat([shop.profiles["events"], later])})
    assert not ahead.judged("volume", core=stop_a_source(shop.core), waited_until=LAST).passed


def test_a_check_can_be_switched_off_made_serious_and_given_another_threshold(shop):
    def rules(**said):
        return parse_config({"checks": {"rules": {"volume": said}}})

    broken = lose_two_thirds(shop.core)
    assert shop.judged("volume", core=broken, config=rules(severity="error")).severity == "error"
    assert shop.judged("volume", core=broken, config=rules(enabled=False)).passed
    assert shop.judged("volume", core=broken, config=rules(min_change=0.9)).passed


def test_the_credits_of_the_shop_have_buckets_to_leave_out(shop):
    assert shop.credits["linear"]["bucket"].n_unique() > 32
    assert credits_table("linear").schema["bucket"] == pl.Int8
