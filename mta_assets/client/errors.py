"""What can go wrong for a caller of the client. No wording of the server's: that is in `message`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mta_assets.client.answers import JobDocument


class ClientError(Exception):
    """Whatever this client raises."""


@dataclass
class ApiProblem(ClientError):  # noqa: N818  the field's word: RFC 9457
    """The server refused or failed. code: as in the table of docs/api-errors.md; request_id: to be named in a report."""

    status: int
    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    request_id: str = ""
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message} (request {self.request_id})"


class UnreachableError(ClientError):
    """No answer could be had: the connection failed, and so did the tries after it."""


class JobEndedError(ClientError):
    """A job that was waited for ended without a result. job: as it stands, with its reason."""

    def __init__(self, job: "JobDocument") -> None:
        super().__init__(f"Job {job.id} is {job.state}: {job.reason or 'no reason was given'}")
        self.job = job
