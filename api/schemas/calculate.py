"""What `calculate` takes and answers. Grain: a touchpoint, a journey, credit of a model."""

from typing import Annotated, NotRequired, Self

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator, with_config
from typing_extensions import TypedDict

from api.schemas.base import Model
from api.schemas.results import Money

MOST_JOURNEYS, MOST_TOUCHPOINTS, MOST_CHANNELS = 10_000, 200_000, 1_000
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]

# What a body has by the thousand is a plain dict once it is checked: that takes half as long to read as an object each, and leaves the garbage collector
# nothing to look through.
_ONLY_THESE = with_config(ConfigDict(extra="forbid"))


@_ONLY_THESE
class GivenTouchpoint(TypedDict):
    """One touch of a journey."""

    channel: Annotated[Label, Field(description="The channel.", examples=["email"])]
    ts: NotRequired[
        Annotated[
            AwareDatetime | None,
            Field(description="When, ISO 8601 with an offset. Either every touchpoint and conversion has one, or none."),
        ]
    ]


@_ONLY_THESE
class GivenConversion(TypedDict):
    """What a journey led to."""

    ts: NotRequired[
        Annotated[AwareDatetime | None, Field(description="When. Touchpoints after it, or a lookback or more before it, do not count.")]
    ]
    value: NotRequired[
        Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, description="What it was worth; without it, nothing.", examples=[49.9])]
    ]
    currency: NotRequired[Annotated[str | None, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217; without it, the server's.")]]


@_ONLY_THESE
class GivenJourney(TypedDict):
    """A journey, from its first touch to its conversion or to its end without one."""

    id: NotRequired[Annotated[str | None, Field(max_length=200, description="Yours; it comes back.")]]
    touchpoints: Annotated[
        list[GivenTouchpoint], Field(max_length=10_000, description="The touches; in their order where they have no times.")
    ]
    conversion: NotRequired[
        Annotated[GivenConversion | None, Field(description="null for a journey that did not convert: learned models learn from it.")]
    ]


class CalculateBody(Model):
    """Journeys, or one."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["journeys"]}, {"required": ["touchpoints"]}]})

    journeys: list[GivenJourney] | None = Field(None, min_length=1, max_length=MOST_JOURNEYS, description="Several journeys.")
    touchpoints: list[GivenTouchpoint] | None = Field(None, max_length=10_000, description="Of one journey, instead of `journeys`.")
    conversion: GivenConversion | None = Field(None, description="Of that one journey.")
    models: list[Annotated[str, Field(max_length=100)]] = Field(
        [], max_length=100, description="Which models; without it, all.", examples=[["linear", "markov_1"]]
    )
    lookback_days: float | None = Field(
        None,
        gt=0,
        le=730,
        allow_inf_nan=False,
        description="How long before a conversion a touch counts; without it, as the server is set up.",
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.journeys is None) == (self.touchpoints is None):
            raise ValueError("give either journeys or touchpoints with their conversion")
        if self.journeys is not None and self.conversion is not None:
            raise ValueError("a conversion stands within its journey")
        if sum(len(journey["touchpoints"]) for journey in self.all()) > MOST_TOUCHPOINTS:
            raise ValueError(f"there are more than {MOST_TOUCHPOINTS:,} touchpoints; send a file to /v1/attribution/analyze")
        return self

    def all(self) -> list[GivenJourney]:
        """The journeys, however they were given."""
        if self.journeys is not None:
            return self.journeys
        return [{"touchpoints": self.touchpoints or [], "conversion": self.conversion}]


class CreditTotal(Model):
    """Credit of one model and channel over all journeys."""

    model: str = Field(description="The model.")
    channel: str = Field(description="The channel; `unattributed` where no touch preceded the conversion.")
    currency: str = Field(description="ISO 4217.")
    conversions: float = Field(description="Credited conversions.")
    value: Money = Field(description="Credited value, in `currency`.")


class JourneyCredit(Model):
    """Credit within one journey that converted."""

    journey: int = Field(description="Its place among those given, from 0.")
    id: str | None = Field(description="Yours.")
    credit: dict[str, list[float]] = Field(
        description="Model -> the share of the conversion that each touchpoint earns, in the order given. Models under `shares` are not in it."
    )


class Calculated(Model):
    """Credit of journeys."""

    data: list[CreditTotal] = Field(description="Credit in all.")
    journeys: list[JourneyCredit] = Field(description="Credit touch by touch, of each journey that converted.")
    shares: dict[str, dict[str, float]] = Field(
        description="Model -> channel -> its share of every conversion, for models that share all conversions by what they learned."
    )
    unavailable: dict[str, str] = Field(description="Model -> why it could not be computed on these journeys, and what to do.")
    notes: dict[str, str] = Field(description="Model -> what a reader should know of its fit.")
