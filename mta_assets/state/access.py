"""What a caller may do: scopes, and the roles that bundle them. Pure; who the caller is, is not decided here."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """One thing a key may do. A route names the one it needs; a key without it is refused."""

    RESULTS_READ = "results:read"
    JOURNEYS_READ = "journeys:read"
    FILES_WRITE = "files:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    KEYS_ADMIN = "keys:admin"
    WEBHOOKS_WRITE = "webhooks:write"
    HEALTH_READ = "health:read"
    AUDIT_READ = "audit:read"
    PRIVACY_ERASE = "privacy:erase"


MEANINGS: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.RESULTS_READ: "read attribution results and channel performance",
        Scope.JOURNEYS_READ: "read the journeys of single conversions",
        Scope.FILES_WRITE: "send files to validate and analyse",
        Scope.JOBS_READ: "see one's own jobs and their results",
        Scope.JOBS_WRITE: "start and cancel one's own jobs",
        Scope.KEYS_ADMIN: "make, rotate and revoke keys, and see the jobs of others",
        Scope.WEBHOOKS_WRITE: "subscribe to events by webhook",
        Scope.HEALTH_READ: "see detailed health, freshness and checks",
        Scope.AUDIT_READ: "read the audit log",
        Scope.PRIVACY_ERASE: "have users erased, and read the records of it",
    }
)
_VIEWER = frozenset({Scope.RESULTS_READ, Scope.HEALTH_READ})
_ANALYST = _VIEWER | {Scope.JOURNEYS_READ, Scope.FILES_WRITE, Scope.JOBS_READ, Scope.JOBS_WRITE}
ROLES: Mapping[str, frozenset[Scope]] = MappingProxyType({"viewer": _VIEWER, "analyst": _ANALYST, "admin": frozenset(Scope)})
