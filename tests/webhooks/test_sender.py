"""What is in the outbox reaches a real receiver, signed, once it can; and nothing that a receiver does holds the sender up."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from mta_assets.state.deliveries import LEASE, Deliveries, DeliveryState
from mta_assets.state.signature import verify
from mta_assets.state.webhooks import Event, Webhooks
from mta_assets.webhooks.sender import Sender
from tests.webhooks.receiver import receiving

PEPPER = b"p" * 32


@pytest.fixture
def receiver():
    with receiving() as told:
        yield told


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outbox(store, clock):
    """A subscription to this URL, and an event for it."""

    class Outbox:
        webhooks, deliveries = Webhooks(store, PEPPER), Deliveries(store, PEPPER, jitter=lambda: 1.0)

        def subscribe(self, url):
            return self.webhooks.create(owner="acme", url=url, events=["job.finished"], now=clock())

        def happen(self, event_id="e1", **payload):
            return self.deliveries.enqueue(event_id, Event.JOB_FINISHED, payload, now=clock())

        def sender(self, timeout_seconds=5.0, private=True):
            return Sender(self.deliveries, timeout_seconds=timeout_seconds, private=private, now=clock)

        def only(self):
            (webhook,) = self.webhooks.list(None).items
            return self.deliveries.list(webhook.id, None).items[0]

    return Outbox()


def test_an_event_arrives_signed_with_the_secret_of_its_subscription(outbox, receiver, clock):
    _, secret = outbox.subscribe(receiver.url)
    outbox.happen(job_id="job_1")
    done = outbox.sender().drain(5)
    assert (done.sent, done.failed, done.unfinished) == (1, 0, 0)
    ((path, headers, body),) = receiver.received
    assert path == "/hook?x=1"
    assert verify(secret, headers["MTA-Signature"], body, now=int(clock().timestamp()))
    assert not verify(secret, headers["MTA-Signature"], body + b" ", now=int(clock().timestamp()))
    document = json.loads(body)
    assert (document["id"], document["event"], document["data"]) == ("e1", "job.finished", {"job_id": "job_1"})
    assert (headers["MTA-Event"], headers["MTA-Delivery"]) == ("job.finished", outbox.only().id)
    assert headers["Host"] == receiver.url.split("/")[2]
    assert (outbox.only().state, outbox.only().http_status, outbox.only().tries) == (DeliveryState.SENT, 200, 1)


def test_what_failed_is_sent_again_with_the_same_body_when_it_is_due(outbox, receiver, clock):
    outbox.subscribe(receiver.url)
    outbox.happen()
    receiver.status = 503
    assert outbox.sender().drain(5).failed == 1
    assert (outbox.only().state, outbox.only().http_status) == (DeliveryState.PENDING, 503)
    assert "503" in outbox.only().error
    receiver.status = 204
    assert outbox.sender().drain(5).sent == 0
    clock.now += timedelta(seconds=31)
    assert outbox.sender().drain(5).sent == 1
    first, second = (body for _, _, body in receiver.received)
    assert first == second


def test_a_receiver_that_is_down_gets_it_when_it_is_up_again(outbox, clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    webhook, _ = outbox.subscribe(closed)
    outbox.happen()
    assert outbox.sender().drain(5).failed == 1
    assert "cannot be connected to" in outbox.only().error
    clock.now += timedelta(seconds=31)
    with receiving() as up:
        outbox.webhooks.change(webhook.id, None, url=up.url)
        assert outbox.sender().drain(5).sent == 1


def test_a_sender_that_died_leaves_its_messages_to_the_next(outbox, receiver, clock):
    outbox.subscribe(receiver.url)
    outbox.happen()
    outbox.deliveries.due(clock())  # taken, and never sent
    assert outbox.sender().drain(5).sent == 0
    clock.now += LEASE
    assert outbox.sender().drain(5).sent == 1


@pytest.mark.parametrize("how", [{"slow": 3.0}, {"drip": True}], ids=["silent", "a byte at a time"])
def test_a_receiver_that_does_not_come_to_an_end_is_given_up_in_time(outbox, receiver, how):
    for name, value in how.items():
        setattr(receiver, name, value)
    outbox.subscribe(receiver.url)
    outbox.happen()
    began = time.monotonic()
    assert outbox.sender(timeout_seconds=0.5).drain(5).failed == 1
    assert time.monotonic() - began < 2.5
    assert "in time" in outbox.only().error


def test_one_slow_receiver_does_not_hold_up_the_others(outbox, receiver):
    with receiving() as slow:
        slow.slow = 1.5
        outbox.subscribe(slow.url)
        outbox.subscribe(receiver.url)
        outbox.happen()
        began = time.monotonic()
        assert outbox.sender().drain(5).sent == 2
    assert time.monotonic() - began < 3


def test_a_redirect_is_not_followed(outbox, receiver):
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        outbox.subscribe(receiver.url)
        outbox.happen()
        assert outbox.sender().drain(5).failed == 1
        assert elsewhere.received == []
    assert "redirect" in outbox.only().error


def test_nothing_is_sent_to_an_address_that_is_not_public(outbox, receiver):
    outbox.subscribe(receiver.url)
    outbox.subscribe(receiver.url.replace("127.0.0.1", "localhost"))
    outbox.happen()
    assert outbox.sender(private=False).drain(5).failed == 2
    assert receiver.received == []
    errors = [outbox.deliveries.list(webhook.id, None).items[0].error for webhook in outbox.webhooks.list(None).items]
    assert all("MTA_WEBHOOK_PRIVATE" in error for error in errors)


def test_a_name_that_leads_nowhere_is_said_so(outbox):
    outbox.subscribe("http://nothing.invalid/")
    outbox.happen()
    assert outbox.sender().drain(5).failed == 1
    assert "leads nowhere" in outbox.only().error


def test_all_that_is_due_is_sent_in_one_round(outbox, receiver):
    outbox.subscribe(receiver.url)
    for n in range(40):
        outbox.happen(f"e{n}")
    assert outbox.sender().drain(30).sent == 40
    assert {json.loads(body)["id"] for _, _, body in receiver.received} == {f"e{n}" for n in range(40)}


def test_a_round_begins_nothing_after_its_time(outbox, receiver):
    receiver.slow = 0.3
    outbox.subscribe(receiver.url)
    for n in range(40):
        outbox.happen(f"e{n}")
    assert 16 <= outbox.sender().drain(0.1).sent < 40
