"""What the documentation routes take."""

from pydantic import Field

from api.schemas.base import Model


class AssetPath(Model):
    """Which file of a page."""

    name: str = Field(max_length=100, description="The file's name.")
