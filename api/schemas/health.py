"""What the health routes say."""

from typing import Literal

from pydantic import AwareDatetime, Field

from api.schemas.base import Model

Overall = Literal["ok", "degraded", "unavailable"]


class Alive(Model):
    """The process answers."""

    status: Literal["alive"] = Field(description="Always `alive`: a process that is not does not answer.")


class Health(Model):
    """The short answer."""

    status: Literal["ok", "degraded"] = Field(
        description="degraded: all is answered, but a part that helps is away. Else the answer is 503."
    )
    version: str = Field(description="Of mta-assets.")


class Component(Model):
    """A part behind the API."""

    status: Literal["up", "down", "absent"] = Field(description="absent: it is not set up, and nothing needs it.")
    response_ms: float = Field(description="How long it took to answer, in milliseconds.")
    message: str


class Ready(Model):
    """It can serve. When lake or state store do not answer, the answer is 503, with the components in its details."""

    status: Literal["ok", "degraded"]
    components: dict[str, Component] = Field(description="lake, tables, state, redis, daemon.")
    warnings: list[str] = Field(description="What is away and what that means.")


class Memory(Model):
    """Memory, in bytes."""

    process: int = Field(description="Resident, of the server process that answers.")
    total: int = Field(description="Of the machine.")
    available: int = Field(description="Of the machine.")


class Disk(Model):
    """The disk that the lake, or what is local of it, lies on, in bytes."""

    total: int
    free: int


class System(Model):
    """The machine and the server process that answers."""

    cpu_percent: float = Field(description="Of the machine's processors, since this was last asked of this process.")
    memory: Memory
    disk: Disk
    uptime_seconds: float = Field(description="Of the server process that answers.")


class Requests(Model):
    """Requests of all server processes since the server began."""

    total: int
    errors: int = Field(description="Answered with a status from 500 on.")
    error_rate: float | None = Field(description="errors / total; null before the first request.")
    in_flight: int


class DataHealth(Model):
    """How the data are, against the policies of `freshness` in mta.yaml. GET /v1/freshness has them one by one."""

    status: Literal["fresh", "late", "stale", "empty"] = Field(description="The worst of those that have rows; empty when none has.")
    late: list[str] = Field(description="Sources and tables that are late or stale, e.g. `table marts/spend_daily`.")
    silent: list[str] = Field(description="Sources that have delivered and do not any more.")


class Detailed(Model):
    """Everything about the state of the service."""

    status: Overall
    components: dict[str, Component]
    data: DataHealth | None = Field(description="How old the data are; null while the lake does not answer.")
    daemon_heartbeat: AwareDatetime | None = Field(description="When the Dagster daemon was last heard of.")
    system: System
    requests: Requests
    versions: dict[str, str] = Field(description="Of the program, of Python and of the engines.")
    at: AwareDatetime


class CacheMetrics(Model):
    """The cache: answers of all server processes; what is in memory, of the one that answers."""

    hits: int
    misses: int
    stale: int
    hit_rate: float | None = Field(description="hits / (hits + misses + stale); null before the first answer.")
    memory_entries: int
    memory_bytes: int
    memory_evictions: int
    redis: Literal["up", "down", "absent"]


class HealthMetrics(Model):
    """The counts of the server in JSON; GET /metrics has them all for Prometheus."""

    requests: Requests
    by_status: dict[str, int] = Field(description="HTTP status -> requests.")
    by_route: dict[str, int] = Field(description="Rule of a route -> requests.")
    cache: CacheMetrics
    limit_rejections: dict[str, int] = Field(description="Name of a limit -> requests that it refused.")
    problems: dict[str, int] = Field(description="Code of a failure -> how often it was answered.")
