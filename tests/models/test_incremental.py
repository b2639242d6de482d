"""The model of increments: it finds what touches added where that is known, shares conversions out to meet it, and says what it cannot tell."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mta_assets.contracts.arrays import Histories, Statistics, Touches
from mta_assets.contracts.increments import BASELINE, INCREMENTS, NOT_ESTIMATED
from mta_assets.errors import ModelError, UnavailableError
from mta_assets.models.base import Learned
from mta_assets.models.credit import per_journey_rows, totals
from mta_assets.models.histories import trees
from mta_assets.models.incremental import comparison
from mta_assets.models.incremental.model import Incremental
from mta_assets.models.incremental.roles import role
from mta_assets.models.incremental.sharing import share_out
from mta_assets.models.registry import MODELS

DAY = 86_400_000_000
START = 20_000 * DAY
DAYS = 56
MODEL = Incremental()


def shop(seed=1, users=3_000, *, pushes=0.06, effect=0.1) -> Histories:
    """Users of whom some are keen: they visit and buy more. A push comes to anybody, and adds a purchase with a probability that is known."""
    rng = np.random.default_rng(seed)
    keen = rng.random(users) < 0.3

    def events(rate):
        user, day = np.nonzero(rng.random((users, DAYS)) < rate)
        return user, START + day * DAY + rng.integers(0, DAY, len(user))

    push_user, push_ts = events(np.full((users, 1), pushes))
    visit_user, visit_ts = events(np.where(keen, 0.08, 0.01)[:, None])
    buy_user, buy_ts = events(np.where(keen, 0.01, 0.0015)[:, None])
    brought = rng.random(len(push_user)) < effect
    after = push_ts[brought] + rng.integers(1, 2 * DAY, brought.sum())
    kept = after < START + DAYS * DAY
    buyer, bought = np.concatenate([buy_user, push_user[brought][kept]]), np.concatenate([buy_ts, after[kept]])
    hashed = rng.integers(0, 1 << 62, users)
    channel = np.repeat([0, 1], [len(visit_user), len(push_user)])
    user, ts = np.concatenate([visit_user, push_user]), np.concatenate([visit_ts, push_ts])
    return Histories(
        channels=("direct", "display"),
        start=START,
        end=START + DAYS * DAY,
        user=hashed[user],
        ts=ts,
        channel=channel,
        conversion_user=hashed[buyer],
        conversion_ts=bought,
        converting=converting(user, ts, channel, buyer, bought),
    )


def converting(user, ts, channel, buyer, bought) -> Touches:
    """The journeys of the purchases, with a lookback of 30 days; by brute force."""
    found = [np.flatnonzero((user == who) & (ts <= when) & (ts > when - 30 * DAY)) for who, when in zip(buyer, bought, strict=True)]
    flat = np.concatenate([*found, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    length = np.array([len(each) for each in found])
    return Touches(
        units=("direct", "display"),
        offsets=np.concatenate([[0], np.cumsum(length)]),
        unit=channel[flat].astype(np.int32),
        conversions=np.ones(len(found)),
        nulls=np.zeros(len(found)),
        value=np.full(len(found), 20.0),
        cell=np.zeros(len(found), dtype=np.int64),
        is_direct=channel[flat] == 0,
        age_hours=(np.repeat(bought, length) - ts[flat]) / (DAY / 24),
    )


def statistics(histories) -> Statistics:
    touched = histories.converting.length > 0
    count = float(touched.sum())
    return Statistics(units=histories.channels, conversions=count, value=20.0 * count, histories=histories)


@pytest.fixture(scope="module", autouse=True)
def fewer_trees():
    """A third of the trees that each learn three times as much: what is tested does not depend on it, and takes a third of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "_TREES", 30)
        patch.setattr(comparison, "_FEWER_TREES", 20)
        patch.setitem(trees.PARAMETERS, "learning_rate", 0.3)
        yield


@pytest.fixture(scope="module")
def known():
    return shop()


@pytest.fixture(scope="module")
def learned(known):
    return MODEL.fit(statistics(known))


def brought(histories) -> float:
    """What the pushes of `shop` added on average, within the window."""
    pushes = (histories.channel == 1).sum()
    return pushes * 0.1


def row(learned: Learned, channel: str) -> dict:
    return learned.increments.row(by_predicate=pl.col("channel") == channel, named=True)


def test_it_finds_what_touches_added_where_buyers_are_touched_no_more_than_others(known, learned):
    found = row(learned, "display")
    assert abs(found["increment"] - brought(known)) < 4 * found["increment_se"]
    assert 0 < found["increment_se"] < 0.3 * brought(known)
    assert abs(found["provisional"] - found["increment"]) < 4 * found["increment_se"]  # these bring purchases within two days


def test_conversions_are_shared_out_to_meet_the_increments_and_the_rest_is_the_baseline(known, learned):
    earned = totals(MODEL.allocate(known.converting, learned), known.converting)
    assert dict(zip(known.converting.units, earned.conversions, strict=True)) == {
        "direct": 0.0,  # nobody pays for it, so that what it seems to add is the placebo
        "display": pytest.approx(row(learned, "display")["increment"] * row(learned, "display")["credited_part"], rel=1e-9),
    }
    assert 0.9 < row(learned, "display")["credited_part"] < 1  # its effect is far beyond its error
    assert earned.rest == BASELINE
    whole = known.converting.conversions.sum()
    assert earned.conversions.sum() + earned.rest_conversions + earned.unattributed_conversions == pytest.approx(whole, rel=1e-12)
    shares = dict(zip(learned.units, learned.share, strict=True))
    attributed = whole - earned.unattributed_conversions
    assert shares[BASELINE] == pytest.approx(earned.rest_conversions / attributed, rel=1e-9)
    assert sum(shares.values()) == pytest.approx(1, rel=1e-12)


def test_the_order_of_events_does_not_matter_nor_does_the_number_of_threads(known, learned, monkeypatch):
    order, bought = np.random.default_rng(2).permutation(len(known.ts)), np.random.default_rng(3).permutation(len(known.conversion_ts))
    shuffled = replace(
        known,
        user=known.user[order],
        ts=known.ts[order],
        channel=known.channel[order],
        conversion_user=known.conversion_user[bought],
        conversion_ts=known.conversion_ts[bought],
    )
    monkeypatch.setitem(trees.PARAMETERS, "num_threads", 2)
    assert MODEL.fit(statistics(shuffled)).increments.equals(learned.increments)


def test_what_it_learns_meets_the_contract(learned):
    rows = learned.increments.with_columns(day=pl.lit(None, pl.Date))
    assert set(rows.columns) == set(INCREMENTS.schema)
    dated = INCREMENTS.conform(rows.with_columns(day=pl.date(2026, 1, 1)))
    assert INCREMENTS.validate(dated).height == 2


def few(histories, where) -> Histories:
    """The histories with other touches."""
    return replace(histories, user=histories.user[where], ts=histories.ts[where], channel=histories.channel[where])


def test_a_channel_with_three_touches_is_not_estimated_and_says_why(known):
    third = replace(known, channels=("direct", "display", "mail"), channel=np.where(np.arange(len(known.ts)) < 3, 2, known.channel))
    found = MODEL.fit(statistics(third))
    told = row(found, "mail")
    assert told["increment"] is None
    assert "touched 3 user(s) only" in told["reason"]
    assert "mail" not in found.units
    assert "mail cannot be estimated: touched 3 user(s) only" in found.note
    assert row(found, "display")["reason"] is None


def test_without_unpaid_visits_nothing_can_be_said_of_pulled_channels_and_the_rest_is_in_doubt(known):
    pulled = replace(few(known, known.channel == 1), channels=("display", "paid search"), channel=np.arange((known.channel == 1).sum()) % 2)
    found = MODEL.fit(statistics(replace(pulled, converting=replace(known.converting, units=("display", "paid search")))))
    assert "no visits" in row(found, "paid search")["reason"] or "0 organic and direct visits" in row(found, "paid search")["reason"]
    assert row(found, "paid search")["increment"] is None
    assert row(found, "display")["increment"] is not None
    assert "neither hidden intent can be allowed for nor a placebo be tried" in row(found, "display")["doubt"]


def test_what_everybody_sees_every_day_has_nothing_to_be_compared_with(known):
    users = np.unique(known.user)
    every = np.repeat(users, DAYS), START + np.tile(np.arange(DAYS), len(users)) * DAY + DAY // 2
    seen = replace(
        known,
        channels=("direct", "display", "video"),
        user=np.concatenate([known.user, every[0]]),
        ts=np.concatenate([known.ts, every[1]]),
        channel=np.concatenate([known.channel, np.full(len(every[0]), 2)]),
    )
    told = row(MODEL.fit(statistics(seen)), "video")
    assert told["increment"] is None
    assert "nothing to compare them with" in told["reason"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda known: replace(known, conversion_ts=np.full_like(known.conversion_ts, START + 3 * DAY)), "fall on 1 day"),
        (lambda known: replace(few(known, np.zeros(len(known.ts), dtype=bool)), channels=()), "no touch"),
        (lambda known: replace(known, start=START + (DAYS - 20) * DAY), "span 20 days"),
        (
            lambda known: replace(known, conversion_user=known.conversion_user[:99], conversion_ts=known.conversion_ts[:99]),
            "in 99 conversions",
        ),
    ],
)
def test_a_window_that_tells_too_little_is_refused_with_the_reason(known, change, says):
    with pytest.raises(UnavailableError, match=says):
        MODEL.fit(statistics(change(known)))


def test_journeys_alone_do_not_tell_increments():
    with pytest.raises(UnavailableError, match="send events rather than journeys or a path table"):
        MODEL.fit(Statistics(units=("display",), conversions=5.0, value=5.0))


def test_what_cannot_be_estimated_is_credited_to_nothing_that_looks_like_a_channel(known):
    learned = MODEL.unestimated(statistics(known), "too few")
    earned = totals(MODEL.allocate(known.converting, learned), known.converting)
    assert not earned.conversions.any()
    assert earned.apart[0][0] == NOT_ESTIMATED
    assert (learned.units, learned.share.tolist()) == ((NOT_ESTIMATED,), [1.0])
    assert learned.increments["reason"].to_list() == ["too few", "too few"]


def test_the_worked_example_holds():
    touches = MODEL.example.touches()
    shared = share_out(touches, touches.unit, np.array([2.0, 5.0]), np.array([7.0, 2.0]))
    assert shared.conversions == pytest.approx([2.0, 5.0])
    assert shared.weight == pytest.approx([0.25, 1.0])
    assert touches.conversions.sum() - shared.conversions.sum() == pytest.approx(MODEL.example.credit[BASELINE])


JOURNEY = st.tuples(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10_000)), max_size=5), st.integers(0, 3))


@settings(max_examples=50, deadline=None)
@given(journeys=st.lists(JOURNEY, max_size=12), weight=st.lists(st.floats(0, 50), min_size=3, max_size=3))
def test_credit_and_baseline_sum_to_the_conversions_whatever_the_weights(journeys, weight):
    flat = [touch for path, _ in journeys for touch in sorted(path, key=lambda touch: -touch[1])]
    touches = Touches(
        units=("display", "mail", "search"),
        offsets=np.cumsum([0, *(len(path) for path, _ in journeys)]),
        unit=np.array([unit for unit, _ in flat], dtype=np.int32),
        conversions=np.array([count for _, count in journeys], dtype=np.float64),
        nulls=np.zeros(len(journeys)),
        value=np.array([count * 3.0 for _, count in journeys]),
        cell=np.zeros(len(journeys), dtype=np.int64),
        is_direct=np.zeros(len(flat), dtype=bool),
        age_hours=np.array([age for _, age in flat], dtype=np.float64),
    )
    rows = pl.DataFrame({"channel": ["display", "mail", "search"], "touch_weight": weight, "half_life_days": [7.0, 7.0, 2.0]})
    none = np.zeros(0)
    learned = Learned(
        units=(BASELINE, "display"),
        effect=none,
        value_effect=none,
        share=none,
        value_share=none,
        conversions=none,
        value=none,
        increments=rows,
    )
    allocation = MODEL.allocate(touches, learned)
    earned, by_row = totals(allocation, touches), per_journey_rows(allocation, touches)
    assert earned.conversions.min(initial=0.0) >= 0
    whole = earned.conversions.sum() + earned.rest_conversions + earned.unattributed_conversions
    assert whole == pytest.approx(touches.conversions.sum(), rel=1e-12, abs=1e-12)
    assert by_row.credit.sum() == pytest.approx(earned.conversions.sum(), rel=1e-9, abs=1e-12)


def test_a_channel_earns_no_more_than_the_conversions_that_it_touched():
    touches = MODEL.example.touches()
    shared = share_out(touches, touches.unit, np.array([50.0, -3.0]), np.array([7.0, 2.0]))
    assert 9 < shared.conversions[0] < 10
    assert shared.conversions[1] == 0


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("display", "pushed"),
        ("Paid Social", "pushed"),
        ("email", "pushed"),
        ("search retargeting", "pushed"),
        ("paid search", "pulled"),
        ("Paid Shopping", "pulled"),
        ("affiliates", "pulled"),
        ("direct", "unpaid"),
        ("organic search", "unpaid"),
        ("referral", "unpaid"),
        ("something else", "pushed"),
    ],
)
def test_a_channels_role_follows_from_its_name(channel, expected):
    assert role(channel, {}) == expected


def test_a_role_that_is_configured_goes_before_the_name():
    assert Incremental(pulled=("display",)).roles(("direct", "display")) == ("unpaid", "pulled")


@pytest.mark.parametrize(
    "wrong", [{"horizon_days": 0}, {"refit_days": 1.5}, {"provisional_days": 91}, {"pushed": ("a",), "unpaid": ("a",)}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ModelError):
        Incremental(**wrong)


def test_it_is_registered():
    assert MODELS["incremental"] == MODEL
