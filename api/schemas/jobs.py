"""What the routes of jobs take and answer. Grain: one job, or one row of its results."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from api.schemas.base import Model
from api.schemas.results import Money, Page
from mta_assets.state.job import JobState

MOST_JOBS = 200


class JobPath(Model):
    """Which job."""

    job_id: str = Field(max_length=100, description="The job's id; GET /v1/jobs lists yours.", examples=["job_0123456789abcdef01234567"])


class JobsQuery(Model):
    """Which jobs."""

    state: JobState | None = Field(None, description="Only jobs in this state.")
    limit: int = Field(100, ge=1, le=MOST_JOBS, description="How many jobs a page has.")
    cursor: str | None = Field(None, max_length=100, description="`next_cursor` of the page before.")


class ResultTable(StrEnum):
    """One of the tables that an analysis makes."""

    RESULTS = "results"
    EFFECTS = "effects"
    REJECTED = "rejected"


class JobResultQuery(Page):
    """Which of what was found."""

    table: ResultTable = Field(
        ResultTable.RESULTS,
        description="results: credit per model and channel; effects: what learned models learned; rejected: rows that could not be used, with reasons.",
    )
    partial: bool = Field(False, description="Also while the job runs, or after it failed or was cancelled: the models that are done.")


class JobFileModel(Model):
    """A file that was sent."""

    name: str = Field(description="What you called it.")
    part: str = Field(description="The part of the request that it came in.")
    size_bytes: int = Field(description="Its size as it was sent.")


class JobLinks(Model):
    """Where to go on."""

    self: str = Field(description="This job.")
    result: str = Field(description="What was found, once it has succeeded.")


class JobDocument(Model):
    """A one-off analysis as it stands."""

    id: str = Field(description="The job's id.")
    state: JobState = Field(description="cancelled, succeeded and failed are ends: nothing changes any more.")
    percent: float = Field(description="How much is done, 0 to 100; it never falls.")
    stage: str | None = Field(description="What is being done, or was last; null before it began.")
    expected_end: AwareDatetime | None = Field(description="When it will be done if it goes on as it went; null when nobody can tell.")
    reason: str | None = Field(description="Why it failed, and what to do.")
    warning: str | None = Field(
        description="What keeps it waiting, when something does: no daemon that starts jobs was heard of for a minute."
    )
    models_done: list[str] = Field(description="Models whose results can be had already: result with partial=true.")
    files: list[JobFileModel] = Field(description="What was sent. Files are removed when the job ends.")
    options: dict[str, object] = Field(description="How it was asked for.")
    owner: str = Field(description="Whose it is.")
    request_id: str = Field(description="The request that asked for it.")
    run_id: str | None = Field(description="The Dagster run that does it; null before there is one.")
    created_at: AwareDatetime = Field(description="When it was asked for.")
    started_at: AwareDatetime | None = Field(description="When work on it began.")
    finished_at: AwareDatetime | None = Field(description="When it ended.")
    updated_at: AwareDatetime = Field(description="When it was last heard of.")
    links: JobLinks


class JobList(Model):
    """Jobs, the newest first."""

    data: list[JobDocument] = Field(description="The jobs.")
    next_cursor: str | None = Field(description="The cursor of the next page; null at the end.")


class AnalysisRow(Model):
    """Credit of one model for one channel (and campaign) in one currency. With spend, what it cost."""

    model: str = Field(description="The model.")
    channel: str = Field(description="The channel; `unattributed` where no touch preceded the conversion.")
    campaign: str | None = Field(None, description="The campaign, when credit was asked for by campaign.")
    currency: str = Field(description="ISO 4217.")
    conversions: float = Field(description="Credited conversions.")
    value: Money = Field(description="Credited value, in `currency`.")
    cost: Money | None = Field(None, description="Spend; null where none is known. Absent when no spend was sent.")
    roas: float | None = Field(None, description="value / cost; null where cost is null or 0, or the model cannot tell.")
    cpa: Money | None = Field(None, description="cost / conversions; null where cost is null or conversions are 0.")


class EffectRow(Model):
    """What a learned model learned of one channel (and campaign)."""

    model: str = Field(description="The model.")
    channel: str = Field(description="The channel.")
    campaign: str | None = Field(None, description="The campaign, when credit was asked for by campaign.")
    effect: float | None = Field(description="The raw effect on conversions, before it is made a share.")
    value_effect: float | None = Field(description="The raw effect on value.")
    share: float | None = Field(description="Its share of all effects on conversions.")
    value_share: float | None = Field(description="Its share of all effects on value.")


class RejectedRow(Model):
    """A row that could not be used."""

    file: str = Field(description="The file, as you called it.")
    row: int | None = Field(description="Its number there, as a spreadsheet counts.")
    column: str | None = Field(description="The column at fault; null when the whole row is.")
    value: str | None = Field(description="What is in it, shortened.")
    reason: str = Field(description="What is wrong.")
    remedy: str | None = Field(description="What to do.")
    record: str | None = Field(description="The row, shortened.")


class RowCountsModel(Model):
    """What became of the rows."""

    read: int
    accepted: int
    quarantined: int
    duplicates: int


class CreditSumModel(Model):
    """What a model's credit sums to, beside what there is to credit."""

    model: str
    conversions: float
    conversions_due: float
    value: float
    value_due: float
    holds: bool | None = Field(description="Whether they are equal; null for a model whose credit need not sum up.")


class AnalysedFile(Model):
    """A file and what it was taken for."""

    name: str
    kind: str


class AnalysisAbout(Model):
    """What an analysis found besides its tables."""

    files: list[AnalysedFile] = Field(description="The files and what they were taken for.")
    rows: RowCountsModel = Field(description="read = accepted + quarantined + duplicates.")
    journeys: float = Field(description="Closed journeys, converting or not.")
    conversions: float = Field(description="Conversions.")
    sums: list[CreditSumModel] = Field(description="Whether credit is conserved, per model.")
    unavailable: dict[str, str] = Field(description="Model -> why it could not be computed on these files, and what to do.")
    notes: dict[str, str] = Field(description="Model -> what a reader should know of its fit.")
    rejected_sample: list[RejectedRow] = Field(description="The first rows that could not be used; table=rejected has them all.")


class AnalysisResult(Model):
    """One table of what was found."""

    data: list[AnalysisRow | EffectRow | RejectedRow] = Field(description="The rows.")
    table: ResultTable = Field(description="Which table `data` is of.")
    partial: bool = Field(description="Whether models may be missing: the job has not succeeded.")
    about: AnalysisAbout | None = Field(description="Counts, sums and reasons; null while there are only partial results.")
    total: int = Field(description="How many rows there are in all.")
    next_cursor: str | None = Field(description="The cursor of the next page; null at the end.")
