"""What the routes of webhooks take and answer. Grain: one subscription, one delivery."""

from pydantic import AwareDatetime, Field

from api.schemas.base import Model
from api.schemas.lists import Listing, ListQuery
from mta_assets.state.deliveries import Delivery, DeliveryState
from mta_assets.state.webhooks import LONGEST_URL, Event, Webhook

_URL = "https://example.org/hooks/mta"


class WebhookPath(Model):
    """Which subscription."""

    webhook_id: str = Field(max_length=100, description="Its id.", examples=["wh_0123456789abcdef01234567"])


class DeliveryPath(WebhookPath):
    """Which delivery of which subscription."""

    delivery_id: str = Field(max_length=100, description="The delivery's id.", examples=["dl_0123456789abcdef01234567"])


class NewWebhook(Model):
    """Where to send which events."""

    url: str = Field(min_length=1, max_length=LONGEST_URL, description="http(s); without user name and password.", examples=[_URL])
    events: list[Event] = Field(min_length=1, max_length=20, description="The kinds of event that are sent.", examples=[["job.finished"]])


class WebhookChange(Model):
    """What is to change; what is absent stays."""

    url: str | None = Field(None, min_length=1, max_length=LONGEST_URL, description="Where to send.", examples=[_URL])
    events: list[Event] | None = Field(None, min_length=1, max_length=20, description="The kinds of event that are sent.")
    active: bool | None = Field(None, strict=True, description="Whether anything is sent; what is on its way waits.")


class Subscription(Model):
    """A subscription. Its secret is not in it."""

    id: str = Field(examples=["wh_0123456789abcdef01234567"])
    owner: str = Field(description="Whose it is.", examples=["bi-team"])
    url: str = Field(description="Where events are sent.", examples=[_URL])
    events: list[Event] = Field(description="The kinds of event that are sent.")
    active: bool = Field(description="Whether anything is sent.")
    created_at: AwareDatetime = Field(description="When it was made.")


class SubscriptionMade(Subscription):
    """A new subscription, with the secret that signs its messages. It is shown this once."""

    secret: str | None = Field(
        description="The key of the HMAC in MTA-Signature. It cannot be had again.", examples=["whsec_<43 letters, digits, - and _>"]
    )


class SubscriptionList(Listing):
    """Subscriptions, the newest first."""

    data: list[Subscription] = Field(description="The subscriptions.")


class DeliveryQuery(ListQuery):
    """Which deliveries."""

    state: DeliveryState | None = Field(None, description="Only those in this state.")


class DeliveryEntry(Model):
    """An event on its way to a subscription, or what became of it."""

    id: str = Field(description="Also the header MTA-Delivery.", examples=["dl_0123456789abcdef01234567"])
    webhook_id: str = Field(description="The subscription.", examples=["wh_0123456789abcdef01234567"])
    event_id: str = Field(description="The event: the same in all its deliveries.", examples=["job.finished:job_0123456789abcdef01234567"])
    event: Event = Field(description="Its kind.")
    data: dict[str, object] = Field(description="What is sent.")
    state: DeliveryState = Field(description="pending, sent, or dead after the last try.")
    tries: int = Field(description="How often it was tried.", examples=[1])
    due_at: AwareDatetime = Field(description="When it is tried next, while it is pending.")
    http_status: int | None = Field(description="The answer to the last try.", examples=[200])
    error: str | None = Field(description="What went wrong at the last try.")
    created_at: AwareDatetime = Field(description="When the event happened.")
    ended_at: AwareDatetime | None = Field(description="When it was sent or given up.")


class DeliveryList(Listing):
    """Deliveries, the newest first."""

    data: list[DeliveryEntry] = Field(description="The deliveries.")


def fields_of(webhook: Webhook) -> dict[str, object]:
    """The fields of a subscription as it goes over the wire."""
    plain = ("id", "owner", "url", "active", "created_at")
    return {name: getattr(webhook, name) for name in plain} | {"events": sorted(webhook.events)}


def entry_of(delivery: Delivery) -> DeliveryEntry:
    """A delivery as it goes over the wire."""
    plain = ("id", "webhook_id", "event_id", "state", "tries", "due_at", "http_status", "error", "created_at", "ended_at")
    fields = {name: getattr(delivery, name) for name in plain}
    return DeliveryEntry.model_validate(fields | {"event": delivery.kind, "data": dict(delivery.payload)})
