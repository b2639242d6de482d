"""A request and its answer under way: what the parts of the application find out of it and leave to each other. No part itself, nothing of Flask."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.buckets import Quota
from mta_assets.state.access import Scope
from mta_assets.telemetry.tracing import End

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

current: ContextVar["Exchange | None"] = ContextVar("mta_exchange", default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request leads. endpoint, rule: of its route, None when there is none; named: what its address names, the first of the view's arguments."""

    endpoint: str | None = None
    rule: str | None = None
    named: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. id: of the key, or the token's subject; owner: whose jobs and files it may see; limit_per_hour: None for the default."""

    id: str
    owner: str
    scopes: frozenset[Scope]
    limit_per_hour: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nobody is known to call. means: key, token or none; key_id: the key that was named."""

    means: str
    reason: str
    key_id: str | None = None


@dataclass(slots=True, eq=False)
class Exchange:
    """One request and what became of it.

    began: on the clock of time.perf_counter. place: known when its steps begin. caller: who was let in; unknown: why nobody is known to call.
    quotas: what is left of the limits that it was charged to. problem_code: of the failure it was answered with; fault: what brought that about, when it
    is one of ours. subject, details: for the audit log. end_span: ends its span,
    where there is tracing. begun, refusal: whether its first steps were taken, and what they raised.
    """

    environ: "WSGIEnvironment"
    request_id: str
    began: float = field(default_factory=time.perf_counter)
    place: Place = Place()
    caller: Caller | None = None
    unknown: Unknown | None = None
    quotas: list[Quota] = field(default_factory=list)
    problem_code: str | None = None
    fault: Exception | None = None
    subject: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    end_span: End | None = None
    begun: bool = False
    refusal: Exception | None = None

    @property
    def method(self) -> str:
        """GET, POST and so on, as it was sent."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def address(self) -> str | None:
        """Whence it came. None on a socket file."""
        return self.environ.get("REMOTE_ADDR")

    def header(self, name: str) -> str | None:
        """A header that the client sent."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))


def exchange() -> Exchange:
    """The one that this thread works on: for views and what they call. Raises LookupError outside of one."""
    found = current.get()
    if found is None:
        raise LookupError("No request is under way in this thread.")
    return found


def caller() -> Caller:
    """Who calls: for views of routes that need a scope. Raises LookupError where nobody has been let in."""
    found = exchange().caller
    if found is None:
        raise LookupError("Nobody was let in: this route needs no scope.")
    return found
