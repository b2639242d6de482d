"""Expected counts after a history, by boosted trees that never saw the user they speak of. The only module that knows LightGBM."""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from mta_assets.contracts.arrays import Floats, Ints
from mta_assets.errors import UnavailableError
from mta_assets.models.incremental.timeline import Singles

if TYPE_CHECKING:
    import lightgbm

FOLDS = 2
# Equal data give equal trees on every machine of one kind: sums are made by rows, in an order that does not depend on the machine's processors.
PARAMETERS = {
    "objective": "poisson",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 63,
    "seed": 1,
    "num_threads": 1,  # two that wait for each other keep the cores busy with it: beside other work a fit took seven times as long
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class Expectation:
    """What is expected after a history: one set of trees for each fold of users, fitted to the users of the others."""

    def __init__(self, boosters: Sequence["lightgbm.Booster | None"]) -> None:
        self._boosters = boosters

    def of(self, history: Singles, fold: Ints) -> Floats:
        """(moments,) expected counts. fold: (moments,) the fold of each user, whose own trees are those that did not see it."""
        expected = np.zeros(len(history))
        for number, booster in enumerate(self._boosters):
            own = fold == number
            if own.any() and booster is not None:
                expected[own] = np.asarray(booster.predict(history[own], num_threads=PARAMETERS["num_threads"]), dtype=np.float64)
        return expected


def expectations(history: Singles, outcomes: Sequence[Floats], fold: Ints, rounds: Sequence[int]) -> list[Expectation]:
    """One expectation per outcome, of the same moments. history: (moments, figures); each outcome: (moments,) counts; rounds: trees per outcome."""
    library = _library()
    boosters: list[list[lightgbm.Booster | None]] = [[] for _ in outcomes]
    for number in range(FOLDS):
        seen = fold != number
        data = library.Dataset(history[seen], params=PARAMETERS, free_raw_data=False)
        for own, outcome, trees in zip(boosters, outcomes, rounds, strict=True):
            # Where nothing ever followed, nothing is expected, and there is nothing to fit.
            own.append(library.train(PARAMETERS, data.set_label(outcome[seen]), trees) if outcome[seen].any() else None)
    return [Expectation(own) for own in boosters]


def _library() -> ModuleType:
    try:
        import lightgbm  # noqa: PLC0415  half a second to import, needed where a model of increments is fitted only
    except (ImportError, OSError) as error:  # the wheel wants the system's OpenMP
        raise UnavailableError(f"lightgbm cannot be loaded ({error}); install the system's package libgomp1 and run it again") from error
    return lightgbm
