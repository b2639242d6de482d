"""What the routes of erasures take and answer. Grain: one request to erase some users. No answer names a user."""

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from api.schemas.base import Model
from api.schemas.lists import Listing
from mta_assets.state.erasures import LONGEST_ID, MOST_IDS, Erasure, ErasureState

Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"\S")]


class ErasurePath(Model):
    """Which erasure."""

    erasure_id: str = Field(max_length=100, description="Its id.", examples=["er_0123456789abcdef01234567"])


class NewErasure(Model):
    """Whom to erase: at least one id."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [name], "properties": {name: {"minItems": 1}}} for name in ("user_ids", "conversion_ids")],
        }
    )

    user_ids: list[Id] = Field([], max_length=MOST_IDS, description="Users, as files write their ids.", examples=[["customer-17"]])
    conversion_ids: list[Id] = Field([], max_length=MOST_IDS, description="The users who made these conversions.", examples=[[]])

    @model_validator(mode="after")
    def _somebody(self) -> "NewErasure":
        ids = [*self.user_ids, *self.conversion_ids]
        if not ids:
            raise ValueError("name at least one user id or conversion id")
        if len(ids) > MOST_IDS:
            raise ValueError(f"one erasure takes {MOST_IDS:,} ids at most")
        return self


class ErasureEntry(Model):
    """An erasure as it stands. Ids are keyed hashes under the privacy key."""

    id: str = Field(examples=["er_0123456789abcdef01234567"])
    state: ErasureState = Field(description="pending, done, or incomplete: something was left, and `remaining` says where.")
    requested_by: str = Field(description="Who asked for it.", examples=["data-protection"])
    requested_at: AwareDatetime = Field(description="When it was asked for.")
    finished_at: AwareDatetime | None = Field(description="When it ended.")
    marks: list[str] = Field(description="A keyed hash of each erased id.")
    counts: dict[str, int] = Field(
        description="Table or place, and how many rows or files were removed there.", examples=[{"core/journeys": 3}]
    )
    days: list[str] = Field(description="The days that were recomputed.", examples=[["2026-03-01 to 2026-03-04"]])
    remaining: list[str] = Field(description="Where something was found afterwards, or could not be looked for.")
    key_id: str = Field(description="Which privacy key the record was made under.", examples=["0123456789abcdef"])
    signature: str | None = Field(description="HMAC-SHA256 of the record under the privacy key.")
    genuine: bool | None = Field(description="Whether the record is as it was signed; null when it is not signed, or its key is not here.")


class ErasureList(Listing):
    """Erasures, the newest first."""

    data: list[ErasureEntry] = Field(description="The erasures.")


def entry_of(erasure: Erasure, *, genuine: bool | None) -> ErasureEntry:
    """An erasure as it goes over the wire."""
    plain = ("id", "state", "requested_by", "requested_at", "finished_at", "key_id", "counts", "signature")
    fields = {name: getattr(erasure, name) for name in plain} | {
        name: list(getattr(erasure, name)) for name in ("marks", "days", "remaining")
    }
    return ErasureEntry.model_validate(fields | {"genuine": genuine})
