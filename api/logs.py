"""What the API logs of requests: the id that their lines carry, a line per request where that is wanted, refusals for the security stream. No format."""

import time
from collections.abc import Mapping
from hashlib import sha256

from flask import Response
from gunicorn.glogging import Logger

from api.exchange import Exchange, current
from api.passage import Passage
from mta_assets.settings import LogSettings
from mta_assets.state.audit import AuditEvent, AuditKind
from mta_assets.telemetry import context
from mta_assets.telemetry.streams import performance, security

_LIMITED = frozenset({"too_many_requests", "address_blocked", "too_many_analyses"})
_TOKEN = "token:"  # noqa: S105  what the ids of such callers begin with


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's own words go where those of every library go."""

    def setup(self, cfg: object) -> None:
        """As gunicorn calls it, in every process."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


def carry_request_id() -> None:
    """Have every line that a request writes carry its id. It is looked up when a line is written: a request that writes none pays nothing."""
    context.ask(_of_request)


def _of_request() -> Mapping[str, object]:
    under_way = current.get()
    return {} if under_way is None else {"correlation_id": under_way.request_id}


def log_requests(passage: Passage, settings: LogSettings) -> None:
    """Write a line for every request, or for those that are slow or fail by a fault of ours. With `none` a request meets nothing of this."""
    if settings.requests == "none":
        return
    slow_seconds = settings.slow_ms / 1000 if settings.requests == "slow" else 0.0

    @passage.finish
    def write(exchange: Exchange, response: Response) -> None:
        seconds = time.perf_counter() - exchange.began
        if seconds >= slow_seconds or response.status_code >= 500:
            performance.info(
                "request",
                method=exchange.method,
                route=exchange.place.rule,
                status=response.status_code,
                ms=round(seconds * 1000, 3),
                cache=response.headers.get("X-Cache-Status"),
                bytes=response.content_length,
            )


def tell_guards(event: AuditEvent) -> None:
    """The line of the security stream for what somebody who guards the system wants to see: who was not let in, and changes of who may do what."""
    about = {"action": event.action, "outcome": event.outcome, "key_id": _shown(event.key_id), "address": event.address}
    if event.kind is AuditKind.AUTHENTICATION:
        security.warning("authentication failed", **about, route=event.subject)
    elif event.kind is AuditKind.AUTHORIZATION or event.outcome in _LIMITED:
        security.warning("request refused", **about)
    elif event.kind in {AuditKind.KEY, AuditKind.WEBHOOK} and not event.action.rpartition(".")[2].startswith(("list_", "get_", "show_")):
        security.info("access changed", **about, subject=event.subject)


def _shown(key_id: str | None) -> str | None:
    """The id of a key; of a token, whose subject may be somebody's address, a pseudonym."""
    if key_id is None or not key_id.startswith(_TOKEN):
        return key_id
    return _TOKEN + sha256(key_id.encode()).hexdigest()[:12]
