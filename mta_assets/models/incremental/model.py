"""The model `incremental`: its parameters, what it learns and how it credits. The estimate itself is in `increments`, its sharing out in `sharing`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl

from mta_assets.contracts.arrays import UNIT_SEPARATOR, Floats, Ints, Statistics, Touches
from mta_assets.contracts.increments import BASELINE, NOT_ESTIMATED
from mta_assets.errors import UnavailableError
from mta_assets.models.base import Example, Learned, TouchAllocation
from mta_assets.models.histories.model import DAYS, EventModel
from mta_assets.models.histories.timeline import SECONDS_PER_DAY
from mta_assets.models.histories.windows import histories_of
from mta_assets.models.incremental.comparison import Horizons
from mta_assets.models.incremental.increments import increments, unestimated
from mta_assets.models.incremental.roles import PULLED, PUSHED, UNPAID, roles
from mta_assets.models.incremental.sharing import parts, share_out
from mta_assets.models.incremental.shrinkage import shrinkage
from mta_assets.models.learning import not_estimated, without_credit
from mta_assets.models.parameters import parameter, require, require_days

_CHANNELS = "a list of channels, each in one role only"
_MOST_DAYS = 90
_DAYS = DAYS.format(_MOST_DAYS)


@dataclass(frozen=True, kw_only=True)
class Incremental(EventModel):
    """What each touch added: what followed it, less what followed moments with the same history that had no such touch. The rest is the channel `baseline`."""

    horizon_days: int = parameter(30, range=_DAYS, description="How long after a touch conversions count as what it may have added.")
    provisional_days: int = parameter(14, range=_DAYS, description="The shorter horizon, whose figure is known sooner.")
    pushed: tuple[str, ...] = parameter((), range=_CHANNELS, description="Channels shown to people, beside those known by name.")
    pulled: tuple[str, ...] = parameter((), range=_CHANNELS, description="Paid channels that people look for, beside those known by name.")
    unpaid: tuple[str, ...] = parameter((), range=_CHANNELS, description="Channels without a price, beside those known by name.")

    title: ClassVar[str] = "Incremental"
    source: ClassVar[str] = (
        "Prognostic scores: Hansen 2008, doi:10.1093/biomet/asn004; negative controls: Lipsitch, Tchetgen Tchetgen and Cohen 2010, "
        "doi:10.1097/EDE.0b013e3181d61eeb; put together here, docs/incremental.md"
    )
    formula: ClassVar[str] = (
        "increment_c = sum over touches of c of y - m0(h) - intent_c (m1(h) - m0(h)); conversions are shared out to meet it"
    )
    when: ClassVar[str] = (
        "To judge what channels cause, where there are 1,000 conversions and 28 days at least. Not where its placebo fails, nor instead of an experiment."
    )
    example: ClassVar[Example] = Example(
        journeys=(
            {"path": ("Mail",), "conversions": 10, "nulls": 0, "value": 100.0, "age_hours": (0,)},
            {"path": ("Search",), "conversions": 10, "nulls": 0, "value": 100.0, "age_hours": (0,)},
        ),
        credit={"Mail": 2.0, "Search": 5.0, BASELINE: 13.0},
        effects={"Mail": 2.0, "Search": 5.0, BASELINE: 13.0},
        note="Mails were found to have added 2 of the conversions, searches 5. A mail then weighs 1/4 beside 1 for the baseline, a search 1: of the 10 "
        "conversions after a mail 2 are its own, of those after a search 5, and 13 would have happened anyway.",
    )
    details: ClassVar[tuple[str, ...]] = ("increments",)
    has_baseline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("horizon_days", "provisional_days"):
            require_days(self, name, most=_MOST_DAYS)
        named = [channel for role in (self.pushed, self.pulled, self.unpaid) for channel in role]
        require(self, "pushed", holds=len(set(named)) == len(named), remedy="a channel stands in one of pushed, pulled and unpaid")

    def fit(self, statistics: Statistics) -> Learned:
        """What each channel added within the window. Raises UnavailableError with the reason when nothing can be said."""
        histories = histories_of(statistics, self.title)
        horizons = Horizons(full=self.horizon_days * SECONDS_PER_DAY, provisional=self.provisional_days * SECONDS_PER_DAY)
        rows = increments(histories, self.roles(histories.channels), horizons).rows
        if rows["increment"].is_null().all():
            reasons = "; ".join(f"{channel}: {why}" for channel, why in rows.select("channel", "reason").iter_rows())
            raise UnavailableError(f"what touches added cannot be estimated: {reasons}")
        return _learned(rows, histories.converting)

    def unestimated(self, statistics: Statistics, reason: str) -> Learned:
        """That all conversions of the window are `not_estimated`, and why; of each channel too."""
        channels: tuple[str, ...] = ()
        touches = np.zeros(0, dtype=np.int64)
        if statistics.histories is not None:
            channels = statistics.histories.channels
            touches = np.bincount(statistics.histories.channel, minlength=len(channels))
        rows = unestimated(channels, self.roles(channels), touches.tolist(), reason)
        return replace(not_estimated(statistics, reason), increments=rows)

    def allocate(self, touches: Touches, learned: Learned) -> TouchAllocation:
        """Each touch's part of its journey's conversions by the weight of its channel; the rest is the baseline's."""
        rows = learned.increments
        if rows is None or NOT_ESTIMATED in learned.units:
            return without_credit(touches)
        known = rows.filter(pl.col("touch_weight").is_not_null())
        weight, half_life = known["touch_weight"].to_numpy(), known["half_life_days"].to_numpy()
        return TouchAllocation(weight=parts(touches, _codes(touches, known["channel"].to_list()), weight, half_life), rest=BASELINE)

    def roles(self, channels: Sequence[str]) -> tuple[str, ...]:
        """The role of each channel."""
        return roles(channels, {PUSHED: self.pushed, PULLED: self.pulled, UNPAID: self.unpaid})


def _learned(rows: pl.DataFrame, converting: Touches) -> Learned:
    """The increments, with the weights that share out the window's conversions to meet them."""
    known = rows.filter(pl.col("increment").is_not_null())
    names, increment = known["channel"].to_list(), known["increment"].to_numpy()
    # What unpaid visits seem to add is the placebo, and the baseline's: pulled touches are compared with them.
    paid = (known["role"] != UNPAID).to_numpy()
    credited = np.zeros(len(names))
    credited[paid] = shrinkage(increment[paid], known["increment_se"].to_numpy()[paid])
    shared = share_out(converting, _codes(converting, names), credited * increment, known["half_life_days"].to_numpy())
    touched = converting.length > 0
    total, worth = float(converting.conversions[touched].sum()), float(converting.value[touched].sum())
    conversions = np.append(shared.conversions, total - shared.conversions.sum())
    value = np.append(shared.value, worth - shared.value.sum())
    order = np.argsort([*names, BASELINE])
    weights = pl.DataFrame({"channel": names, "credited_part": credited, "touch_weight": shared.weight})
    notes = known.select(pl.col("doubt").drop_nulls().unique()).to_series().to_list()
    notes += [f"{channel} cannot be estimated: {why}" for channel, why in rows.drop_nulls("reason").select("channel", "reason").iter_rows()]
    return Learned(
        units=tuple(sorted([*names, BASELINE])),
        effect=np.append(increment, total - increment[paid].clip(0.0).sum())[order],
        value_effect=value[order],
        share=_shares(conversions, total)[order],
        value_share=(_shares(value, worth) if worth > 0 else _shares(conversions, total))[order],
        conversions=conversions[order],
        value=value[order],
        increments=rows.join(weights, on="channel", how="left", maintain_order="left"),
        note="; ".join(notes),
    )


def _shares(amounts: Floats, total: float) -> Floats:
    return amounts / total if total > 0 else np.zeros(len(amounts))


def _codes(touches: Touches, channels: Sequence[str]) -> Ints:
    """(touches,) the index of each touch's channel among these; -1 of another. A unit is a channel, or begins with one."""
    code = {channel: index for index, channel in enumerate(channels)}
    of_unit = np.array([code.get(unit.partition(UNIT_SEPARATOR)[0], -1) for unit in touches.units], dtype=np.int64)
    return of_unit[touches.unit] if len(of_unit) else np.zeros(0, dtype=np.int64)
