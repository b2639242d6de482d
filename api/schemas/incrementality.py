"""What the route of increments takes and answers. Grain: one row per model of increments, channel and currency."""

from datetime import date

from pydantic import Field

from api.schemas.base import Model
from api.schemas.results import Answer, Money, Names, Page


class IncrementalityQuery(Page):
    """Which channels."""

    channel: Names = Field([], description="Only these channels; may be repeated.")


class IncrementalityRow(Model):
    """What one channel added, before and after experiments, and what that returned on its cost."""

    model: str = Field(description="The model that estimates increments.")
    channel: str = Field(description="The channel.")
    role: str = Field(description="pushed, pulled or unpaid.")
    increment: float | None = Field(description="Conversions that its touches added, as estimated; null where it cannot be estimated.")
    increment_low: float | None = Field(description="Where the band of that begins.")
    increment_high: float | None = Field(description="Where it ends.")
    tests: int = Field(description="Experiments of the channel that count.")
    effect: float | None = Field(description="What these measured, for as many touches as the estimate is of; null without any.")
    effect_se: float | None = Field(description="Standard error of that.")
    calibrated: float | None = Field(description="Conversions that its touches added, after experiments.")
    calibrated_low: float | None = Field(description="Where the band of that begins.")
    calibrated_high: float | None = Field(description="Where it ends.")
    basis: str = Field(description="By which experiments: tested (its own), pooled (those of other channels), none.")
    multiplier: float | None = Field(
        description="Calibrated over estimated; null where no experiment counts or the estimate is not above 0."
    )
    multiplier_low: float | None = Field(description="Where the band of that begins.")
    multiplier_high: float | None = Field(description="Where it ends.")
    valid_until: date | None = Field(description="The last day on which an experiment behind it counts; null without any.")
    reason: str | None = Field(description="Why no experiment of its own stands behind it; null where one does.")
    level: float = Field(description="The level of the bands, 0 to 1.")
    doubt: str | None = Field(description="Why the estimates are not to be trusted; null where nothing speaks against them.")
    currency: str = Field(description="ISO 4217, of cost; `(not set)` without credit and cost.")
    cost: Money | None = Field(description="Spend; null where none is known.")
    roas: float | None = Field(description="Value that the model credits over cost; null where cost is null or 0, or nothing is estimated.")
    iroas: float | None = Field(
        description="Calibrated incremental value over cost; null without cost, or where the estimate is not above 0."
    )
    iroas_low: float | None = Field(description="Where the band of that begins.")
    iroas_high: float | None = Field(description="Where it ends.")


class Incrementality(Answer):
    """What channels added."""

    band_level: float | None = Field(description="The level of the bands, 0 to 1; null where there are no rows.")
    bands: str = Field(description="What the bands cover and what they do not.")
    data: list[IncrementalityRow] = Field(description="The rows.")
