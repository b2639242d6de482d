"""What the routes of credit and performance take and answer. Grain: one row per model, group and currency."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema

from api.schemas.base import Day, Model
from mta_assets.results.questions import DIMENSIONS, TIMES, Selection

Money = Annotated[Decimal, PlainSerializer(str), WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1234.56"]})]
Names = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=100)]
ModelNames = Annotated[
    Names, AfterValidator(lambda given: [name.strip() for names in given for name in names.split(",")])
]  # no name has a comma
_GROUPS = "|".join((*TIMES, *DIMENSIONS))
MOST_ROWS = 10_000


class Page(Model):
    """Which rows of the answer."""

    limit: int = Field(1_000, ge=1, le=MOST_ROWS, description="How many rows a page of JSON has; other formats have them all.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")


class Filters(Page):
    """Which closing days count, and which channels."""

    start: Day | None = Field(None, description="The first closing day, YYYY-MM-DD; without it, the first there is.")
    end: Day | None = Field(None, description="The last closing day, included; without it, the newest.")
    channel: Names = Field([], description="Only these channels; may be repeated.")


class CreditQuery(Filters):
    """What to group by and which rows count."""

    group_by: str = Field(
        "channel",
        pattern=rf"^({_GROUPS})(,({_GROUPS}))*$",
        description="One or more of day, week, month, channel, campaign, goal, kind, separated by commas.",
    )
    campaign: Names = Field([], description="Only these campaigns; may be repeated.")
    goal: Names = Field([], description="Only these goals; may be repeated.")
    kind: Names = Field([], description="Only these kinds of touch (click, view, visit); may be repeated.")

    def groups(self) -> list[str]:
        """The columns to group by."""
        return self.group_by.split(",")

    def selection(self) -> Selection:
        """The rows that count."""
        named = {name: tuple(getattr(self, name)) for name in DIMENSIONS}
        return Selection(start=self.start, end=self.end, **named)


class CompareQuery(CreditQuery):
    """As for one model, of several."""

    models: ModelNames = Field([], description="Which models, separated by commas or repeated. Without it, every additive one.")


class PerformanceQuery(Filters):
    """Which days, models and channels."""

    models: ModelNames = Field([], description="Which models, separated by commas or repeated. Without it, every additive one.")

    def selection(self) -> Selection:
        """The rows that count."""
        return Selection(start=self.start, end=self.end, channel=tuple(self.channel))


class ModelPath(Model):
    """Which model."""

    model: str = Field(max_length=100, description="The model's name; GET /v1/attribution/methods lists them.", examples=["markov_1"])


class CreditRow(Model):
    """Credit of one model in one group and currency. The columns that are not grouped by are absent."""

    model: str = Field(description="The model.")
    day: date | None = Field(None, description="The closing day.")
    week: date | None = Field(None, description="The Monday of the week of the closing day.")
    month: date | None = Field(None, description="The first day of the month of the closing day.")
    channel: str | None = Field(None, description="The channel; `unattributed` where no touch preceded the conversion.")
    campaign: str | None = Field(None, description="The campaign.")
    goal: str | None = Field(None, description="The goal.")
    kind: str | None = Field(None, description="The kind of touch.")
    currency: str = Field(description="ISO 4217.")
    conversions: float = Field(description="Credited conversions.")
    value: Money = Field(description="Credited value, in `currency`.")
    provisional: bool = Field(description="Whether late rows may still change it.")


class PerformanceRow(Model):
    """Credit of one model and channel beside what the channel cost."""

    model: str = Field(description="The model.")
    channel: str = Field(description="The channel.")
    currency: str = Field(description="ISO 4217.")
    conversions: float = Field(description="Credited conversions.")
    value: Money = Field(description="Credited value, in `currency`.")
    cost: Money | None = Field(description="Spend; null where none is known.")
    roas: float | None = Field(description="value / cost; null where cost is null or 0, or the model cannot tell.")
    cpa: Money | None = Field(description="cost / conversions; null where cost is null or conversions are 0.")
    conversions_low: float | None = Field(None, description="Where the confidence band of `conversions` begins; null without a band.")
    conversions_high: float | None = Field(None, description="Where it ends.")
    value_low: Money | None = Field(None, description="The same of `value`.")
    value_high: Money | None = Field(None, description="The same of `value`.")
    roas_low: float | None = Field(None, description="The same of `roas`, for a cost that is known.")
    roas_high: float | None = Field(None, description="The same of `roas`.")
    cpa_low: Money | None = Field(None, description="The same of `cpa`.")
    cpa_high: Money | None = Field(None, description="The same of `cpa`; null with a band, too, where conversions may be 0.")
    share: float | None = Field(None, description="Of the conversions that the model credits in this currency, 0 to 1.")
    share_low: float | None = Field(None, description="Its band.")
    share_high: float | None = Field(None, description="Its band.")
    effect: float | None = Field(
        None, description="The raw effect of a learned model (removal effect, Shapley value, gain), of all currencies."
    )
    effect_low: float | None = Field(None, description="Its band.")
    effect_high: float | None = Field(None, description="Its band.")
    no_band: str | None = Field(None, description="Why conversions or value have no band; null where they have.")


class Answer(Model):
    """What every answer of rows says of itself."""

    start: date | None = Field(description="The first closing day that the rows cover; null when there are none.")
    end: date | None = Field(description="The last closing day that they cover.")
    provisional: bool = Field(description="Whether late rows may still change any of it.")
    table_version: str = Field(description="The version of the tables it is made of: equal versions, equal answers.")
    total: int = Field(description="How many rows there are in all.")
    next_cursor: str | None = Field(description="The cursor of the next page; null at the end.")


class Credit(Answer):
    """Credit of one model."""

    data: list[CreditRow] = Field(description="The rows.")


class Comparison(Answer):
    """Models side by side. Each row has the groups, the currency, `<model>_conversions` and `<model>_value` of each model, and `spread`."""

    models: list[str] = Field(description="The models compared.")
    data: list[dict[str, object]] = Field(description="The rows.")


class Performance(Answer):
    """Credit beside spend."""

    basis: str = Field(
        description="fit_window: the trailing window of the newest closing day, fitted once; daily: the days' credit added up."
    )
    band_level: float | None = Field(
        description="Of how many samples of users a band is to hold what the model would say of all such users, 0 to 1; null where there are no bands."
    )
    bands: str | None = Field(description="What the bands cover and what they do not; null where there are none.")
    data: list[PerformanceRow] = Field(description="The rows.")


class ParameterModel(Model):
    """A parameter of a model."""

    name: str
    value: object = Field(description="Its value here: a number or a list of numbers.")
    range: str = Field(description="What it may be, in words.")
    description: str = Field(description="What it does.")


class Worked(Model):
    """An example that can be checked by hand."""

    journeys: list[dict[str, object]] = Field(
        description="path, conversions, nulls, value; age_hours, lead, opportunity where they matter."
    )
    credit: dict[str, float] = Field(description="Channel -> conversions.")
    effects: dict[str, float] = Field(description="Channel -> raw effect, for learned models that have one.")
    note: str = Field(description="How it comes about.")


class Method(Model):
    """An attribution model as it is configured here."""

    name: str
    title: str
    kind: str = Field(description="rule: from one journey at a time; learned: from many.")
    additive: bool = Field(description="Whether credit sums to the conversions.")
    needs_times: bool
    needs_milestones: bool
    unavailable: str | None = Field(description="Why it cannot be computed here, and what to do; null when it can.")
    parameters: list[ParameterModel]
    formula: str
    source: str = Field(description="The paper or the vendor's definition.")
    when: str = Field(description="When to use it, and when not.")
    example: Worked


class Methods(Model):
    """Every model."""

    data: list[Method]
