"""Facts about the scorecard: what each measure says by hand, that a perfect model is perfect, that it repeats itself, that new models enter it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mta_assets.contracts.arrays import HISTORIES
from mta_assets.contracts.scorecard import SCORECARD
from mta_assets.models.base import RuleModel
from mta_assets.models.linear import Linear
from mta_assets.models.registry import MODELS
from mta_assets.scorecard.budget import MOVED, Budget
from mta_assets.scorecard.measures import distance, mean_ranks, rank_correlation, shares
from mta_assets.scorecard.run import TRUTH, Trial, scorecard
from mta_assets.scorecard.summary import END, START, markdown, on_page, summary
from mta_assets.simulation.truth import outcome
from mta_assets.simulation.worlds import known_world

OF_EVENTS = {name for name, model in MODELS.items() if HISTORIES in getattr(model, "needs", ())}
SMALL = Trial(worlds=("default", "pure-noise"), seeds=(3,), users=2_000)


@pytest.fixture(scope="module")
def rows():
    return scorecard(MODELS, SMALL).rows


def test_the_measures_of_a_small_case_are_those_of_a_hand():
    found = distance(np.array([30.0, 10.0, 60.0]), np.array([30.0, 20.0, 0.0]), conversions=200)
    # Shares .3 .1 .6 against .6 .4 0: differences .3 .3 .6.
    assert found.total_variation == pytest.approx(0.6)
    assert found.over_claim == pytest.approx(2)
    assert found.claimed_share == pytest.approx(0.5)
    assert (found.worst_channel, found.worst_error) == (2, pytest.approx(0.6))
    # Ranks 2 1 3 against 3 2 1.
    assert found.rank_correlation == pytest.approx(-0.5)


def test_where_nothing_is_incremental_only_the_claim_is_measured():
    found = distance(np.array([1.0, 2.0]), np.zeros(2), conversions=10)
    assert (found.total_variation, found.over_claim, found.rank_correlation, found.worst_channel) == (None,) * 4
    assert found.claimed_share == pytest.approx(0.3)


def test_credit_that_is_nowhere_positive_is_as_far_off_as_can_be():
    assert distance(np.zeros(2), np.array([1.0, 3.0]), conversions=10).total_variation == 1


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=9), st.floats(0.01, 100))
def test_the_size_of_claims_does_not_change_shares_ranks_or_distance(amounts, factor):
    true = np.arange(1.0, len(amounts) + 1)
    one, other = (distance(np.array(amounts) * times, true, 1e9) for times in (1, factor))
    assert one.total_variation == pytest.approx(other.total_variation, abs=1e-9)
    assert 0 <= one.total_variation <= 1
    assert shares(np.array(amounts)).sum() == pytest.approx(1)


def test_ranks_that_do_not_vary_have_no_correlation():
    assert rank_correlation(np.ones(3), np.arange(3.0)) is None
    assert rank_correlation(np.array([1.0, 5.0, 5.0]), np.array([0.0, 2.0, 2.0])) == pytest.approx(1)


def test_ties_share_their_mean_rank():
    assert mean_ranks(np.array([5.0, 1.0, 5.0, 9.0])).tolist() == [2.5, 1, 2.5, 4]


def test_every_registered_model_is_on_every_world(rows):
    assert rows.schema == SCORECARD.schema
    for world in SMALL.worlds:
        assert rows.filter(world=world)["model"].to_list() == [TRUTH, *MODELS]
    told = rows.drop_nulls("unavailable")
    assert set(told["model"]) == OF_EVENTS  # worlds of so few purchases do not tell what touches added, nor what would be without them
    assert "cannot be told from chance" in told["unavailable"][0]


def test_equal_trials_give_equal_digits(rows):
    again = scorecard(MODELS, SMALL)
    assert again.rows.equals(rows)
    assert again.predictions["world"].unique(maintain_order=True).to_list() == list(SMALL.worlds)


def test_who_knew_the_increments_would_be_right_and_earn_more_than_models_do_on_average(rows):
    here = rows.filter(world="default")
    truth = here.row(by_predicate=pl.col("model") == TRUTH, named=True)
    assert (truth["total_variation"], truth["over_claim"], truth["rank_correlation"]) == (0, 1, 1)
    assert truth["worst_channel"] is None
    assert here.filter(pl.col("model") != TRUTH)["total_variation"].min() > 0.1
    assert truth["profit_per_moved"] > here["profit_per_moved"].mean()  # of the average touch; what the next one brings may differ


def test_classic_models_claim_most_of_pure_noise(rows):
    noise = rows.filter(world="pure-noise")
    assert noise["total_variation"].null_count() == noise.height
    assert noise.filter(model="linear")["claimed_share"].item() > 0.5
    assert noise.filter(model=TRUTH)["claimed_share"].item() == 0


def test_a_move_takes_a_fifth_from_one_channel_and_its_profit_is_what_the_world_then_brings():
    world = known_world("default", users=4_000, days=40)
    before = outcome(world)
    budget = Budget(world=world, before=before)
    assert set(budget.spend) == set(world.paid)
    move = budget.advised({"mail": 1e9})
    assert move.taker == "mail"
    assert move.moved == pytest.approx(MOVED * budget.spend[move.giver])
    assert budget.advised({"mail": 2e9}) is move
    assert budget.advised({}) is None


def test_money_moved_where_nothing_works_only_changes_what_is_spent():
    world = known_world("pure-noise", users=4_000, days=40)
    move = Budget(world=world, before=outcome(world)).advised({"paid search": 1e9})
    assert abs(move.per_money) < 0.4


@dataclass(frozen=True, kw_only=True)
class Contrary(RuleModel):
    """A model of somebody else's: all to the first touch."""

    title: ClassVar[str] = "Contrary"

    def weight(self, touches):
        return (touches.position == 0).astype(np.float64)


def test_a_new_model_enters_by_being_registered():
    trial = Trial(worlds=("default",), seeds=(3,), users=1_000)
    rows = scorecard({"linear": Linear(), "contrary": Contrary()}, trial).rows
    first = scorecard({"first_touch": MODELS["first_touch"]}, trial).rows
    assert rows["model"].to_list() == [TRUTH, "linear", "contrary"]
    assert rows["total_variation"][2] == first["total_variation"][1]


def test_the_summary_has_a_row_per_model_the_nearest_to_the_truth_first(rows):
    table = summary(rows)
    assert table["model"].to_list()[0] == TRUTH
    assert set(table["model"]) == {TRUTH, *MODELS} - OF_EVENTS
    assert table["mean"].is_sorted()
    linear = table.row(by_predicate=pl.col("model") == "linear", named=True)
    of_default = rows.row(by_predicate=(pl.col("model") == "linear") & (pl.col("world") == "default"), named=True)
    assert linear["mean"] == linear["default"] == of_default["total_variation"]


def test_the_table_is_put_between_the_marks_of_a_page(rows):
    page = on_page(f"before\n{START}\nold\n{END}\nafter\n", markdown(rows))
    assert page.startswith(f"before\n{START}\n| model | mean of four |")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page
    with pytest.raises(ValueError, match="lacks the marks"):
        on_page("no marks", "text")
