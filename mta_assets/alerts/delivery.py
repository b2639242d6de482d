"""Handing one message to its target, through apprise or as a signed webhook, and what came of it in words that show no secret. When, the outbox decides."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Final
from urllib.parse import quote

from mta_assets.alerts.wording import Tone, document, text, title, tone
from mta_assets.config_alerts import REFERENCE, AlertTarget
from mta_assets.errors import ConfigError
from mta_assets.state.alert_records import Message
from mta_assets.webhooks.posting import Letter, Post

EVENT: Final = "alert"
TIMEOUT_SECONDS: Final = 10.0
# apprise's kind of a notification, which services show as a colour, or take as what opens and closes an incident.
_KINDS: Final[Mapping[Tone, str]] = {"critical": "failure", "error": "failure", "warning": "warning", "resolved": "success", "test": "info"}
_PAGERDUTY: Final = "pagerduty://"
_MAIL: Final = ("mailto://", "mailtos://")
Variable = Callable[[str], str | None]


def single(targets: Mapping[str, AlertTarget], variable: Variable) -> frozenset[str]:
    """The targets whose messages are of one alert each: PagerDuty keeps an incident per alert, and closes it by the same key."""
    return frozenset(name for name, target in targets.items() if target.url and _filled(target.url, variable).startswith(_PAGERDUTY))


class Courier:
    """Hands messages over. variable: what the references in the targets stand for; a target whose variable is not set takes no message."""

    def __init__(self, targets: Mapping[str, AlertTarget], *, variable: Variable, now: Callable[[], datetime]) -> None:
        self._targets = targets
        self._variable = variable
        self._now = now
        self._post = Post(timeout_seconds=TIMEOUT_SECONDS, private=True)  # whoever writes mta.yaml runs the machine

    def deliver(self, message: Message) -> str | None:
        """None when the target has it, else what went wrong."""
        target = self._targets.get(message.target)
        if target is None:
            return f"mta.yaml has no target {message.target!r} under alerts.targets."
        try:
            wrong = self._posted(target, message) if target.webhook else self._notified(str(target.url), message)
        except ConfigError as error:
            return str(error)
        return wrong and _scrubbed(wrong, self._secrets())

    def _posted(self, target: AlertTarget, message: Message) -> str | None:
        url, secret = (resolved(part or "", self._variable) for part in (target.webhook, target.secret))
        letter = Letter(url=url, event=EVENT, id=message.id, secret=secret, body=document(message))
        return self._post.send(letter, self._now()).error

    def _notified(self, url: str, message: Message) -> str | None:
        import apprise  # noqa: PLC0415  a third of a second, of which a tick without a message takes none

        asset = apprise.AppriseAsset(
            app_id="mta", app_desc="multi-touch attribution", app_url="", async_mode=False, service_timeout=TIMEOUT_SECONDS
        )
        to, ear = apprise.Apprise(asset=asset), _listen()
        body, kind = text(message), apprise.NotifyType(_KINDS[tone(message)])
        with ear.alone:
            ear.heard()
            if not to.add(_addressed(resolved(url, self._variable), message)):
                return "apprise does not know this address: look at its form in the documentation of apprise."
            if to.notify(title=title(message), body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
                return None
            return ear.heard() or "the service did not take it and did not say why"

    def _secrets(self) -> Iterable[str]:
        """Of every target: what is heard may be the last words about a message before."""
        parts = [part for target in self._targets.values() for part in (target.url, target.webhook, target.secret) if part]
        return [value for part in parts for name in REFERENCE.findall(part) if (value := self._variable(name))]


def resolved(text_: str, variable: Variable) -> str:
    """The text with every reference replaced by its variable. Raises ConfigError that names those that are not set."""
    missing = [name for name in REFERENCE.findall(text_) if variable(name) is None]
    if missing:
        raise ConfigError(f"The variable {missing[0]}, to which a target of alerts in mta.yaml refers, is not set where alerts are sent.")
    return _filled(text_, variable)


def _filled(text_: str, variable: Variable) -> str:
    return REFERENCE.sub(lambda match: variable(match[1]) or "", text_)


def _addressed(url: str, message: Message) -> str:
    """The address with what lets the receiver recognise a message that it had already, where the service has a place for it."""
    more = ""
    if url.startswith(_PAGERDUTY):
        notice = message.notices[0]
        more = f"action=map&image=no&dedup={quote(f'{notice.rule}:{notice.subject}', safe='')}"
    elif url.startswith(_MAIL):
        more = f"+MTA-Delivery={message.id}"
    return f"{url}{'&' if '?' in url else '?'}{more}" if more else url


class _Ear(logging.Handler):
    """What apprise says while a message is handed over, one message at a time: it returns no reason, and at its lowest level says one, among much else."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._said: list[str] = []
        self.alone = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is a complaint."""
        said = record.getMessage()
        if record.levelno >= logging.WARNING or "xception" in said:
            self._said.append(said.strip())

    def heard(self) -> str:
        """All that was said since it was last asked."""
        said, self._said = self._said, []
        return " ".join(said)


@cache
def _listen() -> _Ear:
    """The ear on apprise. Nobody else hears it from then on: what it says at its lowest level has secrets in it."""
    logger, ear = logging.getLogger("apprise"), _Ear()
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [ear]
    return ear


def _scrubbed(text_: str, secrets: Iterable[str]) -> str:
    """The text without secrets, whole or in parts: services name the part of an address that they do not like."""
    for secret in secrets:
        for part in {secret, *secret.replace("?", "/").replace("@", "/").replace(":", "/").split("/")}:
            if len(part) >= 6:
                text_ = text_.replace(part, "***")
    return text_
