"""One-off analysis works piece by piece and learns from distinct paths; its credit is that of all journeys taken together."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mta_assets.analysis.attribute import ClosedJourneys, attribute
from mta_assets.analysis.inputs import Inputs, closed_journeys
from mta_assets.config import Config, parse_config
from mta_assets.contracts.tables import CONVERSIONS, QUARANTINE, TIME, UNCONSENTED
from mta_assets.journeys.assemble import journey_frame, touches_of
from mta_assets.journeys.events import user_events
from mta_assets.journeys.histories import histories
from mta_assets.journeys.kernel import journeys
from mta_assets.models.registry import MODELS

CONFIG = parse_config({"lookback_days": 3, "currency": "EUR", "touch_kinds": ["click", "visit"], "milestones": {"lead": "sign_up"}})
HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """Two hundred users of all buckets over a month, in two currencies, with ties, views that do not count, and conversions that no touch precedes."""
    rng = np.random.default_rng(5)
    users = rng.integers(-(2**63), 2**63 - 1, 200)

    def events(rows: int, identifier: str) -> pl.DataFrame:
        return pl.DataFrame({"user": rng.choice(users, rows), "ts": rng.integers(0, 30 * 24, rows) * HOUR_US}).select(
            "user",
            pl.col("ts").cast(TIME),
            pl.Series(identifier, rng.permutation(rows)).cast(pl.String),
            pl.lit("web").alias("source_name"),
        )

    touchpoints = events(4_000, "event_id").with_columns(
        channel=pl.Series(rng.choice(["Direct", "email", "search", "social"], 4_000)),
        campaign=pl.Series(rng.choice(["a", "b"], 4_000)),
        kind=pl.Series(rng.choice(["click", "view", "visit"], 4_000)),
    )
    conversions = events(300, "conversion_id").with_columns(
        goal=pl.Series(rng.choice(["purchase", "sign_up"], 300)),
        value=pl.Series(rng.integers(1, 10_000, 300) / 100).cast(CONVERSIONS.schema["value"]),
        currency=pl.Series(rng.choice(["EUR", "USD"], 300)),
    )
    rows = {"touchpoints": touchpoints, "conversions": conversions}
    return Inputs(rows=rows, rejected=QUARANTINE.empty(), rows_read=4_300, duplicates=0, unconsented=UNCONSENTED.empty())


def all_together(inputs: Inputs, config: Config, by: tuple[str, ...]) -> ClosedJourneys:
    """Every journey as a row, and learned models fed with all of them."""
    events = user_events(inputs.rows["touchpoints"], inputs.rows["conversions"], kinds=config.touch_kinds, stages=config.milestones.stages)
    rows = journey_frame(events, journeys(events.arrays(), config.lookback_us, restart_after_conversion=False), config.lookback_us, "UTC")
    touches = touches_of(rows, columns=by, stages=tuple(config.milestones.stages))
    learning = touches_of(rows, columns=by, value_currency=config.currency)
    return ClosedJourneys(
        touches=touches,
        learning=learning,
        currency={code: (rows["currency"] == code).to_numpy() for code in ("EUR", "USD")},
        by=by,
        histories=lambda: histories(events.touchpoints, events.conversions, touches),
    )


@pytest.mark.parametrize("by", [("channel",), ("channel", "campaign")])
def test_credit_and_effects_are_those_of_all_journeys_together(inputs, by):
    found = attribute(closed_journeys(inputs, CONFIG, by), MODELS)
    expected = attribute(all_together(inputs, CONFIG, by), MODELS)
    assert_frame_equal(found.results, expected.results, rel_tol=1e-9, abs_tol=1e-12)
    assert_frame_equal(found.effects, expected.effects, rel_tol=1e-9, abs_tol=1e-12)
    assert found.unavailable == expected.unavailable


def test_every_closed_journey_is_learned_from(inputs):
    found, expected = closed_journeys(inputs, CONFIG, ("channel",)), all_together(inputs, CONFIG, ("channel",))
    assert found.learning.nulls.sum() == expected.touches.nulls.sum() > 0
    assert found.touches.conversions.sum() == expected.touches.conversions.sum() > 0
    unattributed = found.touches.length == 0
    assert found.learning.conversions.sum() == (~unattributed).sum() < len(unattributed)


def test_inputs_without_a_touch_have_unattributed_journeys_only(inputs):
    rows = {"touchpoints": inputs.rows["touchpoints"].clear(), "conversions": inputs.rows["conversions"]}
    bare = Inputs(rows=rows, rejected=inputs.rejected, rows_read=300, duplicates=0, unconsented=UNCONSENTED.empty())
    credit = attribute(closed_journeys(bare, CONFIG, ("channel",)), {"linear": MODELS["linear"]}).results
    purchases = inputs.rows["conversions"].filter(goal="purchase").height
    assert credit.group_by("channel").agg(pl.col("conversions").sum()).rows() == [("unattributed", purchases)]
