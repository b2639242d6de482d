"""Which events of a request the audit log has: one row for each request with credentials, or with the want of them. How they get there is `trail`'s.

A request that was let in is one row that names the key, the route, what it was done to and how it ended: that it was authenticated and authorised is said by
the row. A refusal is a row of its own kind. Routes for everybody leave none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Flask, Request, Response, g, request

from api.logs import tell_guards
from api.services import services
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


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nobody is known to call. means: key, token or none; key_id: the key that was named."""

    means: str
    reason: str
    key_id: str | None = None


def about(subject: str, **details: object) -> None:
    """What this request is about, for the audit log: for views that make something whose id the address does not have."""
    g.subject, g.details = subject, details


def audit_every_request(app: Flask, trail: Trail) -> None:
    """Note what there is to note when a request has been answered."""

    @app.after_request
    def note(response: Response) -> Response:
        unknown: Unknown | None = g.get("unknown")
        if unknown is not None:
            event = _of_unknown(unknown)
            trail.note(event)
            tell_guards(event)
        elif g.caller is not None:
            event = _of_caller(OK if response.status_code < 400 else g.get("problem_code", str(response.status_code)))
            trail.note(event)
            if event.kind is not AuditKind.DATA or event.outcome != OK:
                tell_guards(event)
            if event.key_id and not event.key_id.startswith("token:"):
                trail.used(event.key_id, event.at)
        return response


def _of_unknown(unknown: Unknown) -> AuditEvent:
    return AuditEvent(
        at=services().now(),
        kind=AuditKind.AUTHENTICATION,
        action=f"authenticate by {unknown.means}",
        outcome=g.problem_code if g.get("problem_code") == "address_blocked" else unknown.reason,
        request_id=g.request_id,
        key_id=unknown.key_id,
        address=request.remote_addr,
        subject=request.endpoint,
    )


def _of_caller(outcome: str) -> AuditEvent:
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # typed as what it stands for; looked up once
    caller = g.caller
    endpoint = asked.endpoint or ""
    return AuditEvent(
        at=services().now(),
        kind=AuditKind.AUTHORIZATION if outcome == "forbidden" else KINDS.get(endpoint.partition(".")[0], AuditKind.DATA),
        action=endpoint,
        outcome=outcome,
        request_id=g.request_id,
        owner=caller.owner,
        key_id=caller.id,
        address=asked.remote_addr,
        subject=g.get("subject") or next(iter((asked.view_args or {}).values()), None),
        details=g.get("details") or {},
    )
