"""Facts about the worlds whose truth is known: they repeat themselves, nothing works backwards, paired removal is exact, and each differs as it says."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from mta_assets.contracts.tables import CONVERSIONS, MONEY, TOUCHPOINTS
from mta_assets.errors import ConfigError
from mta_assets.journeys.events import user_events
from mta_assets.simulation.causes import CAUSES, ROLES
from mta_assets.simulation.draws import draw, true_effects
from mta_assets.simulation.events import block_rows
from mta_assets.simulation.known import simulate_world, simulated
from mta_assets.simulation.people import people
from mta_assets.simulation.raw import simulate
from mta_assets.simulation.truth import truth
from mta_assets.simulation.worlds import BLOCK_USERS, COHORT_USERS, WORLDS, known_world

USERS = 5_000
PAID = known_world("default").paid


@pytest.fixture(scope="module")
def worlds():
    return {name: simulate_world(name, users=USERS) for name in WORLDS}


def touches_of(world, *channels):
    return world.touchpoints.filter(pl.col("channel").is_in(channels)).height


def rate_of_buyers(world, channel):
    """Conversions per user of those whom a channel touched, over those of all users."""
    touched = world.touchpoints.filter(channel=channel)["user"].unique()
    own = world.conversions.filter(pl.col("user").is_in(touched.implode())).height
    return own / len(touched) / (world.conversions.height / USERS)


@pytest.mark.parametrize("name", WORLDS)
def test_the_same_world_is_the_same_to_the_last_digit(worlds, name):
    again = simulate_world(name, users=USERS)
    assert again.touchpoints.equals(worlds[name].touchpoints)
    assert again.conversions.equals(worlds[name].conversions)


def test_the_truth_is_the_same_to_the_last_digit(worlds):
    again = truth(known_world("default", users=USERS))
    assert again.channels.equals(worlds["default"].truth.channels)
    assert again.together_value == worlds["default"].truth.together_value


def test_another_seed_gives_another_world(worlds):
    assert not simulate_world("default", users=USERS, seed=2).conversions.equals(worlds["default"].conversions)


def test_a_larger_world_begins_with_the_users_of_a_smaller_one():
    small, large = (block_rows(known_world("default", users=users, days=10), 0) for users in (500, 800))
    first = large.number < 500
    assert np.array_equal(small.ts, large.ts[first])
    assert np.array_equal(small.order_cents, large.order_cents[large.order_number < 500])


def test_events_are_as_journeys_want_them(worlds):
    world = worlds["default"]
    touchpoints, conversions = world.touchpoints, world.conversions
    shared = {name: dtype for name, dtype in TOUCHPOINTS.schema.items() if name in touchpoints.columns}
    assert {name: touchpoints.schema[name] for name in shared} == shared
    assert conversions.schema.items() <= (CONVERSIONS.schema | {"value": MONEY}).items()
    for frame, identifier in ((touchpoints, "event_id"), (conversions, "conversion_id"), (world.milestones, "conversion_id")):
        assert frame.equals(frame.sort("user", "ts", identifier))
        assert frame[identifier].is_unique().all()
    assert user_events(touchpoints, conversions, kinds=("click", "view", "visit"), stages={}).conversions.height == conversions.height


def test_every_time_lies_within_the_worlds_days(worlds):
    for world in worlds.values():
        start = pl.datetime(*world.world.first_day.timetuple()[:3], time_zone="UTC")
        for frame in (world.touchpoints, world.conversions, world.milestones):
            assert frame.select(pl.col("ts").is_between(start, start + timedelta(days=90), closed="left").all()).item()


def test_a_user_is_touched_by_a_channel_once_a_day_and_buys_once_a_day(worlds):
    world = worlds["heavy-retargeting"]
    day = pl.col("ts").dt.date()
    assert not world.touchpoints.select("user", "channel", day).is_duplicated().any()
    assert not world.conversions.select("user", day).is_duplicated().any()


def test_users_have_random_buckets_like_any_hash(worlds):
    users = worlds["default"].touchpoints["user"].unique().to_numpy()
    counts = np.bincount(users & 63, minlength=64)
    assert counts.min() > 0.6 * counts.mean()
    assert counts.max() < 1.4 * counts.mean()


def test_clicks_of_paid_channels_have_a_price_and_nothing_else_has(worlds):
    paid = pl.col("channel").is_in(list(PAID))
    rows = worlds["default"].touchpoints.with_columns(click=pl.col("kind") == "click", priced=pl.col("cost").is_not_null(), paid=paid)
    assert (rows["click"] == rows["priced"]).all()
    assert ((rows["kind"] == "visit") == ~rows["paid"]).all()
    search = rows.filter(channel="paid search")["cost"].cast(pl.Float64)
    assert search.mean() == pytest.approx(0.85, rel=0.05)


def test_a_purchase_on_a_day_with_a_visit_comes_after_it(worlds):
    world = worlds["default"]
    visits = world.touchpoints.filter(pl.col("kind") == "visit").select("user", pl.col("ts").dt.date().alias("day"), visited="ts")
    bought = world.conversions.select("user", pl.col("ts").dt.date().alias("day"), "ts").join(visits, on=["user", "day"])
    assert bought.height > 200
    assert (bought["visited"] < bought["ts"]).all()


def test_a_pure_noise_world_has_no_true_effect_at_all(worlds):
    known = worlds["pure-noise"].truth
    assert known.channels["incremental_conversions"].to_list() == [0] * len(CAUSES)
    assert known.channels["incremental_value"].to_list() == [0.0] * len(CAUSES)
    assert known.together_conversions == 0
    assert known.conversions == worlds["pure-noise"].conversions.height > 500


def test_removing_a_channel_without_effect_changes_no_purchase_and_no_other_touch():
    """The chances of everything else are the same: common random numbers."""
    idle = tuple(replace(cause, lift=0.0, spark=0.0, visit=0.0, displaced=0.0) if cause.name == "video" else cause for cause in CAUSES)
    world = known_world("default", users=USERS, channels=idle)
    whole, without = simulated(world), simulated(replace(world, pressure={"video": 0.0}))
    assert touches_of(without, "video") == 0 < touches_of(whole, "video")
    assert whole.conversions.equals(without.conversions)
    columns = ["user", "ts", "channel", "campaign", "kind", "cost"]
    assert whole.touchpoints.filter(pl.col("channel") != "video").select(columns).equals(without.touchpoints.select(columns))


@pytest.mark.parametrize("channel", ["video", "paid search"])
def test_the_truth_of_a_channel_is_what_is_missing_when_the_whole_world_is_simulated_without_it(worlds, channel):
    """The truth simulates only the users whom the channel touched; that must be the same."""
    world = worlds["default"]
    without = simulated(replace(world.world, pressure={channel: 0.0}))
    row = world.truth.channels.row(by_predicate=pl.col("channel") == channel, named=True)
    assert row["incremental_conversions"] == world.conversions.height - without.conversions.height
    lost = world.conversions["value"].sum() - without.conversions["value"].sum()
    assert row["incremental_value"] == pytest.approx(float(lost))
    assert row["touches"] == touches_of(world, channel)


def test_what_all_paid_channels_cause_together_is_what_is_missing_without_all_of_them(worlds):
    world = worlds["default"]
    without = simulated(replace(world.world, pressure=dict.fromkeys(PAID, 0.0)))
    assert set(without.touchpoints["channel"].unique()) == {"organic search", "direct"}
    assert world.truth.together_conversions == world.conversions.height - without.conversions.height


def test_every_paid_channel_of_the_default_world_brings_something(worlds):
    paid = worlds["default"].truth.paid
    assert (paid["incremental_conversions"] > 0).all()
    assert paid["incremental_conversions"].sum() > 0.25 * worlds["default"].truth.conversions


def test_ads_of_the_default_world_reach_people_who_buy_anyway_and_those_without_hidden_targeting_less_so(worlds):
    """Without any effect of ads, buyers are over-represented among those whom display touched; where targeting hides nothing they are not."""
    open_noise = tuple(replace(cause, lift=0.0, spark=0.0) for cause in worlds["no-hidden-targeting"].world.channels)
    unhidden = simulated(replace(worlds["no-hidden-targeting"].world, channels=open_noise))
    assert rate_of_buyers(worlds["pure-noise"], "display") > 1.05
    assert rate_of_buyers(unhidden, "display") == pytest.approx(1, abs=0.04)


def test_video_leads_to_searches_in_the_default_world_and_not_where_nothing_is_upstream(worlds):
    lost = {}
    for name in ("default", "no-upstream"):
        without = simulated(replace(worlds[name].world, pressure={"video": 0.0}))
        lost[name] = touches_of(worlds[name], "paid search", "brand search") - touches_of(without, "paid search", "brand search")
    # Below 0: who buys less searches a little more, for a purchase would have ended the intent.
    assert lost["no-upstream"] <= 0
    assert lost["default"] > 20


def test_touches_of_a_randomised_world_have_nothing_to_do_with_visits_before_them(worlds):
    """A day with a visit is as often followed by a retargeting touch on the next day as any other."""

    def ratio(world):
        days = world.touchpoints.select("user", "channel", day=pl.col("ts").dt.date())
        after = (
            days.filter(channel="direct").select("user", day=pl.col("day").dt.offset_by("1d")).filter(pl.col("day") < pl.date(2026, 4, 1))
        )
        followed = after.join(days.filter(channel="retargeting"), on=["user", "day"], how="semi").height / after.height
        return followed / (touches_of(world, "retargeting") / USERS / 90)

    assert ratio(worlds["default"]) > 2
    assert ratio(worlds["randomised"]) == pytest.approx(1, abs=0.15)


def test_heavy_retargeting_touches_about_four_times_as_often(worlds):
    counts = [touches_of(worlds[name], "retargeting") for name in ("default", "heavy-retargeting")]
    assert 3 < counts[1] / counts[0] < 5


def test_who_is_held_out_is_never_touched_by_that_channel_and_an_experiment_finds_the_effect():
    world = simulate_world("default", users=2 * USERS, holdouts={"paid search": 0.5})
    held = world.holdouts["paid search"]
    assert len(held) == pytest.approx(USERS, rel=0.03)
    touched = world.touchpoints.filter(channel="paid search")["user"].unique().to_numpy()
    assert len(np.intersect1d(held, touched)) == 0
    [found] = world.experiments.to_dicts()
    true = world.truth.channels.filter(channel="paid search")["incremental_conversions"].item()
    assert abs(found["effect"] - true) < 3 * found["standard_error"]
    assert found["effect"] > 2 * found["standard_error"]


def test_users_outside_a_holdout_meet_the_same_chances_as_without_it():
    plain, held = (known_world("default", users=500, days=20, holdouts=shares) for shares in ({}, {"display": 0.3}))
    out = people(held, 0).number[people(held, 0).pressure[0] == 0]
    one, other = block_rows(plain, 0), block_rows(held, 0)
    assert 0 < len(out) < 500
    assert np.array_equal(one.ts[~np.isin(one.number, out)], other.ts[~np.isin(other.number, out)])


def test_more_pressure_means_more_touches_and_more_purchases_with_diminishing_returns():
    world = known_world("default", users=USERS)
    bought = {factor: simulated(replace(world, pressure={"social": factor})).conversions.height for factor in (0.0, 1.0, 2.0)}
    assert bought[0.0] < bought[1.0] < bought[2.0]
    assert bought[2.0] - bought[1.0] < bought[1.0] - bought[0.0]


def test_raw_files_of_a_known_world_name_their_channels_and_hold_every_event():
    world = known_world("default", users=300, days=10)
    rows = {kind: pl.concat([piece.rows for piece in simulate(world) if piece.kind == kind]) for kind in ("touchpoints", "conversions")}
    made = simulated(world)
    assert rows["touchpoints"].group_by("channel").len().sort("channel").equals(made.touchpoints.group_by("channel").len().sort("channel"))
    assert rows["conversions"].filter(goal="purchase").height == made.conversions.height
    assert rows["conversions"].filter(pl.col("goal") != "purchase").height == made.milestones.height
    assert rows["touchpoints"]["event_id"].is_unique().all()


def test_cohorts_of_a_known_world_share_no_user_and_no_identifier():
    world = known_world("default", users=COHORT_USERS + 100, days=1)
    assert world.cohorts == 2
    first, second = draw(world, 0), draw(world, 1)
    assert first.user.max() < COHORT_USERS <= second.user.min()
    assert len(first.ts) < world.cohort_numbers


def test_the_true_effects_of_a_known_world_end_with_what_no_paid_channel_caused():
    table = true_effects(known_world("default", users=1_000, days=20))
    assert table["channel"].to_list() == [*(cause.name for cause in CAUSES), None]


def test_channels_stand_by_their_role():
    roles = [cause.role for cause in CAUSES]
    assert roles == sorted(roles, key=ROLES.index)
    assert BLOCK_USERS * 8 == COHORT_USERS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"users": 0}, "users must lie from 1"),
        ({"days": 400}, "days must lie from 1 to 366"),
        ({"pressure": {"displya": 0.5}}, "'display'"),
        ({"pressure": {"display": -1}}, "pressure of 'display' must lie"),
        ({"holdouts": {"display": 0.95}}, "holdouts of 'display' must lie"),
        ({"channels": CAUSES[::-1]}, "order pushed, pulled, unpaid"),
        ({"channels": CAUSES[:-2]}, "organic search"),
    ],
)
def test_a_known_world_that_cannot_be_says_which_parameter_is_wrong(wrong, said):
    with pytest.raises(ConfigError, match=said):
        known_world("default", **wrong)


def test_an_unknown_world_is_met_with_the_nearest_right_names():
    with pytest.raises(ConfigError, match="'pure-noise'"):
        known_world("pure-nois")
