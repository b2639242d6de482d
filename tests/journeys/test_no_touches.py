"""No journeys as arrays are what a frame without rows gives."""

from dataclasses import fields

import numpy as np
import pytest

from mta_assets.contracts.arrays import Touches
from mta_assets.contracts.tables import JOURNEYS
from mta_assets.journeys.assemble import touches_of


@pytest.mark.parametrize("stages", [(), ("lead",), ("lead", "opportunity")])
def test_no_touches_are_those_of_no_journeys(stages):
    made, read = Touches.none(stages=stages), touches_of(JOURNEYS.empty(), stages=stages)
    for field in fields(Touches):
        mine, theirs = getattr(made, field.name), getattr(read, field.name)
        if isinstance(theirs, np.ndarray):
            assert mine.dtype == theirs.dtype, field.name
            np.testing.assert_array_equal(mine, theirs, strict=True)
        else:
            assert mine == theirs, field.name
