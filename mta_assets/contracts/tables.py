"""Every table of the lake, in the order in which data flow. `docs/data.md` is made from this list."""

import polars as pl

from mta_assets.contracts import rules
from mta_assets.contracts.columns import Column, Table
from mta_assets.contracts.currencies import CURRENCIES

TIME = pl.Datetime("us", "UTC")
# The type of BigQuery's NUMERIC: exact for every currency, and nine decimals lose no money that is paid.
MONEY = pl.Decimal(38, 9)
TEXT, WHOLE, REAL, DAY = pl.String(), pl.Int64(), pl.Float64(), pl.Date()

NOT_SET = "(not set)"  # a dimension that the row does not carry, in the words of GA4
UNASSIGNED = "unassigned"  # the channel of a touch that no channel rule knows
UNATTRIBUTED = "unattributed"  # the channel of a conversion that no touch precedes within the lookback
NO_CONSENT = "no_consent"  # the channel of a conversion whose user did not agree to be followed: counted, never credited
APART = (UNATTRIBUTED, NO_CONSENT)  # channels that no model credits
ANONYMOUS = "(no consent)"  # the user id of every row without consent
BUCKETS = 64


def _text(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=TEXT, meaning=meaning, rules=rules.TEXT)


def _identity(name: str, meaning: str) -> Column:
    return Column(name=name, dtype=TEXT, meaning=meaning, rules=rules.TEXT, repeats=False)


DAY_COLUMN = Column(name="day", dtype=DAY, meaning="the day of `ts` in the reporting timezone")
CLOSING_DAY = Column(name="day", dtype=DAY, meaning="the closing day, in the reporting timezone")
BUCKET = Column(
    name="bucket",
    dtype=pl.Int8(),
    meaning="the user hash modulo 64: the unit of parallel work",
    rules=(rules.bucket_range(),),
)
USER = Column(name="user", dtype=WHOLE, meaning="the user: a stable 64-bit hash of `user_id`", repeats=False)
USER_ID = _text("user_id", f"the user as the source names it, or a keyed hash of that (privacy.pseudonyms); {ANONYMOUS} without consent")
TS = Column(name="ts", dtype=TIME, meaning="when it happened, UTC, microseconds; without consent, noon of its day", repeats=False)
CURRENCY = Column(name="currency", dtype=TEXT, meaning="ISO 4217", rules=(rules.known_currency(CURRENCIES),))
CHANNEL = _text("channel", "the channel, given by the row or by the channel rules")
CAMPAIGN = _text("campaign", f"the campaign, or {NOT_SET}")
KIND = Column(name="kind", dtype=TEXT, meaning="click, view or visit", rules=(rules.one_of("click", "view", "visit"),))
EXTRA = Column(name="extra", dtype=TEXT, meaning="what else the row carried, as a JSON object", nullable=True)
PROVENANCE = (
    _text("source_name", "the source of `mta.yaml` that the row came through"),
    Column(name="file", dtype=TEXT, meaning="the file, relative to the landing folder", rules=(rules.NOT_EMPTY,)),
    Column(
        name="row",
        dtype=WHOLE,
        meaning="the row in the file as a spreadsheet numbers it: a header is row 1; without one the first record is row 1",
        rules=(rules.positive("row number"),),
        repeats=False,
    ),
)
FILE_VERSION = _text("file_version", "the SHA-256 of the file's bytes, hex")
CONTENT = Column(
    name="content",
    dtype=WHOLE,
    meaning="stable 64-bit hash of the row's meaning: equal for equal rows of any file or format",
    repeats=False,
)

_TOUCHPOINT = (
    CHANNEL,
    _text("source", f"where the visit came from (utm_source), or {NOT_SET}"),
    _text("medium", f"by what means (utm_medium), or {NOT_SET}"),
    CAMPAIGN,
    KIND,
    Column(
        name="cost",
        dtype=MONEY,
        meaning="what this touch cost, where the source says",
        nullable=True,
        rules=(rules.NOT_NEGATIVE,),
    ),
    EXTRA,
)
_CONVERSION = (
    _text("goal", "what was reached: purchase, sign_up, ..."),
    Column(name="value", dtype=MONEY, meaning="what it was worth, in `currency`", rules=(rules.NOT_NEGATIVE,)),
    CURRENCY,
    EXTRA,
)
_SPEND = (
    CHANNEL,
    CAMPAIGN,
    Column(name="cost", dtype=MONEY, meaning="money spent, in `currency`", rules=(rules.NOT_NEGATIVE,)),
    CURRENCY,
    Column(name="impressions", dtype=WHOLE, meaning="times shown", nullable=True, rules=(rules.NOT_NEGATIVE,)),
    Column(name="clicks", dtype=WHOLE, meaning="times clicked", nullable=True, rules=(rules.NOT_NEGATIVE,)),
    EXTRA,
)


def _staged(kind: str, identifier: str, columns: tuple[Column, ...], *, event: bool = True) -> Table:
    who_and_when = (USER_ID, USER, TS) if event else ()
    named = _identity(identifier, "the row's identity: given by the source, or made from its content")
    explicit = Column(name="identity_given", dtype=pl.Boolean(), meaning="whether the source gave the identity")
    return Table(
        name=f"staged/{kind}",
        grain="one valid row of one version of one file",
        key=("source_name", "file", "file_version", "row"),
        columns=(DAY_COLUMN, *PROVENANCE, FILE_VERSION, named, explicit, CONTENT, *who_and_when, *columns),
    )


STAGED_TOUCHPOINTS = _staged("touchpoints", "event_id", _TOUCHPOINT)
STAGED_CONVERSIONS = _staged("conversions", "conversion_id", _CONVERSION)
STAGED_SPEND = _staged("spend", "spend_id", _SPEND, event=False)

FILES = Table(
    name="staged/files",
    grain="one version of one file of one source; at most one version of a file is current",
    key=("source_name", "file", "file_version"),
    partition=None,
    columns=(
        *PROVENANCE[:2],
        FILE_VERSION,
        Column(
            name="status",
            dtype=TEXT,
            meaning="current; replaced by a later version; or unreadable, and the version before it stays current",
            rules=(rules.one_of("current", "replaced", "unreadable"),),
        ),
        Column(name="size_bytes", dtype=WHOLE, meaning="the file's size"),
        Column(name="modified", dtype=TIME, meaning="the file's modification time"),
        Column(name="rows_read", dtype=WHOLE, meaning="rows in the file"),
        Column(name="accepted", dtype=WHOLE, meaning="rows that were new and valid"),
        Column(name="quarantined", dtype=WHOLE, meaning="rows rejected with a reason"),
        Column(name="duplicates", dtype=WHOLE, meaning="rows that the lake, or the file itself, already held"),
        Column(name="pending_days", dtype=pl.List(DAY), meaning="days of the core tables not yet rebuilt from this file"),
        Column(name="ingested_at", dtype=TIME, meaning="when it was ingested"),
    ),
)
QUARANTINE = Table(
    name="staged/quarantine",
    grain="one rejected row (row 0: the file as a whole)",
    key=("source_name", "file", "file_version", "row"),
    partition=None,
    columns=(
        *PROVENANCE[:2],
        FILE_VERSION,
        Column(name="row", dtype=WHOLE, meaning="the row as a spreadsheet numbers it; 0 for the whole file"),
        Column(
            name="column",
            dtype=TEXT,
            meaning="the column at fault; empty when it is the row or the file",
            nullable=True,
        ),
        Column(name="value", dtype=TEXT, meaning="the value at fault, shortened", nullable=True),
        Column(name="reason", dtype=TEXT, meaning="why it was rejected", rules=(rules.NOT_EMPTY,)),
        Column(name="remedy", dtype=TEXT, meaning="what to do", rules=(rules.NOT_EMPTY,)),
        Column(name="record", dtype=TEXT, meaning="the whole row as it was read", nullable=True),
    ),
)

ERASED = Table(
    name="staged/erased",
    grain="one user who was erased; rows of theirs that come again are refused",
    key=("key_id", "mark"),
    partition=None,
    columns=(
        _text("key_id", "which privacy key the mark was made under"),
        _text("mark", "keyed hash of the id: who has no key learns nothing from it"),
        Column(name="erased_at", dtype=TIME, meaning="when it was asked for"),
    ),
)

RETIRED = Table(
    name="core/retired",
    grain="one table of which days were removed, past their time",
    key=("table",),
    partition=None,
    columns=(
        Column(name="table", dtype=TEXT, meaning="the table", rules=(rules.NOT_EMPTY,)),
        Column(name="kept_since", dtype=DAY, meaning="the first day that is still kept"),
        Column(name="retired_at", dtype=TIME, meaning="when the days before it were removed last"),
    ),
)

TOUCHPOINTS = Table(
    name="core/touchpoints",
    grain="one touch, sorted by (bucket, user, ts, event_id) within a day",
    key=("source_name", "event_id"),
    columns=(
        DAY_COLUMN,
        BUCKET,
        USER,
        TS,
        _identity("event_id", "the touch's identity within its source"),
        *_TOUCHPOINT,
        *PROVENANCE,
    ),
    compressed=False,  # every run reads it: an eighth larger, read in half the time (benchmarks/README.md)
)
CONVERSIONS = Table(
    name="core/conversions",
    grain="one conversion or milestone, sorted by (bucket, user, ts, conversion_id) within a day",
    key=("source_name", "conversion_id"),
    columns=(
        DAY_COLUMN,
        BUCKET,
        USER,
        TS,
        _identity("conversion_id", "the conversion's identity within its source"),
        *_CONVERSION,
        *PROVENANCE,
    ),
    compressed=False,
)
UNCONSENTED = Table(
    name="core/no_consent",
    grain="one kind of event x channel x campaign x kind of touch x goal x currency of a day, of users who did not agree to be followed",
    key=("day", "event", "channel", "campaign", "kind", "goal", "currency"),
    columns=(
        DAY_COLUMN,
        Column(name="event", dtype=TEXT, meaning="touchpoints or conversions", rules=(rules.one_of("touchpoints", "conversions"),)),
        CHANNEL,
        CAMPAIGN,
        _text("kind", f"click, view or visit; {NOT_SET} of a conversion"),
        _text("goal", f"the goal; {NOT_SET} of a touch"),
        _text("currency", f"ISO 4217; {NOT_SET} of a touch"),
        Column(name="events", dtype=WHOLE, meaning="how many", rules=(rules.positive("count"),)),
        Column(name="value", dtype=MONEY, meaning="what they were worth, in `currency`", rules=(rules.NOT_NEGATIVE,)),
    ),
)
SPEND = Table(
    name="core/spend",
    grain="one row of spend of a day, channel and campaign (a source may say more than one)",
    key=("source_name", "spend_id"),
    columns=(DAY_COLUMN, _text("spend_id", "the row's identity within its source"), *_SPEND, *PROVENANCE),
)
CONFLICTS = Table(
    name="core/conflicts",
    grain="one valid row whose identity another row of the same source has with other content, and won",
    key=("source_name", "file", "row", "kind"),
    columns=(
        DAY_COLUMN,
        _text("kind", "touchpoints, conversions or spend"),
        *PROVENANCE,
        Column(name="column", dtype=TEXT, meaning="the identifier"),
        Column(name="value", dtype=TEXT, meaning="the identity both rows claim"),
        Column(name="reason", dtype=TEXT, meaning="which row won", rules=(rules.NOT_EMPTY,)),
        Column(name="remedy", dtype=TEXT, meaning="what to do", rules=(rules.NOT_EMPTY,)),
    ),
)
RESTATEMENTS = Table(
    name="core/restatements",
    grain="one closing day that one change of the core tables made stale",
    key=("restatement_id", "day", "scope"),
    partition=None,
    columns=(
        _text("restatement_id", "one change of the core tables"),
        CLOSING_DAY,
        Column(
            name="scope",
            dtype=TEXT,
            meaning="closing: its journeys changed; fit: only what learned models learn from",
            rules=(rules.one_of("closing", "fit"),),
        ),
        Column(
            name="status",
            dtype=TEXT,
            meaning="announced (before the core write), pending (to recompute), done",
            rules=(rules.one_of("announced", "pending", "done"),),
        ),
        _text("cause", "what changed, in words"),
        Column(name="created_at", dtype=TIME, meaning="when it was announced"),
    ),
)


def _list_of(name: str, dtype: pl.DataType, meaning: str) -> Column:
    return Column(name=name, dtype=pl.List(dtype), meaning=f"per touch, oldest first: {meaning}")


OUTCOME = Column(name="outcome", dtype=TEXT, meaning="converted or expired", rules=(rules.one_of("converted", "expired"),))
JOURNEYS = Table(
    name="core/journeys",
    grain="one journey that closed that day, sorted by (bucket, user, closing_ts, conversion_id)",
    key=("user", "closing_ts", "source_name", "conversion_id"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        USER,
        OUTCOME,
        Column(name="closing_ts", dtype=TIME, meaning="when it converted, or when it was certain that it had expired"),
        Column(name="source_name", dtype=TEXT, meaning="the source of the conversion; empty when expired"),
        Column(name="conversion_id", dtype=TEXT, meaning="the conversion; empty when expired"),
        Column(name="goal", dtype=TEXT, meaning="the goal reached; empty when expired"),
        Column(name="value", dtype=MONEY, meaning="the conversion's value; 0 when expired"),
        Column(name="currency", dtype=TEXT, meaning="ISO 4217; empty when expired"),
        _list_of("touch_ts", TIME, "when"),
        _list_of("channel", TEXT, "channel"),
        _list_of("campaign", TEXT, "campaign"),
        _list_of("kind", TEXT, "click, view or visit"),
        _list_of("touch_source", TEXT, "the source it came through"),
        _list_of("event_id", TEXT, "its identity within that source"),
        Column(name="lead", dtype=pl.Int32(), meaning="index of the touch that holds the lead milestone", nullable=True),
        Column(
            name="opportunity",
            dtype=pl.Int32(),
            meaning="index of the touch that holds the opportunity milestone",
            nullable=True,
        ),
    ),
)

_WEIGHTS = (
    Column(name="conversions", dtype=REAL, meaning="converting journeys", rules=(rules.FINITE_SHARE,)),
    Column(name="nulls", dtype=REAL, meaning="expired journeys", rules=(rules.FINITE_SHARE,)),
    Column(
        name="value",
        dtype=REAL,
        meaning="value of the converting journeys in the reporting currency",
        rules=(rules.FINITE_SHARE,),
    ),
)
_PATH = Column(name="path", dtype=pl.List(TEXT), meaning="channels, oldest first, repeats kept")
PATHS = Table(
    name="core/paths",
    grain="one distinct path of a closing day and bucket",
    key=("day", "bucket", "path_hash"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        Column(name="path_hash", dtype=WHOLE, meaning="stable 64-bit hash of the path"),
        _PATH,
        *_WEIGHTS,
    ),
)
COALITIONS = Table(
    name="core/coalitions",
    grain="one distinct set of channels of a closing day and bucket",
    key=("day", "bucket", "coalition"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        Column(name="coalition", dtype=pl.List(TEXT), meaning="channels, sorted, each once"),
        *_WEIGHTS,
    ),
)
TRANSITIONS = Table(
    name="core/transitions",
    grain="one transition of the order-k chain of a closing day and bucket",
    key=("day", "bucket", "order", "from_state", "to_state", "event"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        Column(
            name="order",
            dtype=pl.Int8(),
            meaning="k: how many touches make a state",
            rules=(rules.is_between(1, 3, "1 to 3"),),
        ),
        Column(name="from_state", dtype=pl.List(TEXT), meaning="the last k channels; empty at the start"),
        Column(name="to_state", dtype=pl.List(TEXT), meaning="the next state; empty when the journey ends"),
        Column(
            name="event",
            dtype=TEXT,
            meaning="step, conversion or null",
            rules=(rules.one_of("step", "conversion", "null"),),
        ),
        Column(name="journeys", dtype=REAL, meaning="how often", rules=(rules.FINITE_SHARE,)),
        Column(
            name="value",
            dtype=REAL,
            meaning="value of the journeys that end here; 0 on a step",
            rules=(rules.FINITE_SHARE,),
        ),
    ),
)
POSITIONS = Table(
    name="core/positions",
    grain="one channel at one position of a closing day and bucket",
    key=("day", "bucket", "channel", "position"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        CHANNEL,
        Column(name="position", dtype=pl.Int32(), meaning="1 is the first touch", rules=(rules.positive("position"),)),
        Column(name="conversions", dtype=REAL, meaning="ordered Shapley credit", rules=(rules.FINITE_SHARE,)),
        Column(name="value", dtype=REAL, meaning="ordered Shapley value credit", rules=(rules.FINITE_SHARE,)),
    ),
)
PLACEMENTS = Table(
    name="core/placements",
    grain="one channel x campaign x kind of a closing day and bucket",
    key=("day", "bucket", "channel", "campaign", "kind"),
    columns=(
        CLOSING_DAY,
        BUCKET,
        CHANNEL,
        CAMPAIGN,
        KIND,
        Column(name="touches", dtype=REAL, meaning="touches in all closed journeys", rules=(rules.FINITE_SHARE,)),
        Column(name="converting_touches", dtype=REAL, meaning="touches in converting journeys", rules=(rules.FINITE_SHARE,)),
    ),
)


def learned_table(model: str) -> Table:
    """What a learned model learned over the fit window that ends on `day`, per channel."""
    return Table(
        name=f"learned/{model}",
        grain="one channel of the fit window that ends on this day",
        key=("day", "channel"),
        columns=(
            Column(name="day", dtype=DAY, meaning="the last closing day of the fit window"),
            CHANNEL,
            Column(
                name="effect",
                dtype=REAL,
                meaning="the raw effect on conversions, before normalisation (removal effect, Shapley value, gain)",
            ),
            Column(name="value_effect", dtype=REAL, meaning="the raw effect on value"),
            Column(
                name="share",
                dtype=REAL,
                meaning="normalised share of the attributed conversions, 0 to 1",
                rules=(rules.FINITE_SHARE,),
            ),
            Column(
                name="value_share",
                dtype=REAL,
                meaning="normalised share of the attributed value, 0 to 1",
                rules=(rules.FINITE_SHARE,),
            ),
            Column(name="conversions", dtype=REAL, meaning="credit within the fit window", rules=(rules.FINITE_SHARE,)),
            Column(
                name="value",
                dtype=REAL,
                meaning="value credit within the fit window, reporting currency",
                rules=(rules.FINITE_SHARE,),
            ),
        ),
    )


def learned_positions_table(model: str) -> Table:
    """Ordered Shapley: a model's credit over the fit window, split by the position of the touch."""
    return Table(
        name=f"learned/{model}_positions",
        grain="one channel x position of the fit window that ends on this day",
        key=("day", "channel", "position"),
        columns=(
            Column(name="day", dtype=DAY, meaning="the last closing day of the fit window"),
            *POSITIONS.columns[2:],
        ),
    )


def learned_paths_table(model: str) -> Table:
    """A path model's weights: how the touches of each path that converted on `day` share its credit."""
    return Table(
        name=f"learned/{model}_paths",
        grain="one distinct path that converted on this day",
        key=("day", "path_hash"),
        columns=(
            CLOSING_DAY,
            Column(name="path_hash", dtype=WHOLE, meaning="stable 64-bit hash of the path"),
            _PATH,
            Column(
                name="weight",
                dtype=pl.List(REAL),
                meaning="share of the path's credit per touch, oldest first; sums to 1",
            ),
        ),
    )


def credits_table(model: str) -> Table:
    """A model's credit: one row per conversion x channel x campaign x kind of touch."""
    return Table(
        name=f"credits/{model}",
        grain="one conversion x channel x campaign x kind of touch",
        key=("source_name", "conversion_id", "channel", "campaign", "kind"),
        columns=(
            CLOSING_DAY,
            BUCKET,
            _text("source_name", "the source of the conversion"),
            _text("conversion_id", "the conversion"),
            _text("goal", "the goal reached"),
            CURRENCY,
            CHANNEL,
            CAMPAIGN,
            Column(name="kind", dtype=TEXT, meaning=f"click, view or visit; {NOT_SET} when unattributed"),
            Column(name="credit", dtype=REAL, meaning="share of the conversion, 0 to 1", rules=(rules.FINITE_SHARE,)),
            Column(name="value", dtype=REAL, meaning="share of its value, in `currency`", rules=(rules.FINITE_SHARE,)),
        ),
    )


_MODEL = _text("model", "the attribution model")
_RESULT = (
    Column(name="conversions", dtype=REAL, meaning="credited conversions", rules=(rules.FINITE_SHARE,)),
    Column(name="value", dtype=REAL, meaning="credited value, in `currency`", rules=(rules.FINITE_SHARE,)),
)
_COST = Column(name="cost", dtype=MONEY, meaning="spend, in `currency`; null where no spend is known", nullable=True)
CHANNEL_DAILY = Table(
    name="marts/channel_daily",
    grain="one model x channel x campaign x kind x goal x currency of a closing day",
    key=("day", "model", "channel", "campaign", "kind", "goal", "currency"),
    columns=(
        CLOSING_DAY,
        _MODEL,
        CHANNEL,
        CAMPAIGN,
        Column(name="kind", dtype=TEXT, meaning="kind of touch"),
        _text("goal", "the goal"),
        CURRENCY,
        *_RESULT,
    ),
)
SPEND_DAILY = Table(
    name="marts/spend_daily",
    grain="one channel x campaign x currency of a day",
    key=("day", "channel", "campaign", "currency"),
    columns=(
        DAY_COLUMN,
        CHANNEL,
        CAMPAIGN,
        CURRENCY,
        _COST,
        Column(name="impressions", dtype=WHOLE, meaning="times shown", nullable=True),
        Column(name="clicks", dtype=WHOLE, meaning="times clicked", nullable=True),
    ),
)
CHANNEL_PERFORMANCE = Table(
    name="marts/channel_performance",
    grain="one model x channel x currency over the fit window that ends on this day",
    key=("day", "model", "channel", "currency"),
    columns=(
        Column(name="day", dtype=DAY, meaning="the last day of the window; learned models are fitted on the same window"),
        _MODEL,
        CHANNEL,
        CURRENCY,
        *_RESULT,
        _COST,
        Column(name="roas", dtype=REAL, meaning="value / cost; null where cost is null or 0, or the model cannot tell", nullable=True),
        Column(
            name="cpa",
            dtype=REAL,
            meaning="cost / conversions; null where cost is null or conversions are 0",
            nullable=True,
        ),
    ),
)

STAGED = {"touchpoints": STAGED_TOUCHPOINTS, "conversions": STAGED_CONVERSIONS, "spend": STAGED_SPEND}
CORE = {"touchpoints": TOUCHPOINTS, "conversions": CONVERSIONS, "spend": SPEND}
IDENTIFIER = {"touchpoints": "event_id", "conversions": "conversion_id", "spend": "spend_id"}
STATISTICS = (PATHS, COALITIONS, TRANSITIONS, POSITIONS, PLACEMENTS)
MARTS = (CHANNEL_DAILY, SPEND_DAILY, CHANNEL_PERFORMANCE)
