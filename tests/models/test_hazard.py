"""The hazard model: it foretells conversions by what happened before, credits channels with what would be less likely without them, and shows what it reads."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mta_assets.contracts.arrays import Histories, Touches
from mta_assets.contracts.contributions import contributions_table
from mta_assets.contracts.increments import NOT_ESTIMATED
from mta_assets.errors import ModelError, UnavailableError
from mta_assets.models.base import Asked, Learned
from mta_assets.models.credit import totals
from mta_assets.models.hazard import periods
from mta_assets.models.hazard.model import Hazard
from mta_assets.models.hazard.removal import at_conversions, contributions, removal_effects
from mta_assets.models.histories import trees
from mta_assets.models.histories.timeline import Timeline
from mta_assets.models.learning import learned
from mta_assets.models.registry import MODELS
from mta_assets.scorecard.prediction import auc, log_loss
from tests.models.test_incremental import DAY, DAYS, START, few, shop, statistics

MODEL = Hazard()


@pytest.fixture(scope="module", autouse=True)
def fewer_periods():
    """A fifth of the periods, so that a fit takes a fifth of the time: what is tested does not depend on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(periods, "MOST_PERIODS", 40_000)
        patch.setitem(trees.OF_CHANCES, "min_data_in_leaf", 200)
        yield


@pytest.fixture(scope="module")
def known() -> Histories:
    return shop(effect=0.3)


@pytest.fixture(scope="module")
def found(known) -> Learned:
    return MODEL.fit(statistics(known))


@pytest.fixture(scope="module")
def hazard(known):
    """(the hazard of the shop, its timeline)."""
    timeline = Timeline(known)
    return periods.hazard(timeline, np.random.default_rng(1)), timeline


def effects(learned: Learned) -> dict[str, float]:
    return dict(zip(learned.units, learned.effect.tolist(), strict=True))


def test_the_worked_example_holds():
    class AfterMailAndSearch:
        """4/3 times as likely after a mail, 4 times after a search, as without."""

        def of(self, figures):
            touched = figures[:, [3, 7]] >= 0  # days since the last mail, since the last search
            return 0.01 * np.prod(np.where(touched, [4 / 3, 4.0], 1.0), axis=1)

    users = np.arange(20)
    events = Histories(
        channels=("Mail", "Search"),
        start=START,
        end=START + DAY,
        user=users,
        ts=np.full(20, START),
        channel=users // 10,
        conversion_user=users,
        conversion_ts=np.full(20, START),
        converting=Touches.none(stages=()),
    )
    timeline = Timeline(events)
    effect = removal_effects(AfterMailAndSearch(), timeline, at_conversions(timeline, 100, np.random.default_rng(1)))
    assert dict(zip(events.channels, effect, strict=True)) == pytest.approx(dict(MODEL.example.effects))
    touches = MODEL.example.touches()
    shared = MODEL.allocate(touches, learned(replace(statistics(events), units=events.channels), effect, effect))
    earned = totals(shared, touches)
    assert dict(zip(touches.units, earned.conversions, strict=True)) == pytest.approx(dict(MODEL.example.credit))


def test_what_only_goes_before_conversions_is_credited_beside_what_brings_them(found):
    # Of this shop it is known that visits bring nothing: those who are keen on buying visit. To foretell, that is as good.
    assert effects(found)["direct"] > 20
    assert effects(found)["display"] > 20


def test_all_conversions_with_a_touch_are_shared_out(known, found):
    assert found.share.sum() == pytest.approx(1, rel=1e-12)
    assert found.conversions.sum() == pytest.approx(statistics(known).conversions, rel=1e-12)
    earned = totals(MODEL.allocate(known.converting, found), known.converting)
    assert earned.conversions.sum() + earned.unattributed_conversions == pytest.approx(known.converting.conversions.sum(), rel=1e-12)


def test_credit_by_campaign_divides_a_channels_share_by_the_touches_of_its_campaigns(known, found):
    of_display = np.flatnonzero(known.converting.unit == 1)
    unit = known.converting.unit.copy()
    unit[of_display[::4]] = 2
    touches = replace(known.converting, units=("direct\x1fa", "display\x1fa", "display\x1fb", "display\x1fc"), unit=unit)
    share = MODEL.allocate(touches, found).share
    whole = dict(zip(found.units, found.share, strict=True))
    assert (share[0], share[1] + share[2]) == (pytest.approx(whole["direct"]), pytest.approx(whole["display"]))
    assert share[2] / share[1] == pytest.approx(len(of_display[::4]) / (len(of_display) - len(of_display[::4])))
    assert share[3] == 0
    nobody = replace(touches.take(np.zeros(len(touches), dtype=bool)), units=touches.units)
    assert MODEL.allocate(nobody, found).share.sum() == pytest.approx(1)


def test_a_channel_by_another_name_earns_the_same(known, found):
    renamed = MODEL.fit(statistics(replace(known, channels=("a display", "z direct"), channel=1 - known.channel)))
    assert effects(renamed) == {"a display": effects(found)["display"], "z direct": effects(found)["direct"]}


def test_the_order_of_events_does_not_matter(known, found):
    order, bought = np.random.default_rng(2).permutation(len(known.ts)), np.random.default_rng(3).permutation(len(known.conversion_ts))
    shuffled = replace(
        few(known, order),
        channel=known.channel[order],
        conversion_user=known.conversion_user[bought],
        conversion_ts=known.conversion_ts[bought],
    )
    again = MODEL.fit(statistics(shuffled))
    assert again.effect.tolist() == found.effect.tolist()
    assert again.contributions.equals(found.contributions)


def asked_of(histories, ahead_days=7) -> Asked:
    return Asked(runs=Touches.none(stages=()), histories=histories, ahead_days=ahead_days)


def test_it_foretells_who_converts_among_users_it_has_not_seen(known):
    others = shop(seed=7, effect=0.3)
    chance = MODEL.conversion_chance(statistics(known), asked_of(others))
    timeline = Timeline(others)
    moments = timeline.moments_of(others.user, others.ts)
    week = 7 * 86_400
    judged = moments.at < timeline.end - week
    happened = timeline.between(timeline.conversions, moments, 0, week)[judged] > 0
    chance = chance[judged]
    assert chance.mean() == pytest.approx(happened.mean(), rel=0.2)
    assert auc(chance, happened) > 0.6
    assert log_loss(chance, happened) < log_loss(np.full(len(chance), happened.mean()), happened)


def test_chances_lie_between_0_and_1_and_grow_with_the_days(known):
    one, seven = (MODEL.conversion_chance(statistics(known), asked_of(known, days)) for days in (1, 7))
    assert (one > 0).all()
    assert (one < seven).all()
    assert (seven < 1).all()


def test_what_comes_after_a_touch_does_not_change_its_chance(known):
    cut = START + 30 * DAY
    before, bought = known.ts < cut, known.conversion_ts < cut
    then = replace(few(known, before), conversion_user=known.conversion_user[bought], conversion_ts=known.conversion_ts[bought])
    whole, early = (MODEL.conversion_chance(statistics(known), asked_of(each)) for each in (known, then))
    assert 0 < before.sum() < len(before)
    assert whole[before].tolist() == early.tolist()


def test_it_foretells_a_week_at_most_and_of_events_only(known):
    with pytest.raises(ModelError, match="7 days at most, not 8"):
        MODEL.conversion_chance(statistics(known), asked_of(known, 8))
    with pytest.raises(UnavailableError, match="histories"):
        MODEL.conversion_chance(statistics(known), asked_of(None))


def test_contributions_and_what_is_expected_sum_to_the_log_odds(hazard):
    chance, timeline = hazard
    figures = at_conversions(timeline, 300, np.random.default_rng(1))
    odds = chance.of(figures)
    assert chance.contributions(figures).sum(axis=1) == pytest.approx(np.log(odds / (1 - odds)), rel=1e-6)
    rows = contributions(chance, timeline, ("direct", "display"), figures)
    whole = rows["contribution"].sum() + rows["others"][0] + rows["expected"][0]
    assert whole == pytest.approx(np.log(odds / (1 - odds)).mean(), rel=1e-6)
    assert (rows["absolute"] >= rows["contribution"].abs()).all()


def test_a_channel_that_never_touched_contributes_and_earns_nothing(known, found):
    never = MODEL.fit(statistics(replace(known, channels=(*known.channels, "mail"))))
    told = never.contributions.row(by_predicate=pl.col("channel") == "mail", named=True)
    assert (told["touched"], told["contribution"], told["absolute"]) == (0, 0, 0)
    assert effects(never) == effects(found) | {"mail": 0.0}


def test_what_is_shown_of_it_meets_the_contract(found):
    table = contributions_table("hazard")
    rows = table.conform(found.contributions.with_columns(day=pl.date(2026, 1, 1)))
    assert table.validate(rows)["channel"].to_list() == ["direct", "display"]


def test_a_channels_touches_are_shown_as_often_as_they_were(known, found):
    touched = Timeline(known)
    moments = touched.moments(touched.conversions)
    before = touched.between(touched.touches[1], moments, -DAYS * 86_400, 1) > 0
    told = dict(found.contributions.select("channel", "touched").iter_rows())
    assert told["display"] == pytest.approx(before.mean())


def test_a_window_that_tells_too_little_is_refused_with_the_reason_and_credited_to_nothing_that_looks_like_a_channel(known):
    little = replace(known, conversion_user=known.conversion_user[:99], conversion_ts=known.conversion_ts[:99])
    with pytest.raises(UnavailableError, match="what conversions would be without a channel cannot be told: in 99 conversions"):
        MODEL.fit(statistics(little))
    with pytest.raises(UnavailableError, match="send events rather than journeys or a path table"):
        MODEL.fit(replace(statistics(known), histories=None))
    nothing = MODEL.unestimated(statistics(known), "too few")
    earned = totals(MODEL.allocate(known.converting, nothing), known.converting)
    assert not earned.conversions.any()
    assert earned.apart[0][0] == NOT_ESTIMATED
    assert (nothing.units, nothing.note, nothing.contributions) == ((NOT_ESTIMATED,), "too few", None)


def test_where_no_touch_makes_a_conversion_likelier_no_share_is_made_up(known, monkeypatch):
    monkeypatch.setitem(trees.OF_CHANCES, "min_data_in_leaf", 1_000_000)  # nothing can be told apart
    with pytest.raises(UnavailableError, match="no channel's touches make one likelier"):
        MODEL.fit(statistics(known))


def test_where_nothing_converts_there_is_no_hazard(known):
    none = replace(known, conversion_user=known.conversion_user[:0], conversion_ts=known.conversion_ts[:0])
    timeline = Timeline(none)
    nothing = periods.hazard(timeline, np.random.default_rng(1))
    assert not periods.chance_within(nothing, timeline, timeline.moments(timeline.touches[0]), 7).any()
    figures = at_conversions(timeline, 10, np.random.default_rng(1))
    assert not removal_effects(nothing, timeline, figures).any()
    assert contributions(nothing, timeline, none.channels, figures)["absolute"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize("days", [0, 29, 1.5, True])
def test_wrong_parameters_are_refused(days):
    with pytest.raises(ModelError, match="refit_days"):
        Hazard(refit_days=days)


def test_it_is_registered_and_stands_for_a_week():
    assert MODELS["hazard"] == MODEL
    assert MODEL.stands_days == 7
