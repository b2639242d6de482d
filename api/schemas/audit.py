"""What the route of the audit log takes and answers. Grain: one event."""

from pydantic import AwareDatetime, Field

from api.schemas.base import Model, Moment
from api.schemas.lists import Listing, ListQuery
from mta_assets.state.audit import AuditKind


class AuditQuery(ListQuery):
    """Which events: all that is given must match."""

    kind: AuditKind | None = Field(None, description="What it is about.")
    owner: str | None = Field(None, max_length=200, description="Whose key was used.", examples=["bi-team"])
    key_id: str | None = Field(None, max_length=200, description="The key that was named.", examples=["k3y1d000"])
    outcome: str | None = Field(None, max_length=200, description="How it ended: ok, or the code of the failure.", examples=["forbidden"])
    request_id: str | None = Field(None, max_length=64, description="The request it was part of.")
    since: Moment | None = Field(None, description="From this moment on, with its offset: 2026-03-01T00:00:00Z.")
    until: Moment | None = Field(None, description="Before this moment.")


class AuditEntry(Model):
    """Who did what, when, from where, and how it ended."""

    at: AwareDatetime = Field(description="When.")
    kind: AuditKind = Field(description="What it is about.")
    action: str = Field(description="What was tried: the route, or how somebody authenticated.", examples=["attribution.compare_models"])
    outcome: str = Field(description="ok, or the code of the failure; of a failed authentication, the reason.", examples=["ok"])
    request_id: str | None = Field(description="The request it was part of.")
    owner: str | None = Field(description="Whose key was used, when one was recognised.", examples=["bi-team"])
    key_id: str | None = Field(description="The key that was named, or token:<subject>.", examples=["k3y1d000"])
    address: str | None = Field(description="Where the request came from.", examples=["192.0.2.7"])
    subject: str | None = Field(description="What it was done to.", examples=["markov_1"])
    details: dict[str, object] = Field(description="More, by kind.")


class AuditList(Listing):
    """Events, the newest first."""

    data: list[AuditEntry] = Field(description="The events.")
