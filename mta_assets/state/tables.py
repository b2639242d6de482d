"""The tables of the state store: columns and what they mean. Their history is in `migrations`; what is done with them, in the modules beside."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from mta_assets.errors import StateError


class UtcTime(TypeDecorator[datetime]):
    """A moment, in UTC on the way in and on the way out; SQLite keeps no zone. Refuses a time without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise StateError(f"The state store was given the time {value} without a zone. Pass datetime.now(UTC) or the like.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text of any length. What no database keeps, NUL and halves of surrogate pairs, becomes the replacement character, also where it is looked for."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text that both databases take."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


class Base(DeclarativeBase):
    """What the tables have in common: one registry, how Python types are stored, and a number that grows with each row."""

    type_annotation_map: ClassVar = {datetime: UtcTime(), str: Words(), list[str]: JSON(), list[Any]: JSON(), dict[str, Any]: JSON()}

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, sort_order=-1)


class KeyRow(Base):
    """An API key. Grain: one key ever made. The secret is not here: only its keyed hash is."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(unique=True, doc="the public part of the key, eight letters and digits")
    digest: Mapped[bytes] = mapped_column(doc="HMAC-SHA256 of the secret under the pepper, 32 bytes")
    owner: Mapped[str] = mapped_column(index=True, doc="whose jobs and files are reached with it")
    name: Mapped[str] = mapped_column(doc="what it is for, in the words of whoever made it")
    role: Mapped[str | None] = mapped_column(doc="viewer, analyst or admin; empty when scopes are listed")
    scopes: Mapped[list[str] | None] = mapped_column(doc="what it may do, where it has no role")
    limit_per_hour: Mapped[int | None] = mapped_column(doc="its own limit of requests an hour; empty for the general one")
    created_at: Mapped[datetime] = mapped_column(doc="when it was made")
    expires_at: Mapped[datetime] = mapped_column(doc="from when on it is refused")
    revoked_at: Mapped[datetime | None] = mapped_column(doc="when it was revoked")
    last_used_at: Mapped[datetime | None] = mapped_column(doc="when it was last used, as far as was reported")
    replaced_by: Mapped[str | None] = mapped_column(doc="the id of the key that took its place")


class JobRow(Base):
    """A one-off analysis. Grain: one job ever asked for, until retention removes it."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(unique=True, doc="the public identity, job_ and 24 hex digits")
    owner: Mapped[str] = mapped_column(index=True, doc="who may see it: the owner of the key that asked for it")
    key_id: Mapped[str] = mapped_column(doc="the key that asked for it")
    kind: Mapped[str] = mapped_column(doc="what is to be done: analyze")
    state: Mapped[str] = mapped_column(index=True, doc="queued, launching, running, cancelling, cancelled, succeeded or failed")
    stage: Mapped[str | None] = mapped_column(doc="what is being done now, in words")
    percent: Mapped[float] = mapped_column(doc="how much is done, 0 to 100; it never falls")
    options: Mapped[dict[str, Any]] = mapped_column(doc="how it was asked for")
    files: Mapped[list[Any]] = mapped_column(doc="what was sent: stored name, given name, kind, size in bytes of each")
    request_id: Mapped[str] = mapped_column(doc="the request that asked for it")
    traceparent: Mapped[str | None] = mapped_column(
        doc="the span of that request, as W3C Trace Context writes it; empty where nothing is traced"
    )
    run_id: Mapped[str | None] = mapped_column(index=True, doc="the Dagster run that does it")
    reason: Mapped[str | None] = mapped_column(doc="why it failed, for the one who asked")
    created_at: Mapped[datetime] = mapped_column(doc="when it was asked for")
    started_at: Mapped[datetime | None] = mapped_column(doc="when work on it began")
    finished_at: Mapped[datetime | None] = mapped_column(doc="when it ended, however it ended")
    updated_at: Mapped[datetime] = mapped_column(doc="when anything of it last changed")


class HeartbeatRow(Base):
    """That a part of the system is alive. Grain: one part."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(unique=True, doc="the part")
    at: Mapped[datetime] = mapped_column(doc="when it was last heard of")


class AuditRow(Base):
    """Who did what. Grain: one event. Nothing secret is in it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)

    at: Mapped[datetime] = mapped_column(doc="when it happened")
    request_id: Mapped[str | None] = mapped_column(doc="the request it was part of")
    kind: Mapped[str] = mapped_column(doc="authentication, authorization, key, data, job, webhook or erasure")
    action: Mapped[str] = mapped_column(doc="what was tried")
    outcome: Mapped[str] = mapped_column(doc="how it ended")
    owner: Mapped[str | None] = mapped_column(doc="whose key was used, when one was recognised")
    key_id: Mapped[str | None] = mapped_column(doc="the key that was named")
    address: Mapped[str | None] = mapped_column(doc="the network address it came from")
    subject: Mapped[str | None] = mapped_column(doc="what it was done to")
    details: Mapped[dict[str, Any]] = mapped_column(doc="more, by kind")


class IdempotencyRow(Base):
    """A request that is answered once however often it is sent. Grain: one Idempotency-Key of one owner."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("owner", "key"),)

    owner: Mapped[str] = mapped_column(doc="whose key was used")
    key: Mapped[str] = mapped_column(doc="the Idempotency-Key of the request")
    fingerprint: Mapped[str] = mapped_column(doc="a hash of what was asked")
    status: Mapped[int | None] = mapped_column(doc="the HTTP status of the answer; empty while there is none")
    headers: Mapped[dict[str, Any] | None] = mapped_column(doc="the headers of the answer that are worth repeating")
    body: Mapped[bytes | None] = mapped_column(doc="the body of the answer")
    created_at: Mapped[datetime] = mapped_column(doc="when it first came")
    expires_at: Mapped[datetime] = mapped_column(index=True, doc="from when on the same key is a new request")


class CheckRow(Base):
    """What a check of the pipeline found. Grain: one check of one asset in one run; of each check the latest is kept."""

    __tablename__ = "checks"
    __table_args__ = (Index("ix_checks_asset_name", "asset", "name"),)

    asset: Mapped[str] = mapped_column(doc="the table that was checked, e.g. credits/linear")
    name: Mapped[str] = mapped_column(doc="the check, e.g. conservation")
    passed: Mapped[bool] = mapped_column(doc="whether it passed")
    severity: Mapped[str] = mapped_column(doc="error: what was found is wrong; warning: a person should look at it")
    message: Mapped[str] = mapped_column(doc="what was found, in words")
    recommendation: Mapped[str] = mapped_column(doc="what to do; empty when it passed")
    numbers: Mapped[dict[str, Any]] = mapped_column(doc="the numbers behind it")
    first_day: Mapped[date | None] = mapped_column(doc="the first of the days that were checked")
    last_day: Mapped[date | None] = mapped_column(doc="the last of them")
    run_id: Mapped[str] = mapped_column(doc="the run that checked")
    at: Mapped[datetime] = mapped_column(index=True, doc="when it was checked")


class ErasureRow(Base):
    """That users were erased. Grain: one request to erase some. Nothing in it names a user once it is done."""

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(unique=True, doc="the public identity, er_ and 24 hex digits")
    state: Mapped[str] = mapped_column(index=True, doc="pending, done, or incomplete: something was left, and `remaining` says where")
    requested_by: Mapped[str] = mapped_column(doc="who asked for it")
    requested_at: Mapped[datetime] = mapped_column(doc="when it was asked for")
    finished_at: Mapped[datetime | None] = mapped_column(doc="when it ended")
    key_id: Mapped[str] = mapped_column(doc="which privacy key the marks and the signature were made under")
    marks: Mapped[list[str]] = mapped_column(doc="keyed hash of each id as it was stored")
    sealed: Mapped[bytes | None] = mapped_column(doc="the ids, encrypted under the privacy key; empty once it is done")
    counts: Mapped[dict[str, Any]] = mapped_column(doc="table or place -> rows or files that were removed")
    days: Mapped[list[Any]] = mapped_column(doc="the ranges of days that were recomputed")
    remaining: Mapped[list[Any]] = mapped_column(doc="where something was found afterwards, or could not be looked for")
    signature: Mapped[str | None] = mapped_column(doc="HMAC-SHA256 under the privacy key of all but what is sealed")


class FigureRow(Base):
    """What runs of the pipeline counted of themselves. Grain: one figure with its labels."""

    __tablename__ = "figures"
    __table_args__ = (UniqueConstraint("name", "labels"),)

    name: Mapped[str] = mapped_column(doc="the figure, as Prometheus names it")
    labels: Mapped[str] = mapped_column(doc="the values of its labels, as a JSON list in the order of their declaration")
    value: Mapped[float] = mapped_column(doc="the sum so far, or the latest value")
    at: Mapped[datetime] = mapped_column(doc="when it last changed")


class WebhookRow(Base):
    """A subscription to events. Grain: one address of one owner."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(unique=True, doc="the public identity, wh_ and 24 hex digits")
    owner: Mapped[str] = mapped_column(index=True, doc="the owner of the key that subscribed")
    url: Mapped[str] = mapped_column(doc="where events are sent")
    events: Mapped[list[str]] = mapped_column(doc="the kinds of event that are sent")
    secret: Mapped[bytes] = mapped_column(doc="what events are signed with, encrypted under a key made from the pepper")
    active: Mapped[bool] = mapped_column(doc="whether events are sent at all")
    created_at: Mapped[datetime] = mapped_column(doc="when it was made")


class DeliveryRow(Base):
    """An event on its way to one subscription. Grain: one event of one subscription."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("event_id", "webhook_id"), Index("ix_deliveries_due", "state", "due_at"))

    id: Mapped[str] = mapped_column(unique=True, doc="the public identity, dl_ and 24 hex digits")
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True, doc="the subscription")
    event_id: Mapped[str] = mapped_column(doc="the event")
    kind: Mapped[str] = mapped_column(doc="results.updated, job.finished, check.failed or ping")
    payload: Mapped[dict[str, Any]] = mapped_column(doc="what is sent")
    state: Mapped[str] = mapped_column(doc="pending, sent or dead")
    tries: Mapped[int] = mapped_column(doc="how often it was taken to be sent")
    due_at: Mapped[datetime] = mapped_column(doc="when it is to be sent next; while it is being sent, when others may take it over")
    http_status: Mapped[int | None] = mapped_column(doc="the answer to the last try")
    error: Mapped[str | None] = mapped_column(doc="what went wrong at the last try")
    created_at: Mapped[datetime] = mapped_column(doc="when the event happened")
    ended_at: Mapped[datetime | None] = mapped_column(doc="when it was sent or given up")


class AlertRow(Base):
    """An alert in its latest occurrence. Grain: one rule about one subject."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("rule", "subject"),)

    rule: Mapped[str] = mapped_column(doc="the rule, e.g. run_failed")
    subject: Mapped[str] = mapped_column(doc="what it is about, e.g. the job")
    severity: Mapped[str] = mapped_column(doc="warning, error or critical")
    phase: Mapped[str] = mapped_column(doc="pending, while its condition does not hold for long enough; firing; or resolved")
    message: Mapped[str] = mapped_column(doc="what is wrong, in words")
    numbers: Mapped[dict[str, Any]] = mapped_column(doc="the numbers behind it")
    since: Mapped[datetime] = mapped_column(doc="when the occurrence began")
    seen_at: Mapped[datetime] = mapped_column(doc="when its condition last held")
    told_severity: Mapped[str | None] = mapped_column(doc="the severity that was told in this occurrence; empty while nobody was told")
    told_at: Mapped[datetime | None] = mapped_column(doc="when it was last told, in whichever occurrence")
    told_parts: Mapped[list[str] | None] = mapped_column(
        doc="the single things that were told in this occurrence, of alerts that are about several"
    )
    absent_since: Mapped[datetime | None] = mapped_column(doc="from when on its condition did not hold, while it is still firing")
    resolved_at: Mapped[datetime | None] = mapped_column(doc="when it was resolved")


class AlertMessageRow(Base):
    """A message about alerts on its way to one target. Grain: one message."""

    __tablename__ = "alert_messages"

    id: Mapped[str] = mapped_column(unique=True, doc="the public identity, al_ and 24 hex digits; the same in every try")
    target: Mapped[str] = mapped_column(doc="the target of mta.yaml")
    state: Mapped[str] = mapped_column(index=True, doc="pending, sent or dead")
    tries: Mapped[int] = mapped_column(doc="how often it was taken to be sent")
    due_at: Mapped[datetime] = mapped_column(doc="when it is to be sent next; while it is being sent, when others may take it over")
    uncertain: Mapped[bool] = mapped_column(doc="whether a sender took it and was not heard of again, so that it may have arrived already")
    error: Mapped[str | None] = mapped_column(doc="what went wrong at the last try")
    created_at: Mapped[datetime] = mapped_column(doc="when it was put together")
    ended_at: Mapped[datetime | None] = mapped_column(doc="when it was sent or given up")


class AlertNoticeRow(Base):
    """What one target is to be told of one alert. Grain: one change of one alert and one target."""

    __tablename__ = "alert_notices"

    message_id: Mapped[str | None] = mapped_column(
        ForeignKey("alert_messages.id", ondelete="CASCADE"), index=True, doc="the message that it is told in; empty while it waits for one"
    )
    target: Mapped[str] = mapped_column(doc="the target of mta.yaml")
    kind: Mapped[str] = mapped_column(doc="firing, resolved or test")
    rule: Mapped[str] = mapped_column(doc="the rule of the alert")
    subject: Mapped[str] = mapped_column(doc="what the alert is about")
    severity: Mapped[str] = mapped_column(doc="warning, error or critical")
    text: Mapped[str] = mapped_column(doc="what is wrong, in words")
    numbers: Mapped[dict[str, Any]] = mapped_column(doc="the numbers behind it")
    since: Mapped[datetime] = mapped_column(doc="when the occurrence began")
    at: Mapped[datetime] = mapped_column(doc="when the alert changed")
    due_at: Mapped[datetime] = mapped_column(doc="not to be told before: the end of quiet hours")


class VitalsRow(Base):
    """What a server of the API says of itself four times a minute. Grain: one server and quarter of a minute."""

    __tablename__ = "vitals"
    __table_args__ = (UniqueConstraint("server", "at"),)

    server: Mapped[str] = mapped_column(doc="the host and the port it listens on")
    began_at: Mapped[datetime] = mapped_column(doc="when it was started: its counts begin at 0 then")
    at: Mapped[datetime] = mapped_column(index=True, doc="the quarter of a minute")
    requests: Mapped[int] = mapped_column(doc="requests answered since it began, by all its processes")
    errors: Mapped[int] = mapped_column(doc="of these, answered with a status from 500 on")
    rate_limited: Mapped[int] = mapped_column(doc="requests that limits refused since it began")
    cpu_percent: Mapped[float] = mapped_column(doc="of the machine's processors, since it last said so")
    memory_percent: Mapped[float] = mapped_column(doc="of the machine's memory")
