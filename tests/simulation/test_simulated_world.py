"""Facts about the simulated world: it repeats itself exactly, keeps to its days, looks like real traffic, and its truth shows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.errors import ConfigError
from mta_assets.simulation import cohort, world
from mta_assets.simulation.channels import CHANNELS, Channel, Origin
from mta_assets.simulation.cohort import DAY, GOALS, KINDS, NO_CAUSE, draw, stable_order
from mta_assets.simulation.raw import simulate
from mta_assets.simulation.shop_truth import shop_truth
from mta_assets.simulation.world import World

MEDIUM = World(touchpoints=200_000, days=28, first_day=date(2026, 1, 5))  # from a Monday


@pytest.fixture(scope="module")
def drawn():
    return draw(MEDIUM, 0)


def clean(world_, kind):
    return pl.concat([piece.rows for piece in simulate(replace(world_, dirty_share=0.0)) if piece.kind == kind])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), touchpoints=st.integers(1, 3_000), days=st.integers(1, 400))
def test_the_touches_are_as_many_as_stated_and_every_time_lies_within_the_worlds_days(seed, touchpoints, days):
    drawn = draw(World(seed=seed, touchpoints=touchpoints, days=days), 0)
    assert len(drawn.ts) == touchpoints
    for seconds in (drawn.ts, drawn.order_ts):
        assert np.all((seconds >= 0) & (seconds < days * DAY))
        assert np.all(np.diff(seconds) >= 0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), touchpoints=st.integers(1, 2_000), share=st.floats(0, 0.5))
def test_equal_worlds_give_equal_pieces(seed, touchpoints, share):
    made = World(seed=seed, touchpoints=touchpoints, dirty_share=share)
    for one, other in zip(simulate(made), simulate(replace(made)), strict=True):
        assert one.rows.equals(other.rows, null_equal=True)
        assert (one.kind, one.day, one.part, one.faults) == (other.kind, other.day, other.part, other.faults)


def test_another_seed_gives_another_world():
    assert not clean(World(touchpoints=500), "touchpoints").equals(clean(World(touchpoints=500, seed=2), "touchpoints"))


@pytest.fixture
def small_cohorts(monkeypatch):
    for module in (world, cohort):
        monkeypatch.setattr(module, "COHORT_TOUCHES", 1_000)


@pytest.mark.usefixtures("small_cohorts")
def test_a_large_world_comes_in_cohorts_of_bounded_size_that_share_no_user_and_no_identifier():
    large = World(touchpoints=3_500, days=5, dirty_share=0.0)
    pieces = list(simulate(large))
    by_part = {part: [p for p in pieces if p.part == part] for part in range(4)}
    touched = [pl.concat([p.rows for p in by_part[part] if p.kind == "touchpoints"]) for part in range(4)]
    assert [len(frame) for frame in touched] == [1_000, 1_000, 1_000, 500]
    users = [set(pl.concat([p.rows["user_id"] for p in by_part[part]])) for part in range(4)]
    assert sum(map(len, users)) == len(set().union(*users))
    assert pl.concat(touched)["event_id"].is_unique().all()
    assert pl.concat([p.rows for p in pieces if p.kind == "conversions"])["conversion_id"].is_unique().all()


@pytest.mark.usefixtures("small_cohorts")
def test_a_larger_world_begins_with_the_full_cohorts_of_a_smaller_one():
    small, large = (list(simulate(World(touchpoints=size, days=5))) for size in (2_000, 3_000))
    first = [piece for piece in large if piece.part in (0, 1)]
    assert [piece.rows.rows() for piece in first] == [piece.rows.rows() for piece in small if piece.part is not None]


def test_two_to_five_percent_of_users_buy_and_some_buy_again(drawn):
    buyers = drawn.order_user[drawn.goal == GOALS.index("purchase")]
    users = np.union1d(drawn.user, drawn.order_user)
    assert 0.02 < len(np.unique(buyers)) / len(users) < 0.05
    assert len(np.unique(buyers)) < len(buyers)


def test_users_have_three_to_five_touches_on_average_and_a_few_have_a_hundred(drawn):
    touches = np.bincount(np.unique(drawn.user, return_inverse=True)[1])
    assert 3 < touches.mean() < 5
    assert touches.max() > 100
    assert np.median(touches) < touches.mean()


def test_the_rhythm_of_week_and_day_shows(drawn):
    per_day = np.bincount(drawn.ts // DAY, minlength=28).reshape(4, 7).sum(axis=0)
    assert per_day[5:].max() < per_day[:5].min()
    per_hour = np.bincount(drawn.ts // 3_600 % 24)
    assert per_hour[20] > 3 * per_hour[3]


def test_no_day_is_much_busier_or_emptier_than_the_same_weekday_of_another_week(drawn):
    weeks = np.bincount(drawn.ts // DAY, minlength=28).reshape(4, 7)
    assert np.abs(weeks / weeks.mean(axis=0) - 1).max() < 0.1


def test_some_purchases_come_from_users_without_any_touch(drawn):
    bought = drawn.goal == GOALS.index("purchase")
    unknown = ~np.isin(drawn.order_user[bought], drawn.user)
    assert 0.01 < unknown.mean() < 0.06


def test_a_caused_purchase_follows_a_touch_of_that_channel_and_user(drawn):
    caused = drawn.cause != NO_CAUSE
    channel = MEDIUM.placement_channel[drawn.placement]
    touch = pl.DataFrame({"user": drawn.user, "cause": channel, "ts": drawn.ts, "touched": drawn.ts}).sort("ts")
    order = pl.DataFrame({"user": drawn.order_user[caused], "cause": drawn.cause[caused], "ts": drawn.order_ts[caused]})
    joined = order.join_asof(touch, on="ts", by=["user", "cause"], check_sortedness=False)
    assert joined["touched"].null_count() == 0
    assert len(order) > 500


def test_milestones_come_before_the_purchase_they_led_to(drawn):
    frame = pl.DataFrame({"user": drawn.order_user, "ts": drawn.order_ts, "goal": drawn.goal})
    first = frame.group_by("user", "goal").agg(pl.col("ts").min())
    signed = first.filter(goal=2).join(first.filter(goal=0), on="user")
    assert len(signed) > 200
    assert (signed["ts"] <= signed["ts_right"]).mean() > 0.97  # the rest bought on an earlier mission


def test_a_channels_stated_lift_is_the_rate_at_which_its_touches_cause_purchases():
    a, b = (
        Channel(name=name, origins=(Origin(source=name, medium="referral"),), opens=1, follows=1, lift=lift)
        for name, lift in (("weak", 0.002), ("strong", 0.02))
    )
    table = shop_truth(replace(MEDIUM, channels=(a, b), baseline=0.0)).filter(pl.col("channel").is_not_null())
    rate = (table["caused_purchases"] / table["touches"]).to_numpy()
    # Only the first success of a mission counts, which costs the weak one's later touches a little; 4 standard errors for the draw.
    for seen, stated, touches in zip(rate, (0.002, 0.02), table["touches"], strict=True):
        assert seen == pytest.approx(stated, rel=0.06, abs=4 * np.sqrt(stated / touches))


def test_users_of_a_strong_channel_buy_more_often_than_users_of_a_weak_one(drawn):
    buyers = np.unique(drawn.order_user[drawn.goal == 0])
    name = np.array([channel.name for channel in CHANNELS])[MEDIUM.placement_channel[drawn.placement]]
    rate = {each: np.isin(np.unique(drawn.user[name == each]), buyers).mean() for each in ("email", "paid search", "display")}
    assert rate["email"] > rate["paid search"] > rate["display"]


def test_the_truth_adds_up_to_all_purchases(drawn):
    table = shop_truth(MEDIUM)
    assert table["touches"].sum() == MEDIUM.touchpoints
    assert table["caused_purchases"].sum() == (drawn.goal == 0).sum()
    assert table["caused_value"].sum() == pytest.approx(drawn.order_cents.sum() / 100)


def test_clicks_of_paid_channels_have_a_price_and_nothing_else_has(drawn):
    price = MEDIUM.of_channels("click_cost")[drawn.placement]
    click = drawn.kind == KINDS.index("click")
    assert np.array_equal(drawn.cents > 0, click)
    assert np.array_equal(price > 0, drawn.kind != KINDS.index("visit"))
    search = click & (price == 0.85)
    assert drawn.cents[search].mean() == pytest.approx(85, rel=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 50), max_size=60))
def test_the_order_by_time_is_stable(numbers):
    assert stable_order(np.array(numbers, dtype=np.int64)).tolist() == np.argsort(numbers, kind="stable").tolist()


def test_written_times_lie_within_the_stated_days():
    made = World(touchpoints=2_000, first_day=date(2024, 2, 27), days=4, dirty_share=0.0)
    for kind in ("touchpoints", "conversions"):
        ts = clean(made, kind)["ts"].str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
        start = datetime(2024, 2, 27, tzinfo=UTC)
        assert ts.is_between(start, start + timedelta(days=4), closed="left").all()
        assert date(2024, 2, 29) in set(ts.dt.date())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"touchpoints": 0}, "touchpoints must lie from 1"),
        ({"days": 0}, "days must lie from 1"),
        ({"dirty_share": 0.9}, "dirty_share must lie from 0.0 to 0.5"),
        ({"dirty_share": float("nan")}, "dirty_share"),
        ({"seed": -1}, "seed"),
        ({"currency": "dollars"}, "not an ISO 4217 code"),
        ({"channels": ()}, "at least one channel"),
        ({"channels": (CHANNELS[0], CHANNELS[0])}, "each name once"),
        ({"channels": (replace(CHANNELS[0], lift=2.0),)}, "lift must lie from"),
        ({"channels": (replace(CHANNELS[0], origins=()),)}, "has no origin"),
        ({"channels": (replace(CHANNELS[0], opens=0.0),)}, "must open"),
    ],
)
def test_a_world_that_cannot_be_says_which_parameter_is_wrong(wrong, said):
    with pytest.raises(ConfigError, match=said):
        World(**wrong)
