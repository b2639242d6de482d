"""The events of some users, sorted as journeys need them: frames for what is reported, arrays for the kernel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import Ints
from mta_assets.journeys.kernel import Events
from mta_assets.journeys.order import user_time_order

TOUCH_COLUMNS = ("user", "ts", "event_id", "channel", "campaign", "kind", "source_name")
CONVERSION_COLUMNS = ("user", "ts", "conversion_id", "source_name", "goal", "value", "currency")


@dataclass(frozen=True, kw_only=True)
class UserEvents:
    """The events of some users over some time.

    touchpoints: sorted by (user, ts, event_id). conversions: credited goals, sorted by (user, ts, conversion_id).
    milestones: stage (lead | opportunity) -> user and ts of the events that reach it, sorted; only configured stages.
    """

    touchpoints: pl.DataFrame
    conversions: pl.DataFrame
    milestones: Mapping[str, pl.DataFrame]

    def arrays(self) -> Events:
        """The same as the kernel's arrays."""
        return Events(
            touch_user=self.touchpoints["user"].to_numpy(),
            touch_ts=microseconds(self.touchpoints["ts"]),
            conversion_user=self.conversions["user"].to_numpy(),
            conversion_ts=microseconds(self.conversions["ts"]),
        )

    def of_users(self, users: pl.Series) -> "UserEvents":
        """Only these users' events."""
        chosen = pl.col("user").is_in(users.implode())
        return UserEvents(
            touchpoints=self.touchpoints.filter(chosen),
            conversions=self.conversions.filter(chosen),
            milestones={stage: frame.filter(chosen) for stage, frame in self.milestones.items()},
        )

    def preceded_by(self, earlier: "UserEvents") -> "UserEvents":
        """These events and the same users' earlier ones."""

        def joined(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
            return pl.concat([before, after]).sort("user", "ts", maintain_order=True)

        return UserEvents(
            touchpoints=joined(earlier.touchpoints, self.touchpoints),
            conversions=joined(earlier.conversions, self.conversions),
            milestones={stage: joined(earlier.milestones[stage], frame) for stage, frame in self.milestones.items()},
        )


def user_events(touchpoints: pl.DataFrame, conversions: pl.DataFrame, *, kinds: Sequence[str], stages: Mapping[str, str]) -> UserEvents:
    """Sort events into what journeys are made of. kinds: of touches that may earn credit. stages: lead | opportunity -> the goal that reaches it."""
    credited, milestones = by_goal(conversions, stages)
    return UserEvents(
        touchpoints=in_order(touchpoints.select(TOUCH_COLUMNS).filter(pl.col("kind").is_in(list(kinds))), "event_id"),
        conversions=credited,
        milestones=milestones,
    )


def by_goal(conversions: pl.DataFrame, stages: Mapping[str, str]) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """(the conversions of credited goals; stage -> user and ts of those that reach it), sorted. stages: lead | opportunity -> the goal that reaches it."""
    reached = in_order(conversions.select(CONVERSION_COLUMNS), "conversion_id")
    credited = reached.filter(~pl.col("goal").is_in(list(stages.values())))
    return credited, {stage: reached.filter(pl.col("goal") == goal).select("user", "ts") for stage, goal in stages.items()}


def in_order(events: pl.DataFrame, identifier: str) -> pl.DataFrame:
    """The events sorted by (user, ts, identifier). Days are stored in that order, so that only ties that are out of it cost a sort by text."""
    whole = events.rechunk()  # of many days, each in a chunk of its own, rows are picked ten times as slowly
    ordered = whole[user_time_order(whole["user"].to_numpy(), microseconds(whole["ts"]))]
    user, ts = ordered["user"].to_numpy(), microseconds(ordered["ts"])
    tie = np.flatnonzero((user[1:] == user[:-1]) & (ts[1:] == ts[:-1]))
    torn = (ordered[identifier][tie + 1] < ordered[identifier][tie]).any()
    return ordered.sort("user", "ts", identifier, "source_name") if torn else ordered


def settled(order: Ints, user: Ints, ts: Ints, row: Ints, identities: pl.DataFrame) -> Ints:
    """The order with touches of the same user and moment put in order of their identities. user, ts: (rows,) in that order already.

    row: (rows,) number of each touch's row in `identities`, before ordering.
    """
    same = (user[1:] == user[:-1]) & (ts[1:] == ts[:-1])
    if not same.any():
        return order
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    new = np.append(True, ~same)[tied]
    chosen = identities[row[order[tied]]].with_columns(run=np.cumsum(new), position=order[tied])
    order[tied] = chosen.sort("run", *identities.columns, maintain_order=True)["position"].to_numpy()
    return order


def microseconds(ts: pl.Series) -> Ints:
    """(rows,) int64 microseconds since the epoch."""
    return ts.to_physical().to_numpy()
