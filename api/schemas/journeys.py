"""What the routes of journeys take and answer: paths, moves, stages, lengths, and the trail of one conversion."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from api.schemas.base import Day, Model
from api.schemas.results import Answer, Money, Names, Page


class JourneyFilters(Page):
    """Which days count, and which channels."""

    start: Day | None = Field(None, description="The first day, YYYY-MM-DD; without it, so many days before `end` as the fit window has.")
    end: Day | None = Field(None, description="The last day, included; without it, the newest.")
    channel: Names = Field([], description="Only what touches one of these channels; may be repeated.")


class GoalFilters(JourneyFilters):
    """Which days, channels and goals count."""

    goal: Names = Field([], description="Only conversions to these goals; may be repeated.")


class PathRow(Model):
    """One path. Values are in the reporting currency; conversions in another count, their value does not."""

    path: list[str] = Field(description="The channels, oldest first, repeats kept; in CSV joined by ` > `.")
    length: int = Field(description="How many touches.")
    conversions: float = Field(description="Journeys that took it and converted.")
    value: Money = Field(description="What they were worth.")
    nulls: float = Field(description="Journeys that took it and expired.")
    conversion_rate: float = Field(description="conversions / (conversions + nulls).")
    share: float = Field(description="Of all conversions of these days that some touch preceded.")


class PathTotals(Model):
    """Sums over all paths of the days, shown or not."""

    paths: int = Field(description="Distinct paths.")
    conversions: float
    nulls: float
    value: Money


class Paths(Answer):
    """The paths that converted most, the most frequent first; at most 10,000."""

    currency: str = Field(description="The reporting currency, ISO 4217.")
    totals: PathTotals
    data: list[PathRow]


class TransitionRow(Model):
    """One move between two channels, or from the start, or to an end."""

    source: str = Field(description="A channel, or `(start)`.")
    target: str = Field(description="A channel, `(conversion)` or `(null)`.")
    count: float = Field(description="How often.")
    probability: float = Field(description="Of all moves from the source, with any filter as without.")
    value: Money = Field(description="Of the journeys that convert by it, in the reporting currency.")


class Node(Model):
    """A node of a Sankey diagram."""

    name: str
    kind: Literal["start", "channel", "conversion", "null"]


class Link(Model):
    """A link of a Sankey diagram. source, target: places in `nodes`."""

    source: int
    target: int
    value: float


class Transitions(Answer):
    """The matrix of moves, as rows and as the nodes and links of a Sankey diagram. Links may lead back: a journey may return to a channel."""

    data: list[TransitionRow]
    nodes: list[Node] = Field(description="Of all rows, whatever page this is.")
    links: list[Link] = Field(description="Of all rows, whatever page this is.")


class StageRow(Model):
    """One stage of the funnel."""

    stage: str = Field(description="touched, lead, opportunity or converted.")
    users: int = Field(description="Touched users that reached it on these days.")
    share: float | None = Field(description="Of the touched users.")
    from_previous: float | None = Field(description="Of the users of the stage before, the share that reached this one too.")


class Funnel(Answer):
    """How many users came how far. Stages need not be passed in order."""

    missing: list[str] = Field(description="Stages for which `milestones` in mta.yaml names no goal: they are not in the data.")
    milestones: dict[str, str] = Field(description="Stage -> the goal that marks it.")
    data: list[StageRow]


class LengthRow(Model):
    """One bar of a distribution."""

    measure: Literal["touches", "days"] = Field(description="Touches of the journey, or days from its first touch to the conversion.")
    at_least: int = Field(description="Touches: exactly so many. Days: from this number to the next.")
    journeys: int
    share: float = Field(description="Of the journeys.")
    cumulative_share: float = Field(description="Of journeys that are as long or shorter.")


class LengthSummary(Model):
    """A distribution in numbers; null where there is no journey. A quantile that falls between two journeys is the lower."""

    journeys: int
    mean: float | None
    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None
    p99: float | None
    max: float | None


class Lengths(Answer):
    """How long converting journeys are. Conversions that no touch precedes are in neither distribution."""

    touches: LengthSummary
    days: LengthSummary
    unattributed: int = Field(description="Conversions that no touch precedes.")
    data: list[LengthRow]


class ConversionPath(Model):
    """Which conversion."""

    conversion_id: str = Field(max_length=500, description="Its identity, as its source writes it.")


class TrailQuery(Model):
    """Which source's."""

    source: str | None = Field(None, max_length=500, description="The source; needed where several have a conversion of this identity.")


class ConversionRow(Model):
    """The conversion and the row it came from."""

    conversion_id: str
    source_name: str = Field(description="The source of `mta.yaml`.")
    ts: AwareDatetime = Field(description="When, UTC.")
    goal: str
    value: Money
    currency: str = Field(description="ISO 4217.")
    file: str = Field(description="The file, relative to the landing folder.")
    row: int = Field(description="The row in it, as a spreadsheet numbers it.")
    file_version: str | None = Field(description="SHA-256 of the file's bytes; null while a newer version waits to be worked in.")


class TouchRow(Model):
    """A touch of the journey and the row it came from."""

    position: int = Field(description="1 is the first.")
    ts: AwareDatetime = Field(description="When, UTC.")
    channel: str
    campaign: str
    kind: str = Field(description="click, view or visit.")
    source_name: str
    event_id: str = Field(description="Its identity within its source.")
    file: str | None
    row: int | None
    file_version: str | None
    other_rows: int | None = Field(
        description="How many more rows, around these days, claim its identity: duplicates or conflicts that did not count."
    )


class TrailCreditRow(Model):
    """What a model gave to a channel x campaign x kind of touch of this conversion."""

    model: str
    channel: str = Field(description="`unattributed` where no touch preceded the conversion.")
    campaign: str
    kind: str
    credit: float = Field(description="Share of the conversion.")
    value: Money = Field(description="Share of its value, in its currency.")


class OtherRow(Model):
    """A row that claims the conversion's identity and did not count."""

    file: str
    row: int
    file_version: str
    why: Literal["duplicate", "conflict", "superseded"] = Field(
        description="It says the same; it says something else and lost; its version of the file is not the current one."
    )


class FileVersion(Model):
    """A version of the conversion's file that was read."""

    file_version: str
    status: str = Field(description="current, replaced or unreadable.")
    ingested_at: AwareDatetime


class Trail(Model):
    """One conversion, from each model's credit down to file and row."""

    conversion: ConversionRow
    user: str = Field(description="A pseudonym: equal for conversions of one user on this server, and of no use elsewhere.")
    closing_day: date | None = Field(description="The day on which its journey closed; null while none was made of it.")
    milestone: str | None = Field(description="The stage that its goal marks; such a conversion is not credited.")
    data: list[TouchRow] = Field(description="The touches of its journey, the oldest first.")
    credit: list[TrailCreditRow]
    unavailable: dict[str, str] = Field(description="Model -> why it gives no credit here.")
    other_rows: list[OtherRow]
    file_versions: list[FileVersion]
    table_versions: dict[str, int] = Field(description="Of every table that this is made of.")
