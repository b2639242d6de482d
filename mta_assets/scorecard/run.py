"""The scorecard: every model on every world and seed, one row each. A model is on it by being registered, a world by being in `WORLDS`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import polars as pl

from mta_assets.contracts.scorecard import SCORECARD
from mta_assets.models.base import AttributionModel
from mta_assets.scorecard.budget import Budget, Move
from mta_assets.scorecard.credit import Credited, credited
from mta_assets.scorecard.measures import distance
from mta_assets.scorecard.prediction import predictions
from mta_assets.scorecard.tested import calibrated_credit, holdouts, named
from mta_assets.simulation.known import Simulated, simulate_world, simulated
from mta_assets.simulation.truth import Outcome, Truth
from mta_assets.simulation.worlds import WORLDS

TRUTH = "(truth)"  # the row of a model that knew the increments: what advice can be worth at best
SEEDS = (11, 12, 13)  # the worlds were made up while looking at seed 1
USERS = 20_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What models are tried on: each world with each seed. holdouts: channel -> share of users whom it never touches."""

    worlds: Sequence[str] = tuple(WORLDS)
    seeds: Sequence[int] = SEEDS
    users: int = USERS
    holdouts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Card:
    """rows: world, seed, model and how far it is off; predictions: the same of models that can predict. Columns as in `contracts.scorecard`."""

    rows: pl.DataFrame
    predictions: pl.DataFrame


def scorecard(models: Mapping[str, AttributionModel], trial: Trial, notify: Callable[[str], None] = lambda _: None) -> Card:
    """All of the trial, by world, seed and the order of the models; equal arguments give equal digits.

    A model that cannot be computed on these worlds has a row with the reason in `unavailable`. notify: told of each world that is begun.
    """
    rows: list[dict[str, object]] = []
    foretold: list[pl.DataFrame] = []
    for name in trial.worlds:
        for seed in trial.seeds:
            notify(f"{name}, seed {seed}")
            world = simulate_world(name, users=trial.users, seed=seed, holdouts=trial.holdouts)
            found = credited(world, models)
            rows += ({"world": name, "seed": seed} | row for row in [*_rows(world, models, found), *_tested_rows(world, models, found)])
            foretold.append(predictions(world, models).select(pl.lit(name).alias("world"), pl.lit(seed).alias("seed"), pl.all()))
    return Card(rows=pl.DataFrame(rows, schema=SCORECARD.schema), predictions=pl.concat(foretold))


def _rows(world: Simulated, models: Mapping[str, AttributionModel], found: Credited) -> Iterator[dict[str, object]]:
    known = world.truth
    budget = _budget(world)
    perfect = known.paid.select("channel", conversions="incremental_conversions", value="incremental_value")
    yield _row(TRUTH, perfect, known, budget)
    for name in models:
        if name in found.unavailable:
            yield {"model": name, "unavailable": found.unavailable[name]}
        else:
            yield _row(name, found.credit.filter(model=name), known, budget)


def _tested_rows(world: Simulated, models: Mapping[str, AttributionModel], found: Credited) -> Iterator[dict[str, object]]:
    """The same of models of increments, calibrated with experiments: by the world's own holdouts, or on the same world with those that are asked for."""
    for model, increments in found.increments.items():
        held = world.world.holdouts or holdouts(world, increments)
        tested = simulated(replace(world.world, holdouts=held))
        own = credited(tested, {model: models[model]})
        if model in own.increments:
            yield _row(named(model), calibrated_credit(tested, own.increments[model], own.credit), tested.truth, _budget(tested))


def _budget(world: Simulated) -> Budget:
    known = world.truth
    touches = known.channels["touches"].to_numpy()
    return Budget(world=world.world, before=Outcome(touches=touches, conversions=known.conversions, value=known.value))


def _row(model: str, credit: pl.DataFrame, known: Truth, budget: Budget) -> dict[str, object]:
    """credit: channel, conversions, value."""
    given = known.paid.select("channel", "incremental_conversions").join(credit, on="channel", how="left", maintain_order="left")
    conversions, increment = (given[name].fill_null(0).cast(pl.Float64).to_numpy() for name in ("conversions", "incremental_conversions"))
    off = asdict(distance(conversions, increment, known.conversions))
    worst = off.pop("worst_channel")
    move = budget.advised(dict(given.select("channel", pl.col("value").fill_null(0)).iter_rows()))
    return {"model": model, **off, "worst_channel": None if worst is None else given["channel"][worst], **_advice(move)}


def _advice(move: Move | None) -> dict[str, object]:
    """A model that sees no difference leaves the money where it is."""
    if move is None:
        return {"profit_per_moved": 0.0}
    return {"moved_from": move.giver, "moved_to": move.taker, "profit_per_moved": move.per_money}
