"""Worlds whose truth is known, in memory: `simulate_world(name, users=..., seed=...)` gives touches, purchases and the truth as models want them.

Files of the same worlds come from `raw` and `write`, from the same draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints
from mta_assets.contracts.tables import MONEY, NOT_SET
from mta_assets.ingest.identity import mix
from mta_assets.simulation.cohort import GOALS, KINDS, NO_CAUSE, Drawn, stable_order
from mta_assets.simulation.events import BlockRows, block_rows, blocks
from mta_assets.simulation.market import instants
from mta_assets.simulation.people import people
from mta_assets.simulation.truth import Truth, truth
from mta_assets.simulation.worlds import BLOCK_USERS, COHORT_USERS, KnownWorld, known_world

SOURCE = "simulation"  # the name of the source of every event


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What one world left in the data.

    touchpoints: user, ts, event_id, channel, campaign, kind, source_name, cost (null for what has no price); sorted by (user, ts, event_id).
    conversions: user, ts, conversion_id, source_name, goal, value, currency: the purchases, sorted by (user, ts, conversion_id). Both as `journeys.events`
    reads them. milestones: the same columns, of goals that are no purchase: sign_up, add_to_cart; they change nothing.
    holdouts: channel -> users, ascending, whom it never touched, for channels that hold out any.
    """

    world: KnownWorld
    touchpoints: pl.DataFrame
    conversions: pl.DataFrame
    milestones: pl.DataFrame
    holdouts: Mapping[str, Ints] = field(default_factory=dict)

    @cached_property
    def truth(self) -> Truth:
        """What each channel caused. Computed when first asked for, in some four times the time that the world took."""
        return truth(self.world)

    @cached_property
    def spend(self) -> pl.DataFrame:
        """channel, cost: what each paid channel cost over the world's days."""
        paid = self.touchpoints.filter(pl.col("channel").is_in(list(self.world.paid)))
        return paid.group_by("channel").agg(pl.col("cost").sum().cast(pl.Float64)).sort("channel")

    @property
    def experiments(self) -> pl.DataFrame:
        """What an analyst would read off the holdouts: channel, first_day, last_day, effect, standard_error, in conversions of the users not held out."""
        rows = [self._experiment(channel, held) for channel, held in self.holdouts.items()]
        numbers = {"channel": pl.String, "first_day": pl.Date, "last_day": pl.Date, "effect": pl.Float64, "standard_error": pl.Float64}
        return pl.DataFrame(rows, schema=numbers, orient="row")

    def _experiment(self, channel: str, held: Ints) -> tuple[object, ...]:
        """Conversions per user of those not held out less those of the others, times how many they are."""
        buyers, count = np.unique(self.conversions["user"].to_numpy(), return_counts=True)
        within = np.isin(buyers, held)
        sizes = np.array([self.world.users - len(held), len(held)])
        means, variances = np.zeros((2, 2))
        for row, own in enumerate((~within, within)):
            means[row] = count[own].sum() / sizes[row]
            variances[row] = (count[own] ** 2).sum() / sizes[row] - means[row] ** 2
        error = np.sqrt((variances / sizes).sum())
        world = self.world
        return channel, world.first_day, world.day(world.days - 1), sizes[0] * (means[0] - means[1]), sizes[0] * error


def simulate_world(name: str, *, users: int = 200_000, seed: int = 1, holdouts: Mapping[str, float] | None = None) -> Simulated:
    """The world of this name (see `worlds.WORLDS`), over 90 days. Equal arguments give equal tables, on every machine.

    holdouts: channel -> share of users, drawn by lot, whom it never touches. Raises ConfigError for an unknown world or channel.
    """
    return simulated(known_world(name, users=users, seed=seed, holdouts=holdouts or {}))


def simulated(world: KnownWorld) -> Simulated:
    """What a world leaves in the data."""
    touches, orders, stages = [], [], []
    for block in blocks(world):
        rows = block_rows(world, block)
        touches.append(_touchpoints(world, rows))
        orders.append(_conversions(world, rows.order_number, rows.order_ts, np.zeros_like(rows.order_ts), rows.order_cents))
        stages.append(_conversions(world, rows.stage_number, rows.stage_ts, rows.stage_goal, np.zeros_like(rows.stage_ts)))
    numbered = pl.int_range(pl.len()).cast(pl.String).str.zfill(10)
    return Simulated(
        world=world,
        touchpoints=pl.concat(touches, rechunk=True).with_columns((pl.lit("e") + numbered).alias("event_id")),
        conversions=pl.concat(orders, rechunk=True).with_columns((pl.lit("c") + numbered).alias("conversion_id")),
        milestones=pl.concat(stages, rechunk=True).with_columns((pl.lit("m") + numbered).alias("conversion_id")),
        holdouts={channel: user_ids(world, _held_out(world, channel)) for channel, share in world.holdouts.items() if share},
    )


def user_ids(world: KnownWorld, number: Ints) -> Ints:
    """(users,) int64 that ascend as the numbers do, spread over all 64 bits and with random low bits: as good as the hashes that users are elsewhere."""
    step = np.uint64((1 << 64) // (world.users + 1))
    spread = number.astype(np.uint64) * step + mix(number.astype(np.uint64)) % step
    return np.asarray((spread ^ np.uint64(1 << 63)).view(np.int64))


def drawn(world: KnownWorld, cohort: int) -> Drawn:
    """The rows of cohort number `cohort`, below `world.cohorts`, by time, as files are made of."""
    first = cohort * COHORT_USERS // BLOCK_USERS
    rows = [block_rows(world, block) for block in blocks(world)[first : first + COHORT_USERS // BLOCK_USERS]]

    def joined(name: str) -> Ints:
        return np.concatenate([getattr(each, name) for each in rows])

    order_ts = np.concatenate([joined("order_ts"), joined("stage_ts")])
    by_time, by_order_time = stable_order(joined("ts")), stable_order(order_ts)
    purchases, stages = len(joined("order_ts")), len(joined("stage_ts"))
    return Drawn(
        user=joined("number")[by_time],
        ts=joined("ts")[by_time],
        placement=joined("placement")[by_time],
        kind=joined("kind")[by_time],
        cents=joined("cents")[by_time],
        order_user=np.concatenate([joined("order_number"), joined("stage_number")])[by_order_time],
        order_ts=order_ts[by_order_time],
        goal=np.concatenate([np.zeros(purchases, dtype=np.int64), joined("stage_goal")])[by_order_time],
        order_cents=np.concatenate([joined("order_cents"), np.zeros(stages, dtype=np.int64)])[by_order_time],
        cause=np.full(purchases + stages, NO_CAUSE),
    )


def _touchpoints(world: KnownWorld, rows: BlockRows) -> pl.DataFrame:
    labels = pl.DataFrame(
        {
            "channel": [world.channels[each.channel].name for each in world.placements],
            "campaign": [each.campaign or NOT_SET for each in world.placements],
        }
    )
    at = pl.Series(rows.placement)
    return pl.DataFrame(
        {
            "user": user_ids(world, rows.number),
            "ts": instants(world, rows.ts),
            "event_id": pl.repeat("", len(at), eager=True),
            "channel": labels["channel"].gather(at),
            "campaign": labels["campaign"].gather(at),
            "kind": pl.Series(KINDS).gather(pl.Series(rows.kind)),
            "source_name": pl.repeat(SOURCE, len(at), eager=True),
            "cost": _money(rows.cents),
        }
    )


def _conversions(world: KnownWorld, number: Ints, ts: Ints, goal: Ints, cents: Ints) -> pl.DataFrame:
    count = len(ts)
    return pl.DataFrame(
        {
            "user": user_ids(world, number),
            "ts": instants(world, ts),
            "conversion_id": pl.repeat("", count, eager=True),
            "source_name": pl.repeat(SOURCE, count, eager=True),
            "goal": pl.Series(GOALS).gather(pl.Series(goal)),
            "value": _money(cents),
            "currency": pl.repeat(world.currency, count, eager=True),
        }
    )


def _money(cents: Ints) -> pl.Series:
    """Exact amounts; null for negative cents."""
    whole = pl.Series(cents).cast(pl.Int64)
    return pl.select(pl.when(whole >= 0).then(whole.cast(MONEY) / 100).cast(MONEY)).to_series()


def _held_out(world: KnownWorld, channel: str) -> Ints:
    index = world.channel_index(channel)
    parts = [(here := people(world, block)).number[here.pressure[index] == 0] for block in blocks(world)]
    return np.concatenate(parts)
