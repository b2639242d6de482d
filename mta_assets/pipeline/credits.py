"""Conversions -> credit: one row per conversion x channel x campaign x kind, for a rule model or by what a learned model learned."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property, partial

import numpy as np
import polars as pl

from mta_assets.config import Config
from mta_assets.contracts.arrays import UNIT_SEPARATOR, Floats, Touches
from mta_assets.contracts.days import DayRange
from mta_assets.contracts.tables import NOT_SET, PLACEMENTS, UNATTRIBUTED, credits_table
from mta_assets.lake.lake import Lake
from mta_assets.models.base import Allocation, AttributionModel, Learned, LearnedModel, RuleModel, ShareAllocation, TouchAllocation
from mta_assets.models.credit import CreditRows, left_over, per_journey_rows
from mta_assets.pipeline.closings import PLACEMENT, Converted
from mta_assets.pipeline.learning import LearnedDays, fit_window

ORDER = ["day", "bucket", "source_name", "conversion_id", "channel", "campaign", "kind"]


def credit(lake: Lake, config: Config, name: str, model: AttributionModel, converted: Converted, days: DayRange) -> pl.DataFrame:
    """Recompute a model's credits of these days, whose conversions are `converted`, and return them."""
    frame = credited(lake, config, name, model, converted, days)
    lake.replace_days(credits_table(name), frame, days)
    return frame


def credited(lake: Lake, config: Config, name: str, model: AttributionModel, converted: Converted, days: DayRange) -> pl.DataFrame:
    """A model's credits of these days, not yet written: the assets check them first."""
    table = credits_table(name)
    if isinstance(model, LearnedModel):
        return table.conform(_learned_credit(lake, config, name, model, converted, days)).sort(ORDER)
    return table.conform(rule_credit(model, converted)).sort(ORDER)


def rule_credit(model: AttributionModel, converted: Converted) -> pl.DataFrame:
    """A rule model's credit rows; none when the model cannot be computed on these journeys."""
    if not isinstance(model, RuleModel) or model.missing(converted.channels) is not None:
        return _unattributed(converted.journeys).clear()
    return _with_unattributed(converted, model.allocate(converted.channels), converted.placements)


def _learned_credit(lake: Lake, config: Config, name: str, model: LearnedModel, converted: Converted, days: DayRange) -> pl.DataFrame:
    fits = LearnedDays.read(lake, name, model, days)
    placed = _Placed(lake, config, days)
    parts = (
        _learned_day(model, fits.of(day), converted.on(day), partial(placed.before, day))
        for day in converted.journeys["day"].unique().sort()
    )
    table = credits_table(name)
    return pl.concat([table.empty(), *(table.conform(part) for part in parts)])


class _Placed:
    """`core/placements` of the fit windows of some days, read when a model asks first: those that follow each journey's own touches do not."""

    def __init__(self, lake: Lake, config: Config, days: DayRange) -> None:
        self._lake, self._config, self._days = lake, config, days

    def before(self, day: date) -> pl.DataFrame:
        """The rows of the fit window that ends on the day."""
        window = fit_window(self._config, day)
        return self._read.filter(pl.col("day").is_between(window.first, window.last))

    @cached_property
    def _read(self) -> pl.DataFrame:
        return self._lake.read(PLACEMENTS, self._days.back(self._config.fit_window_days - 1))


def _learned_day(model: LearnedModel, learned: Learned, converted: Converted, placed: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """One day's credit by what was learned for it. placed: `core/placements` of the fit window."""
    units = tuple(sorted({*learned.units, *converted.channels.units}))
    allocation = model.allocate(converted.channels.over(units), learned)
    placements = converted.placements
    if isinstance(allocation, ShareAllocation):
        placements, allocation = _spread(placed(), allocation, units, placements)
    return _with_unattributed(converted, allocation, placements)


def _spread(
    counted: pl.DataFrame, allocation: ShareAllocation, channels: tuple[str, ...], placements: Touches
) -> tuple[Touches, ShareAllocation]:
    """Divide each channel's share over its campaigns and kinds by their touches in the converting journeys of the fit window.

    A channel that only journeys without conversion touched is divided by those: the chain of a Markov model credits it for what follows it. One that is not
    among `channels` has no share: a fit that stands for some days looks at fewer days than the window of the first of them has.
    """
    known = counted.filter(pl.col("channel").is_in(channels))
    sums = known.group_by(PLACEMENT).agg(pl.col("converting_touches", "touches").sum())
    converting = pl.col("converting_touches").sum().over("channel") > 0
    weighed = sums.with_columns(weight=pl.when(converting).then("converting_touches").otherwise("touches"))
    touched = weighed.filter(pl.col("weight") > 0).sort(PLACEMENT)
    labels = touched.select(pl.concat_str(PLACEMENT, separator=UNIT_SEPARATOR)).to_series()
    part = touched.select(pl.col("weight") / pl.col("weight").sum().over("channel")).to_series().to_numpy()
    channel = touched["channel"].cast(pl.Enum(channels)).to_physical().to_numpy()
    units = tuple(sorted({*labels, *placements.units}))
    index = pl.Series(units).search_sorted(labels).to_numpy()

    def over_placements(share: Floats) -> Floats:
        spread = np.zeros(len(units))
        spread[index] = share[channel] * part
        return spread

    return placements.over(units), ShareAllocation(
        share=over_placements(allocation.share), value_share=over_placements(allocation.value_share)
    )


def _with_unattributed(converted: Converted, allocation: Allocation, placements: Touches) -> pl.DataFrame:
    rows = _named(converted, per_journey_rows(allocation, placements), placements)
    return pl.concat([rows, _rest(converted.journeys, allocation, placements), _unattributed(converted.journeys)])


def _rest(journeys: pl.DataFrame, allocation: Allocation, placements: Touches) -> pl.DataFrame:
    """What touches leave of each conversion, where a model says whose that is."""
    if not isinstance(allocation, TouchAllocation) or allocation.rest is None:
        return _apart(journeys.clear(), UNATTRIBUTED)
    left = left_over(allocation.weight, placements)
    shared = _apart(journeys, allocation.rest).with_columns(pl.col("value") * pl.Series(left), credit=pl.Series(left, dtype=pl.Float64))
    return shared.filter(pl.col("credit") > 0)


def _named(converted: Converted, rows: CreditRows, placements: Touches | None = None) -> pl.DataFrame:
    units = pl.Series("unit", (placements or converted.placements).units, dtype=pl.String).str.split(UNIT_SEPARATOR)
    label = units[rows.unit]
    about = converted.journeys.select("day", "bucket", "source_name", "conversion_id", "goal", "currency")[rows.journey]
    return about.with_columns(
        *(label.list.get(n, null_on_oob=True).alias(column) for n, column in enumerate(PLACEMENT)),
        pl.Series("credit", rows.credit),
        pl.Series("value", rows.value),
    )


def _unattributed(journeys: pl.DataFrame) -> pl.DataFrame:
    return _apart(journeys.filter(pl.col("channel").list.len() == 0), UNATTRIBUTED)


def _apart(journeys: pl.DataFrame, channel: str) -> pl.DataFrame:
    """The whole of these conversions as credit of a channel that no touch is of."""
    return journeys.select(
        *("day", "bucket", "source_name", "conversion_id", "goal", "currency"),
        pl.lit(channel).alias("channel"),
        pl.lit(NOT_SET).alias("campaign"),
        pl.lit(NOT_SET).alias("kind"),
        pl.lit(1.0).alias("credit"),
        pl.col("value").cast(pl.Float64),
    )


def unavailable(models: Mapping[str, AttributionModel], converted: Converted) -> dict[str, str]:
    """Why each model that cannot be computed cannot."""
    reasons = {name: model.missing(converted.channels) for name, model in models.items()}
    return {name: reason for name, reason in reasons.items() if reason}
