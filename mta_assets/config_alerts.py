"""The section `alerts` of `mta.yaml`: who is told, how often, and from which numbers on. Secrets are not in the file: `${NAME}` stands for a variable."""

import re
from datetime import time
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from mta_assets.config_section import Section, Timezone

Severity = Literal["warning", "error", "critical"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Of these apprise schemes a URL holds no secret unless it names a password.
_WITHOUT_SECRET: Final = {"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms", "syslog", "dbus"}


class QuietHours(Section):
    """When a target is not to be disturbed. What it would have been told is held and told at the end, in one message."""

    start: time = Field(description="From then on it is quiet, e.g. '22:00'.")
    end: time = Field(description="Until then, e.g. '07:00'; before `start` it is of the next day, and at `start` it is the whole day.")
    timezone: Timezone = Field("UTC", description="The zone of both.")
    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="The days on which quiet hours begin.")
    pierced_by: Severity = Field("critical", description="From this severity on it is told all the same.")


class AlertTarget(Section):
    """One that is told: an address of apprise, or a webhook that is signed."""

    url: str | None = Field(
        None, description="An address as apprise has it, e.g. ${SLACK_URL} or mailto://mail.example.com?to=ops@example.com."
    )
    webhook: str | None = Field(None, description="Instead of url: where signed messages are posted, e.g. https://ops.example.com/mta.")
    secret: str | None = Field(None, description="What they are signed with: a reference such as ${ALERT_SECRET}.")
    least: Severity = Field("warning", description="From this severity on it is told.")
    rules: tuple[str, ...] = Field((), description="Only of these alerts; empty for all.")
    quiet: QuietHours | None = Field(None, description="Its quiet hours.")

    @model_validator(mode="after")
    def _one_address_without_secrets(self) -> "AlertTarget":
        if (self.url is None) == (self.webhook is None):
            raise ValueError("give either url or webhook")
        if (self.webhook is None) != (self.secret is None):
            raise ValueError("a webhook has a secret, and only a webhook has one")
        if self.secret is not None and not REFERENCE.fullmatch(self.secret):
            raise ValueError("secret must be a reference to a variable, e.g. ${ALERT_SECRET}: secrets are not kept in this file")
        if self.url is not None and _holds_secret(self.url):
            raise ValueError("the url holds a secret: write ${NAME} in its place, or for all of it, and set the variable NAME")
        return self


class AlertThresholds(Section):
    """From which numbers on there is an alert."""

    api_error_percent: float = Field(5, gt=0, le=100, description="Requests answered with 500 or above, of all of the last 5 minutes.")
    api_least_requests: int = Field(20, ge=1, description="With fewer requests in these minutes the share of errors says nothing.")
    cpu_percent: float = Field(80, gt=0, le=100, description="Of a machine's processors, for 5 minutes on end.")
    memory_percent: float = Field(80, gt=0, le=100, description="Of a machine's memory.")
    disk_percent: float = Field(90, gt=0, le=100, description="Of the disk that holds the lake; critical from half of what is then free.")
    rate_limited: int = Field(100, ge=1, description="Requests that limits refused, in 5 minutes.")
    failed_authentications: int = Field(10, ge=1, description="Requests with a bad key or token, in 5 minutes.")
    quarantine_percent: float = Field(2, ge=0, le=100, description="Rows of a source that are rejected without it being called growth.")
    quarantine_growth: float = Field(2, ge=1, description="Times the source's share of the four weeks before, from which on it is growth.")


class AlertsConfig(Section):
    """Who hears of what is wrong."""

    targets: dict[str, AlertTarget] = Field(default_factory=dict, description="Name -> who is told. Without any, alerts are only kept.")
    cool_down_minutes: float = Field(
        60, ge=0, description="An alert that was told is not told again within this time, however often it comes back."
    )
    silenced: tuple[str, ...] = Field((), description="Alerts that are not wanted, by name; docs/operations.md lists them.")
    thresholds: AlertThresholds = Field(AlertThresholds(), description="From which numbers on there is an alert.")


def _holds_secret(url: str) -> bool:
    """Whether a part that is no reference may be secret. Most services have tokens in their address, so that only schemes without are let through."""
    if REFERENCE.search(url):
        return False
    parts = urlsplit(url)
    return parts.scheme.lower() not in _WITHOUT_SECRET or parts.password is not None
