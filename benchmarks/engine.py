"""A history to everything: journeys, daily statistics, every rule model, Markov of order 1 and Shapley, conversions and value. Only the reading differs."""

from collections.abc import Sequence

import numpy as np
from stages import Stages

from mta_assets.contracts.arrays import Floats, Statistics
from mta_assets.journeys.flows import OUTSIDE, Flows, flows, transitions
from mta_assets.journeys.pieces import History, Piece, joined, pieces
from mta_assets.journeys.statistics import CellCoalitions, coalitions, positions
from mta_assets.journeys.tally import tally
from mta_assets.models.base import RuleModel
from mta_assets.models.credit import Totals, totals
from mta_assets.models.markov import Markov
from mta_assets.models.registry import MODELS
from mta_assets.models.shapley import Shapley

LOOKBACK_US = 30 * 86_400_000_000
DAY_US = 86_400_000_000


def everything(history: History, value: Floats, stages: Stages) -> dict[str, Totals]:
    """Model -> what each channel earns. value: (conversions,)."""
    converting, sets, chains = [], [], []
    found = pieces(history, LOOKBACK_US, restart_after_conversion=False)
    while True:
        with stages("journeys"):
            piece = next(found, None)
        if piece is None:
            break
        with stages("daily statistics"):
            of_piece, chain = daily_statistics(piece, value)
        with stages("Markov 1 and Shapley"):
            sets.append(converting_sets([of_piece]))
            chains.append(steps([chain], len(piece.units)))
        with stages("converting journeys"):
            converting.append(piece.converting(value))
        units = piece.units
    with stages("converting journeys"):
        touches = joined(converting)
    with stages("Markov 1 and Shapley"):
        touched = touches.length > 0
        statistics = Statistics(
            units=units,
            conversions=float(touches.conversions[touched].sum()),
            value=float(touches.value[touched].sum()),
            coalitions=converting_sets(sets).rows,
            transitions={1: transitions(steps(chains, len(units)))},
        )
        earned = {name: totals(model.allocate(touches, model.fit(statistics)), touches) for name, model in learned_models().items()}
    with stages("rule models"):
        rules = {name: model for name, model in MODELS.items() if isinstance(model, RuleModel) and not model.missing(touches)}
        earned |= {name: totals(model.allocate(touches), touches) for name, model in rules.items()}
    return earned


def learned_models() -> dict[str, Markov | Shapley]:
    return {"markov_1": Markov(order=1), "shapley": Shapley()}


def daily_statistics(piece: Piece, value: Floats) -> tuple[CellCoalitions, Flows]:
    """Coalitions and transitions of each closing day of a piece; ordered Shapley positions are made too, as the pipeline does."""
    day = piece.slices.closing_ts // DAY_US
    touches = piece.touches(value, day - day.min(initial=0))
    positions(touches)
    return coalitions(touches), flows(touches, touches.cell, 1)


def converting_sets(parts: Sequence[CellCoalitions]) -> CellCoalitions:
    """The coalitions of all days of these parts, summed by their set of units: those of rows with conversions, which is all that Shapley reads."""
    kept = [np.flatnonzero(part.conversions) for part in parts]

    def joint(name: str) -> Floats:
        return np.concatenate([getattr(part, name).take(keep) for part, keep in zip(parts, kept, strict=True)])

    masks = [
        np.bitwise_or.reduceat(np.left_shift(np.int64(1), part.unit), part.offsets[:-1]).take(part.which.take(keep))
        for part, keep in zip(parts, kept, strict=True)
    ]
    fields = ("conversions", "nulls", "value")
    mask, sums = tally(np.concatenate(masks), *map(joint, fields))
    member = (mask[:, None] >> np.arange(63)) & 1 != 0
    return CellCoalitions(
        cell=np.zeros(len(mask), dtype=np.int64),
        which=np.arange(len(mask)),
        offsets=np.concatenate([[0], np.cumsum(member.sum(axis=1))]),
        unit=np.nonzero(member)[1],
        **dict(zip(fields, sums, strict=True)),
    )


def steps(parts: Sequence[Flows], units: int) -> Flows:
    """The steps of order 1 of all days of these parts, summed. A state is a unit."""
    base = units + 1

    def code(part: Flows) -> np.ndarray:
        unit = np.append(part.states[:, 0], OUTSIDE) + 1  # OUTSIDE is -1: the last
        return (part.event.astype(np.int32) * base + unit[part.origin]) * base + unit[part.target]

    amounts = [np.concatenate([getattr(part, name) for part in parts]) for name in ("journeys", "value")]
    key, (journeys, value) = tally(np.concatenate([code(part) for part in parts]), *amounts)
    return Flows(
        order=1,
        states=np.arange(units, dtype=np.int32)[:, None],
        cell=np.zeros(len(key), dtype=np.int64),
        origin=key // base % base - 1,
        target=key % base - 1,
        event=key // (base * base),
        journeys=journeys,
        value=value,
    )
