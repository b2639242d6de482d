"""`/v1/audit`: who did what. What is written there, and when, is `auditing`'s and `trail`'s."""

from dataclasses import asdict

from flask import Response

from api.routing import Routes
from api.schemas.audit import AuditEntry, AuditList, AuditQuery
from api.services import services
from api.serving import shown
from mta_assets.state.access import Scope
from mta_assets.state.audit import Audit

routes = Routes("audit", "/v1/audit", tag="audit")


@routes.view("get", "", scope=Scope.AUDIT_READ, answers={200: AuditList})
def list_audit(query: AuditQuery) -> Response:
    """The audit log, the newest event first. An event is there a second or so after it happened."""
    filters = query.model_dump(exclude={"limit", "cursor"})
    page = Audit(services().store).list(**filters, after=query.cursor, limit=query.limit)
    return shown(AuditList(data=[AuditEntry.model_validate(asdict(event)) for event in page.items], next_cursor=page.next))
