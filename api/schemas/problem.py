"""The one shape of every failure."""

from pydantic import AwareDatetime, Field

from api.schemas.base import Model


class Problem(Model):
    """A failure. `error` is for programs and does not change; `message` is for people."""

    error: str = Field(description="The code: see the table of codes.", examples=["invalid_parameter"])
    message: str = Field(description="What was wrong, in words.")
    details: dict[str, object] = Field(description="`suggestion`, the `field` at fault, and what else helps a program.")
    request_id: str = Field(description="To be named in a report.")
    timestamp: AwareDatetime = Field(description="When, UTC.")
    retry_after: int | None = Field(None, description="Seconds to wait before the next try; also as the header Retry-After.")
