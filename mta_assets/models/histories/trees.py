"""Boosted trees over histories: counts expected by trees that never saw the user they speak of, and chances. The only module that knows LightGBM."""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from mta_assets.contracts.arrays import Bools, Floats, Ints
from mta_assets.errors import UnavailableError
from mta_assets.models.histories.timeline import Singles

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
# Of chances, days of one user that end in the same conversion are many rows of one fact: leaves are few and large. All is looked at for each tree, and
# features are not bundled, so that nothing depends on the order of the channels.
OF_CHANCES = {
    "objective": "binary",
    "num_leaves": 7,
    "min_data_in_leaf": 1_000,
    "feature_fraction": 1.0,
    "bagging_freq": 0,
    "enable_bundle": False,
}
MOST_TREES, PATIENCE = 300, 10  # of chances: as many as foretell held-out rows best, given up after so many that did not help


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
                expected[own] = _predicted(booster, history[own])
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


class Chance:
    """The chance of something by some figures, 0 to 1. booster: None where it never happened."""

    def __init__(self, booster: "lightgbm.Booster | None") -> None:
        self._booster = booster

    def of(self, figures: Singles) -> Floats:
        """(rows,) chances."""
        return np.zeros(len(figures)) if self._booster is None else _predicted(self._booster, figures)

    def contributions(self, figures: Singles) -> Floats:
        """(rows, figures + 1) what each figure adds to the log-odds, and at last what they are without any: sums to the log-odds. TreeSHAP, exact.

        Source: Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9, of the paths that trees were fitted to.
        """
        if self._booster is None or not len(figures):
            return np.zeros((len(figures), figures.shape[1] + 1))
        return _predicted(self._booster, figures, pred_contrib=True)


def chance(figures: Singles, happened: Bools, held_out: Bools) -> Chance:
    """The chance that something happens, learned from rows in which it did or did not. figures: (rows, figures); happened, held_out: (rows,).

    What is held out says how many trees there are, and is not learned from otherwise. Where it never happened, there or in the rest, it has no chance.
    """
    if not (happened[held_out].any() and happened[~held_out].any()):
        return Chance(None)
    library, parameters = _library(), PARAMETERS | OF_CHANCES
    known = library.Dataset(figures[~held_out], happened[~held_out].astype(np.float64), params=parameters)
    judged = known.create_valid(figures[held_out], happened[held_out].astype(np.float64))
    stop = library.early_stopping(PATIENCE, verbose=False)
    return Chance(library.train(parameters, known, MOST_TREES, valid_sets=[judged], callbacks=[stop]))


def _predicted(booster: "lightgbm.Booster", figures: Singles, **how: bool) -> Floats:
    found = booster.predict(figures, num_threads=PARAMETERS["num_threads"], **how) if len(figures) else np.zeros(0)
    return np.asarray(found, dtype=np.float64)


def _library() -> ModuleType:
    try:
        import lightgbm  # noqa: PLC0415  half a second to import, needed where a model of histories is fitted only
    except (ImportError, OSError) as error:  # the wheel wants the system's OpenMP
        raise UnavailableError(f"lightgbm cannot be loaded ({error}); install the system's package libgomp1 and run it again") from error
    return lightgbm
