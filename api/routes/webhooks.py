"""`/v1/webhooks`: subscriptions to events, and what became of each message. Sending is `mta_assets.webhooks`'."""

from flask import Response

from api.auditing import about
from api.exchange import caller
from api.routing import Routes
from api.schemas.lists import ListQuery
from api.schemas.webhooks import (
    DeliveryEntry,
    DeliveryList,
    DeliveryPath,
    DeliveryQuery,
    NewWebhook,
    Subscription,
    SubscriptionList,
    SubscriptionMade,
    WebhookChange,
    WebhookPath,
    entry_of,
    fields_of,
)
from api.services import services
from api.serving import shown
from mta_assets.state.access import Scope

routes = Routes("webhooks", "/v1/webhooks", tag="webhooks")


@routes.view("post", "", scope=Scope.WEBHOOKS_WRITE, answers={201: SubscriptionMade}, shown_once=("secret",))
def create_webhook(body: NewWebhook) -> Response:
    """Subscribe. The answer shows the secret that messages are signed with, once."""
    webhook, secret = services().webhooks.create(owner=caller().owner, url=body.url, events=body.events, now=services().now())
    about(webhook.id, events=sorted(webhook.events))
    return shown(SubscriptionMade.model_validate({**fields_of(webhook), "secret": secret}), 201)


@routes.view("get", "", scope=Scope.WEBHOOKS_WRITE, answers={200: SubscriptionList})
def list_webhooks(query: ListQuery) -> Response:
    """Your subscriptions, the newest first; for administrators of keys, everybody's."""
    page = services().webhooks.list(_reach(), after=query.cursor, limit=query.limit)
    return shown(SubscriptionList(data=[Subscription.model_validate(fields_of(each)) for each in page.items], next_cursor=page.next))


@routes.view("get", "/<webhook_id>", scope=Scope.WEBHOOKS_WRITE, answers={200: Subscription})
def get_webhook(path: WebhookPath) -> Response:
    """A subscription."""
    return shown(Subscription.model_validate(fields_of(services().webhooks.get(path.webhook_id, _reach()))))


@routes.view("patch", "/<webhook_id>", scope=Scope.WEBHOOKS_WRITE, answers={200: Subscription})
def change_webhook(path: WebhookPath, body: WebhookChange) -> Response:
    """Change what is given; with `active: false` nothing is sent until it is true again."""
    changed = services().webhooks.change(path.webhook_id, _reach(), url=body.url, events=body.events, active=body.active)
    return shown(Subscription.model_validate(fields_of(changed)))


@routes.view("delete", "/<webhook_id>", scope=Scope.WEBHOOKS_WRITE, answers={204: None})
def delete_webhook(path: WebhookPath) -> Response:
    """End the subscription; what is on its way goes with it."""
    services().webhooks.remove(path.webhook_id, _reach())
    return Response(status=204)


@routes.view("post", "/<webhook_id>/ping", scope=Scope.WEBHOOKS_WRITE, answers={202: DeliveryEntry})
def ping_webhook(path: WebhookPath) -> Response:
    """Send a test message, whatever the subscription is to. It is on its way within seconds; the deliveries tell what became of it."""
    return shown(entry_of(services().deliveries.ping(path.webhook_id, _reach(), now=services().now())), 202)


@routes.view("get", "/<webhook_id>/deliveries", scope=Scope.WEBHOOKS_WRITE, answers={200: DeliveryList})
def list_deliveries(path: WebhookPath, query: DeliveryQuery) -> Response:
    """What was sent, what waits, and what was given up, the newest first."""
    page = services().deliveries.list(path.webhook_id, _reach(), state=query.state, after=query.cursor, limit=query.limit)
    return shown(DeliveryList(data=[entry_of(each) for each in page.items], next_cursor=page.next))


@routes.view("post", "/<webhook_id>/deliveries/<delivery_id>/redeliver", scope=Scope.WEBHOOKS_WRITE, answers={202: DeliveryEntry})
def redeliver(path: DeliveryPath) -> Response:
    """Send again what was sent or given up."""
    again = services().deliveries.redeliver(path.delivery_id, _reach(), now=services().now(), webhook_id=path.webhook_id)
    about(path.delivery_id, webhook=path.webhook_id)
    return shown(entry_of(again), 202)


def _reach() -> str | None:
    """Whose subscriptions the caller reaches: its own; everybody's when it administers keys."""
    return None if Scope.KEYS_ADMIN in caller().scopes else caller().owner
