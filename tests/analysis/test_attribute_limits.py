"""A model that is too large for the input is named with its reason; the others are computed all the same."""

import numpy as np
import polars as pl

from mta_assets.analysis.attribute import ClosedJourneys, attribute
from mta_assets.journeys.path_table import path_table
from mta_assets.models.registry import MODELS


def test_a_markov_order_beyond_its_limit_is_unavailable_and_stops_no_other_model():
    # 52 channels in one path: order 3 takes up to 50.
    touches = path_table(pl.DataFrame({"path": [" > ".join(f"c{n:02}" for n in range(52))], "total_conversions": [1.0]})).touches
    everything = ClosedJourneys(touches=touches, learning=touches, currency={"USD": np.array([True])}, by=("channel",))
    outcome = attribute(everything, {name: MODELS[name] for name in ("linear", "markov_1", "markov_3")})
    assert set(outcome.unavailable) == {"markov_3"}
    assert "50" in outcome.unavailable["markov_3"]
    assert set(outcome.results["model"]) == {"linear", "markov_1"}
