"""What the routes of keys take and answer. Grain: one key ever made."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.schemas.base import WHOLE, Model
from api.schemas.lists import Listing
from mta_assets.state.access import ROLES, Scope
from mta_assets.state.keys import LIFETIME, LONGEST_LIFETIME, LONGEST_NAME, OVERLAP, KeyRecord

HOUR = timedelta(hours=1)


class KeyPath(Model):
    """Which key."""

    key_id: str = Field(max_length=100, description="The key's id: the part between the underscores.", examples=["k3y1d000"])


class NewKey(Model):
    """What the key is to be. It has either a role or scopes."""

    owner: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="Whose jobs and files it reaches; printable.", examples=["bi-team"]
    )
    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="What it is for; printable.", examples=["nightly report"])
    role: Literal["viewer", "analyst", "admin"] | None = Field(None, description="What it may do.", examples=["analyst"])
    scopes: list[Scope] | None = Field(None, min_length=1, max_length=len(Scope), description="Instead of a role: what it may do.")
    lifetime_days: Annotated[int, Field(ge=1, le=LONGEST_LIFETIME.days), WHOLE] = Field(LIFETIME.days, description="How long it lives.")
    limit_per_hour: Annotated[int, Field(ge=1, lt=2**31), WHOLE] | None = Field(
        None, description="Its own limit of requests; null for the general one."
    )

    def granted(self) -> frozenset[Scope]:
        """What whoever holds the key may do."""
        return frozenset(self.scopes or ()) | (ROLES[self.role] if self.role else frozenset())


class Rotation(Model):
    """How the old key ends."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_LIFETIME // HOUR), WHOLE] = Field(
        OVERLAP // HOUR, description="How long the old key works on."
    )


class Key(Model):
    """A key. Nothing in it lets anybody in."""

    id: str = Field(description="The part between the underscores.", examples=["k3y1d000"])
    owner: str = Field(description="Whose jobs and files it reaches.", examples=["bi-team"])
    name: str = Field(description="What it is for.", examples=["nightly report"])
    role: str | None = Field(description="viewer, analyst or admin; null when scopes were listed.", examples=["analyst"])
    scopes: list[str] = Field(description="What it may do.", examples=[["results:read"]])
    state: str = Field(description="valid, expired or revoked.", examples=["valid"])
    created_at: AwareDatetime = Field(description="When it was made.")
    expires_at: AwareDatetime = Field(description="From when on it is refused.")
    revoked_at: AwareDatetime | None = Field(description="When it was revoked.")
    last_used_at: AwareDatetime | None = Field(description="When it was last used, a second or so late.")
    limit_per_hour: int | None = Field(description="Its own limit of requests; null for the general one.", examples=[5_000])
    replaced_by: str | None = Field(description="The id of the key that took its place.", examples=["k3y1d001"])


class KeyMade(Key):
    """A new key, with what its holder presents. It is shown this once."""

    key: str | None = Field(
        description="To be sent as X-API-Key. It cannot be had again: null when the request is sent again under its Idempotency-Key.",
        examples=["mta_k3y1d000_<43 letters, digits, - and _>"],
    )


class KeyList(Listing):
    """Keys, the newest first, those that let nobody in any more included."""

    data: list[Key] = Field(description="The keys.")


def fields_of(record: KeyRecord, state: str) -> dict[str, object]:
    """The fields of a key as it goes over the wire."""
    plain = ("id", "owner", "name", "role", "created_at", "expires_at", "revoked_at", "last_used_at", "limit_per_hour", "replaced_by")
    return {name: getattr(record, name) for name in plain} | {"scopes": sorted(record.scopes), "state": state}
