"""Which events of a request the audit log has: one row for each request with credentials, or with the want of them. How they get there is `trail`'s.

A request that was let in is one row that names the key, the route, what it was done to and how it ended: that it was authenticated and authorised is said by
the row. A refusal is a row of its own kind. Routes for everybody leave none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from flask import Response

from api.exchange import Caller, Exchange, Unknown, exchange
from api.logs import tell_guards
from api.passage import Passage
from api.services import Clock
from api.trail import Trail
from mta_assets.state.audit import AuditEvent, AuditKind

# Of routes whose resource is not here the kind is data.
KINDS: Final[Mapping[str, AuditKind]] = {
    "keys": AuditKind.KEY,
    "jobs": AuditKind.JOB,
    "webhooks": AuditKind.WEBHOOK,
    "erasures": AuditKind.ERASURE,
}
OK: Final = "ok"


def about(subject: str, **details: object) -> None:
    """What this request is about, for the audit log: for views that make something whose id the address does not have."""
    under_way = exchange()
    under_way.subject, under_way.details = subject, details


def audit_every_request(passage: Passage, trail: Trail, now: Clock) -> None:
    """Note what there is to note when a request has been answered."""

    @passage.finish
    def note(exchange: Exchange, response: Response) -> None:
        if exchange.unknown is not None:
            event = _of_unknown(exchange, exchange.unknown, now())
            trail.note(event)
            tell_guards(event)
        elif exchange.caller is not None:
            outcome = OK if response.status_code < 400 else exchange.problem_code or str(response.status_code)
            event = _of_caller(exchange, exchange.caller, outcome, now())
            trail.note(event)
            if event.kind is not AuditKind.DATA or event.outcome != OK:
                tell_guards(event)
            if event.key_id and not event.key_id.startswith("token:"):
                trail.used(event.key_id, event.at)


def _of_unknown(exchange: Exchange, unknown: Unknown, at: datetime) -> AuditEvent:
    return AuditEvent(
        at=at,
        kind=AuditKind.AUTHENTICATION,
        action=f"authenticate by {unknown.means}",
        outcome=exchange.problem_code if exchange.problem_code == "address_blocked" else unknown.reason,
        request_id=exchange.request_id,
        key_id=unknown.key_id,
        address=exchange.address,
        subject=exchange.place.endpoint,
    )


def _of_caller(exchange: Exchange, caller: Caller, outcome: str, at: datetime) -> AuditEvent:
    endpoint = exchange.place.endpoint or ""
    return AuditEvent(
        at=at,
        kind=AuditKind.AUTHORIZATION if outcome == "forbidden" else KINDS.get(endpoint.partition(".")[0], AuditKind.DATA),
        action=endpoint,
        outcome=outcome,
        request_id=exchange.request_id,
        owner=caller.owner,
        key_id=caller.id,
        address=exchange.address,
        subject=exchange.subject or exchange.place.named,
        details=exchange.details,
    )
