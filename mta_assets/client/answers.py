"""What the API answers, as frozen dataclasses. Generated from the code of the API: `make fix` writes them anew."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

# [[[cog
# from api.describe import dataclasses
# cog.outl("\n\n" + dataclasses() + "\n\n")
# ]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedFile:
    """A file and what it was taken for."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCountsModel:
    """What became of the rows."""

    read: int
    accepted: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditSumModel:
    """What a model's credit sums to, beside what there is to credit."""

    model: str
    conversions: float
    conversions_due: float
    value: float
    value_due: float
    holds: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that could not be used."""

    file: str
    row: int | None
    column: str | None
    value: str | None
    reason: str
    remedy: str | None
    record: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisAbout:
    """What an analysis found besides its tables."""

    files: tuple[AnalysedFile, ...]
    rows: RowCountsModel
    journeys: float
    conversions: float
    sums: tuple[CreditSumModel, ...]
    unavailable: dict[str, str]
    notes: dict[str, str]
    rejected_sample: tuple[RejectedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRow:
    """Credit of one model for one channel (and campaign) in one currency. With spend, what it cost."""

    model: str
    channel: str
    campaign: str | None = None
    currency: str
    conversions: float
    value: Decimal
    cost: Decimal | None = None
    roas: float | None = None
    cpa: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """What a learned model learned of one channel (and campaign)."""

    model: str
    channel: str
    campaign: str | None = None
    effect: float | None
    value_effect: float | None
    share: float | None
    value_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisResult:
    """One table of what was found."""

    data: tuple[AnalysisRow | EffectRow | RejectedRow, ...]
    table: str
    partial: bool
    about: AnalysisAbout | None
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what, when, from where, and how it ended."""

    at: datetime
    kind: str
    action: str
    outcome: str
    request_id: str | None
    owner: str | None
    key_id: str | None
    address: str | None
    subject: str | None
    details: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditList:
    """Events, the newest first."""

    next_cursor: str | None
    data: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMetrics:
    """The cache: answers of all server processes; what is in memory, of the one that answers."""

    hits: int
    misses: int
    stale: int
    hit_rate: float | None
    memory_entries: int
    memory_bytes: int
    memory_evictions: int
    redis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTotal:
    """Credit of one model and channel over all journeys."""

    model: str
    channel: str
    currency: str
    conversions: float
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCredit:
    """Credit within one journey that converted."""

    journey: int
    id: str | None
    credit: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """Credit of journeys."""

    data: tuple[CreditTotal, ...]
    journeys: tuple[JourneyCredit, ...]
    shares: dict[str, dict[str, float]]
    unavailable: dict[str, str]
    notes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRows:
    """A channel that the accepted rows name, or that the channel rules give them."""

    channel: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """What a check found."""

    asset: str
    name: str
    status: str
    severity: str
    message: str
    recommendation: str
    numbers: dict[str, float | int | str]
    first_day: date | None
    last_day: date | None
    run_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Results of checks, the newest first."""

    data: tuple[CheckRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Models side by side. Each row has the groups, the currency, `<model>_conversions` and `<model>_value` of each model, and `spread`."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    models: tuple[str, ...]
    data: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part behind the API."""

    status: str
    response_ms: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRow:
    """The conversion and the row it came from."""

    conversion_id: str
    source_name: str
    ts: datetime
    goal: str
    value: Decimal
    currency: str
    file: str
    row: int
    file_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRow:
    """Credit of one model in one group and currency. The columns that are not grouped by are absent."""

    model: str
    day: date | None = None
    week: date | None = None
    month: date | None = None
    channel: str | None = None
    campaign: str | None = None
    goal: str | None = None
    kind: str | None = None
    currency: str
    conversions: float
    value: Decimal
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Credit of one model."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    data: tuple[CreditRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataHealth:
    """How the data are, against the policies of `freshness` in mta.yaml. GET /v1/freshness has them one by one."""

    status: str
    late: tuple[str, ...]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEntry:
    """An event on its way to a subscription, or what became of it."""

    id: str
    webhook_id: str
    event_id: str
    event: str
    data: dict[str, object]
    state: str
    tries: int
    due_at: datetime
    http_status: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryList:
    """Deliveries, the newest first."""

    next_cursor: str | None
    data: tuple[DeliveryEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory, in bytes."""

    process: int
    total: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The disk that the lake, or what is local of it, lies on, in bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The machine and the server process that answers."""

    cpu_percent: float
    memory: Memory
    disk: Disk
    uptime_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Requests of all server processes since the server began."""

    total: int
    errors: int
    error_rate: float | None
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detailed:
    """Everything about the state of the service."""

    status: str
    components: dict[str, Component]
    data: DataHealth | None
    daemon_heartbeat: datetime | None
    system: System
    requests: Requests
    versions: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureEntry:
    """An erasure as it stands. Ids are keyed hashes under the privacy key."""

    id: str
    state: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    marks: tuple[str, ...]
    counts: dict[str, int]
    days: tuple[str, ...]
    remaining: tuple[str, ...]
    key_id: str
    signature: str | None
    genuine: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureList:
    """Erasures, the newest first."""

    next_cursor: str | None
    data: tuple[ErasureEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """A version of the conversion's file that was read."""

    file_version: str
    status: str
    ingested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessRow:
    """How old a source or a table is."""

    kind: str
    name: str
    newest_day: date | None
    written_at: datetime | None
    age_hours: float | None
    late_after_hours: float
    stale_after_hours: float
    silent_after_hours: float
    deadline_cron: str | None
    within_hours: float
    timezone: str
    status: str
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old everything is: sources by name, then tables in the order in which data flow."""

    data: tuple[FreshnessRow, ...]
    at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One stage of the funnel."""

    stage: str
    users: int
    share: float | None
    from_previous: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How many users came how far. Stages need not be passed in order."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    missing: tuple[str, ...]
    milestones: dict[str, str]
    data: tuple[StageRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The short answer."""

    status: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthMetrics:
    """The counts of the server in JSON; GET /metrics has them all for Prometheus."""

    requests: Requests
    by_status: dict[str, int]
    by_route: dict[str, int]
    cache: CacheMetrics
    limit_rejections: dict[str, int]
    problems: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementalityRow:
    """What one channel added, before and after experiments, and what that returned on its cost."""

    model: str
    channel: str
    role: str
    increment: float | None
    increment_low: float | None
    increment_high: float | None
    tests: int
    effect: float | None
    effect_se: float | None
    calibrated: float | None
    calibrated_low: float | None
    calibrated_high: float | None
    basis: str
    multiplier: float | None
    multiplier_low: float | None
    multiplier_high: float | None
    valid_until: date | None
    reason: str | None
    level: float
    doubt: str | None
    currency: str
    cost: Decimal | None
    roas: float | None
    iroas: float | None
    iroas_low: float | None
    iroas_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incrementality:
    """What channels added."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    band_level: float | None
    bands: str
    data: tuple[IncrementalityRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFileModel:
    """A file that was sent."""

    name: str
    part: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLinks:
    """Where to go on."""

    self: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDocument:
    """A one-off analysis as it stands."""

    id: str
    state: str
    percent: float
    stage: str | None
    expected_end: datetime | None
    reason: str | None
    warning: str | None
    models_done: tuple[str, ...]
    files: tuple[JobFileModel, ...]
    options: dict[str, object]
    owner: str
    request_id: str
    run_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    links: JobLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """Jobs, the newest first."""

    data: tuple[JobDocument, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key. Nothing in it lets anybody in."""

    id: str
    owner: str
    name: str
    role: str | None
    scopes: tuple[str, ...]
    state: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    limit_per_hour: int | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList:
    """Keys, the newest first, those that let nobody in any more included."""

    next_cursor: str | None
    data: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMade:
    """A new key, with what its holder presents. It is shown this once."""

    id: str
    owner: str
    name: str
    role: str | None
    scopes: tuple[str, ...]
    state: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    limit_per_hour: int | None
    replaced_by: str | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthRow:
    """One bar of a distribution."""

    measure: str
    at_least: int
    journeys: int
    share: float
    cumulative_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthSummary:
    """A distribution in numbers; null where there is no journey. A quantile that falls between two journeys is the lower."""

    journeys: int
    mean: float | None
    p25: float | None
    median: float | None
    p75: float | None
    p90: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long converting journeys are. Conversions that no touch precedes are in neither distribution."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    touches: LengthSummary
    days: LengthSummary
    unattributed: int
    data: tuple[LengthRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a Sankey diagram. source, target: places in `nodes`."""

    source: int
    target: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterModel:
    """A parameter of a model."""

    name: str
    value: object
    range: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """An example that can be checked by hand."""

    journeys: tuple[dict[str, object], ...]
    credit: dict[str, float]
    effects: dict[str, float]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """An attribution model as it is configured here."""

    name: str
    title: str
    kind: str
    additive: bool
    needs_times: bool
    needs_milestones: bool
    unavailable: str | None
    parameters: tuple[ParameterModel, ...]
    formula: str
    source: str
    when: str
    example: Worked


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Every model."""

    data: tuple[Method, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewErasure:
    """Whom to erase: at least one id."""

    user_ids: tuple[Decimal, ...] | None = None
    conversion_ids: tuple[Decimal, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of a Sankey diagram."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRow:
    """A row that claims the conversion's identity and did not count."""

    file: str
    row: int
    file_version: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRow:
    """One path. Values are in the reporting currency; conversions in another count, their value does not."""

    path: tuple[str, ...]
    length: int
    conversions: float
    value: Decimal
    nulls: float
    conversion_rate: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTotals:
    """Sums over all paths of the days, shown or not."""

    paths: int
    conversions: float
    nulls: float
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths that converted most, the most frequent first; at most 10,000."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    currency: str
    totals: PathTotals
    data: tuple[PathRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceRow:
    """Credit of one model and channel beside what the channel cost."""

    model: str
    channel: str
    currency: str
    conversions: float
    value: Decimal
    cost: Decimal | None
    roas: float | None
    cpa: Decimal | None
    conversions_low: float | None = None
    conversions_high: float | None = None
    value_low: Decimal | None = None
    value_high: Decimal | None = None
    roas_low: float | None = None
    roas_high: float | None = None
    cpa_low: Decimal | None = None
    cpa_high: Decimal | None = None
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    no_band: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Credit beside spend."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    basis: str
    band_level: float | None
    bands: str | None
    data: tuple[PerformanceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """It can serve. When lake or state store do not answer, the answer is 503, with the components in its details."""

    status: str
    components: dict[str, Component]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """How often something was wrong."""

    column: str | None
    reason: str
    remedy: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """A row that cannot be used."""

    file: str
    row: int
    column: str | None
    value: str | None
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What became of the rows: read = accepted + quarantined + duplicates."""

    read: int
    accepted: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription. Its secret is not in it."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionList:
    """Subscriptions, the newest first."""

    next_cursor: str | None
    data: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionMade:
    """A new subscription, with the secret that signs its messages. It is shown this once."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    active: bool
    created_at: datetime
    secret: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchRow:
    """A touch of the journey and the row it came from."""

    position: int
    ts: datetime
    channel: str
    campaign: str
    kind: str
    source_name: str
    event_id: str
    file: str | None
    row: int | None
    file_version: str | None
    other_rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailCreditRow:
    """What a model gave to a channel x campaign x kind of touch of this conversion."""

    model: str
    channel: str
    campaign: str
    kind: str
    credit: float
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """One conversion, from each model's credit down to file and row."""

    conversion: ConversionRow
    user: str
    closing_day: date | None
    milestone: str | None
    data: tuple[TouchRow, ...]
    credit: tuple[TrailCreditRow, ...]
    unavailable: dict[str, str]
    other_rows: tuple[OtherRow, ...]
    file_versions: tuple[FileVersion, ...]
    table_versions: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRow:
    """One move between two channels, or from the start, or to an end."""

    source: str
    target: str
    count: float
    probability: float
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """The matrix of moves, as rows and as the nodes and links of a Sankey diagram. Links may lead back: a journey may return to a channel."""

    start: date | None
    end: date | None
    provisional: bool
    table_version: str
    total: int
    next_cursor: str | None
    data: tuple[TransitionRow, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """The verdict on a file, by the same rules as the pipeline and the analysis."""

    verdict: str
    reason: str | None
    file: str
    kind: str | None
    size_bytes: int
    sha256: str
    rows: Rows
    first_day: date | None
    last_day: date | None
    channels: tuple[ChannelRows, ...]
    channel_count: int
    errors: tuple[RowError, ...]
    reasons: tuple[Reason, ...]
    reason_count: int


# [[[end]]]
