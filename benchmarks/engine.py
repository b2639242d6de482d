"""A history to everything: journeys, daily statistics, every rule model, Markov of order 1 and Shapley, conversions and value. Only the reading differs."""

from collections.abc import Sequence

import numpy as np
from stages import Stages

from mta_assets.contracts.arrays import Coalitions, Floats, Statistics, Transitions
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
            sets.append(of_piece)
            chains.append(chain)
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
            coalitions=all_coalitions(sets),
            transitions={1: all_transitions(chains, len(units))},
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


def all_coalitions(parts: Sequence[CellCoalitions]) -> Coalitions:
    """The coalitions of all days and pieces, summed by their set of units."""
    fields = ("conversions", "nulls", "value")
    masks = [np.bitwise_or.reduceat(np.left_shift(np.int64(1), part.rows.unit), part.rows.offsets[:-1]) for part in parts if len(part.cell)]
    mask, sums = tally(np.concatenate(masks), *(np.concatenate([getattr(part.rows, name) for part in parts]) for name in fields))
    member = (mask[:, None] >> np.arange(63)) & 1 != 0
    offsets = np.concatenate([[0], np.cumsum(member.sum(axis=1))])
    return Coalitions(offsets=offsets, unit=np.nonzero(member)[1], **dict(zip(fields, sums, strict=True)))


def all_transitions(parts: Sequence[Flows], units: int) -> Transitions:
    """The transitions of order 1 of all days and pieces, summed. A state is a unit."""

    def joint(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    def unit(name: str) -> np.ndarray:
        return np.concatenate([np.append(part.states[:, 0], OUTSIDE)[getattr(part, name)] for part in parts])  # OUTSIDE is -1: the last

    states = np.arange(units, dtype=np.int32)[:, None]
    whole = {name: joint(name) for name in ("cell", "event", "journeys", "value")} | {name: unit(name) for name in ("origin", "target")}
    return transitions(Flows(order=1, states=states, **whole))
