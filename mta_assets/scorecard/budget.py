"""What a model's advice is worth: money moved from the channel of the lowest credited return to that of the highest, and the world lived again with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mta_assets.contracts.arrays import Floats
from mta_assets.simulation.truth import Outcome, outcome
from mta_assets.simulation.worlds import KnownWorld, with_pressure

MOVED = 0.2  # share of the spend of the channel that gives
MOST = 2.0  # a channel takes at most as much again as it has; the rest is saved
MARGIN = 0.5  # of the value of a purchase: what is earned before advertising


@dataclass(frozen=True, kw_only=True)
class Move:
    """Money that went from one paid channel to another. moved: how much; profit: what that earned."""

    giver: str
    taker: str
    moved: float
    profit: float

    @property
    def per_money(self) -> float:
        """What each unit of money that was moved earned."""
        return self.profit / self.moved


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A world's spend and what came of it; each move is lived once. touches: (channels,)."""

    world: KnownWorld
    before: Outcome
    lived: dict[tuple[str, str], Move] = field(default_factory=dict)

    @property
    def spend(self) -> Mapping[str, float]:
        """Paid channel -> what it costs, at the average price of a touch."""
        costs = self._costs(self.before)
        return {each.name: float(cost) for each, cost in zip(self.world.channels, costs, strict=True) if each.paid and cost > 0}

    def advised(self, value: Mapping[str, float]) -> Move | None:
        """The move that a model advises which credits the channels with this value; None when it tells no channel from another."""
        returns = {name: value.get(name, 0.0) / cost for name, cost in self.spend.items()}
        giver, taker = min(returns, key=returns.__getitem__), max(returns, key=returns.__getitem__)
        if returns[giver] == returns[taker]:
            return None
        if (giver, taker) not in self.lived:
            self.lived[giver, taker] = self._live(giver, taker)
        return self.lived[giver, taker]

    def _live(self, giver: str, taker: str) -> Move:
        """The same users, the same chances, and other pressure of the two channels."""
        moved = MOVED * self.spend[giver]
        pressure = {giver: 1 - MOVED, taker: min(MOST, 1 + moved / self.spend[taker])}
        after = outcome(with_pressure(self.world, pressure))
        cost = float((self._costs(after) - self._costs(self.before)).sum())
        return Move(giver=giver, taker=taker, moved=moved, profit=MARGIN * (after.value - self.before.value) - cost)

    def _costs(self, after: Outcome) -> Floats:
        return np.asarray(after.touches * np.array([channel.touch_cost for channel in self.world.channels]), dtype=np.float64)
