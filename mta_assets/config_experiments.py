"""The section `experiments` of `mta.yaml`: what holdouts and geo-lifts showed of channels. How a file of them is read is in `ingest/experiments`."""

from datetime import date
from math import isfinite
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mta_assets.config_section import Section


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError("must be a finite number; write what the experiment measured, e.g. 310")
    return number


def _an_error(number: float) -> float:
    if not number > 0:
        raise ValueError(
            "must be above 0: no experiment is without error. Write the standard error of the effect; of an interval of 95 % it is its width / 3.92"
        )
    return number


def _a_day(day: object) -> object:
    if isinstance(day, str):
        try:
            return date.fromisoformat(day.strip())
        except ValueError as error:
            raise ValueError("is no day; write it as 2026-03-01") from error
    return day


Number = Annotated[float, AfterValidator(_finite)]
Day = Annotated[date, BeforeValidator(_a_day)]


class ExperimentConfig(Section):
    """One experiment: what a channel added in a period, measured by leaving some users or regions without it."""

    channel: str = Field(min_length=1, description="The channel that was tested, as results name it.")
    kind: Literal["holdout", "geo_lift"] = Field(description="Whether users or regions were left without it.")
    first_day: Day = Field(description="The first day of the period.")
    last_day: Day = Field(description="Its last day.")
    effect: Number = Field(description="Conversions that the channel added in the period, over all users or regions that it reached.")
    standard_error: Annotated[Number, AfterValidator(_an_error)] = Field(description="Standard error of the effect, in conversions.")
    valid_until: Day | None = Field(None, description="The last day on which it counts; valid_days after its last day when absent.")

    @model_validator(mode="after")
    def _runs_forward(self) -> "ExperimentConfig":
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}: exchange the two, or correct one")
        if self.valid_until is not None and self.valid_until < self.last_day:
            raise ValueError(f"valid_until {self.valid_until} is before last_day {self.last_day}: correct it, or leave it out")
        return self


class ExperimentsConfig(Section):
    """What experiments showed. Estimates of what channels added are calibrated with them: docs/experiments.md."""

    valid_days: int = Field(
        180, ge=1, le=1096, description="How many days after its last day an experiment counts that does not say itself."
    )
    file: str | None = Field(
        None, min_length=1, description="A CSV file with more of them, a column per key of `listed`; relative to the folder of mta.yaml."
    )
    listed: tuple[ExperimentConfig, ...] = Field((), description="Experiments, one after the other.")
