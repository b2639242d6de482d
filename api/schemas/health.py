"""What the health routes say."""

from typing import Literal

from pydantic import Field

from api.schemas.base import Model


class Alive(Model):
    """The process answers."""

    status: Literal["alive"] = Field(description="Always `alive`: a process that is not does not answer.")
