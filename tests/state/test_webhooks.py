"""An event reaches each subscription once, by one sender at a time, and is not given up too soon nor tried for ever."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from mta_assets.errors import ConflictError, NotFoundError, StateError
from mta_assets.state.deliveries import LEASE, MAX_TRIES, Deliveries, DeliveryState
from mta_assets.state.webhooks import Event, Webhooks

PEPPER = b"p" * 32
URL = "https://example.org/hook?x=1"
DUE = """
import sys
from datetime import datetime
from mta_assets.state.deliveries import Deliveries
from mta_assets.state.store import StateStore
store = StateStore(sys.argv[1])
deliveries = Deliveries(store, b"p" * 32)
store.ping()
sys.stdin.read(1)
while parcels := deliveries.due(datetime.fromisoformat(sys.argv[2]), limit=3):
    print(*(parcel.delivery.id for parcel in parcels))
"""


@pytest.fixture
def webhooks(store):
    return Webhooks(store, PEPPER)


@pytest.fixture
def deliveries(store):
    return Deliveries(store, PEPPER, jitter=lambda: 1.0)


@pytest.fixture
def subscribe(webhooks, now):
    def subscribe(owner="acme", events=("job.finished", "check.failed"), url=URL):
        return webhooks.create(owner=owner, url=url, events=events, now=now)

    return subscribe


def test_a_subscription_comes_back_without_its_secret(webhooks, subscribe):
    made, secret = subscribe()
    assert secret.startswith("whsec_")
    assert webhooks.get(made.id, "acme") == made
    assert (made.url, made.events, made.active) == (URL, {Event.JOB_FINISHED, Event.CHECK_FAILED}, True)
    assert secret not in repr(made)


def test_the_secret_is_stored_so_that_only_the_pepper_opens_it(store, subscribe, deliveries, now):
    _, secret = subscribe()
    with store.reading() as session:
        kept = session.execute(text("SELECT secret FROM webhooks")).scalar()
    assert secret.encode() not in bytes(kept)
    deliveries.enqueue("e", Event.JOB_FINISHED, {}, now=now)
    assert Deliveries(store, b"q" * 32).due(now) == ()
    deliveries.enqueue("f", Event.JOB_FINISHED, {}, now=now)
    parcel = deliveries.due(now)[0]
    assert (parcel.secret, parcel.url) == (secret, URL)
    assert secret not in repr(parcel)


def test_a_delivery_whose_secret_cannot_be_opened_is_dead_and_says_why(store, subscribe, deliveries, now):
    made, _ = subscribe()
    deliveries.enqueue("e", Event.JOB_FINISHED, {}, now=now)
    Deliveries(store, b"q" * 32).due(now)
    dead = deliveries.list(made.id, "acme").items[0]
    assert dead.state == DeliveryState.DEAD
    assert "another pepper" in dead.error


def test_an_event_goes_once_to_each_active_subscription_to_its_kind(webhooks, subscribe, deliveries, now):
    wanted = [subscribe()[0], subscribe(owner="other")[0]]
    subscribe(events=["results.updated"])
    webhooks.change(subscribe()[0].id, "acme", active=False)
    with ThreadPoolExecutor(6) as pool:
        new = sum(pool.map(lambda _: deliveries.enqueue("e", Event.JOB_FINISHED, {"n": 1}, now=now), range(6)))
    assert new == 2
    parcels = deliveries.due(now)
    assert {parcel.delivery.webhook_id for parcel in parcels} == {webhook.id for webhook in wanted}
    assert {(p.delivery.event_id, p.delivery.kind, p.delivery.payload["n"]) for p in parcels} == {("e", Event.JOB_FINISHED, 1)}


def test_what_concerns_one_owner_is_told_to_no_other(subscribe, deliveries, now):
    mine = subscribe()[0]
    subscribe(owner="other")
    assert deliveries.enqueue("e", Event.JOB_FINISHED, {}, now=now, owner="acme") == 1
    assert deliveries.due(now)[0].delivery.webhook_id == mine.id


def test_two_processes_never_take_the_same_delivery(state_url, subscribe, deliveries, now):
    made, _ = subscribe()
    for n in range(30):
        deliveries.enqueue(str(n), Event.CHECK_FAILED, {}, now=now)
    command = [sys.executable, "-c", DUE, state_url, now.isoformat()]
    senders = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    for sender in senders:
        sender.stdin.write(b"x")
        sender.stdin.flush()
    taken = " ".join(sender.communicate()[0].decode() for sender in senders).split()
    assert sorted(taken) == sorted(delivery.id for delivery in deliveries.list(made.id, None).items)
    assert all(sender.returncode == 0 for sender in senders)


def test_a_delivery_whose_sender_died_is_taken_over_when_its_lease_is_over(subscribe, deliveries, now):
    subscribe()
    deliveries.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    assert len(deliveries.due(now)) == 1
    assert deliveries.due(now + LEASE - timedelta(seconds=1)) == ()
    assert len(deliveries.due(now + LEASE)) == 1


def test_a_failed_delivery_is_tried_again_after_growing_pauses_and_then_given_up(subscribe, deliveries, now):
    made, _ = subscribe()
    deliveries.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    pauses = []
    for _ in range(MAX_TRIES):
        (parcel,) = deliveries.due(now)
        failed = deliveries.record(parcel.delivery.id, delivered=False, http_status=503, error="busy\0" * 900, now=now)
        pauses.append((failed.due_at - now).total_seconds())
        now = failed.due_at
    assert pauses[:-1] == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680]
    assert (failed.state, failed.tries, failed.http_status) == (DeliveryState.DEAD, MAX_TRIES, 503)
    assert deliveries.due(now + timedelta(days=9)) == ()
    assert deliveries.list(made.id, "acme", state=DeliveryState.DEAD).items[0].error.startswith("busy\ufffdbusy")


def test_the_pause_is_between_half_and_the_whole(store, subscribe, now):
    subscribe()
    shortest = Deliveries(store, PEPPER, jitter=lambda: 0.0)
    shortest.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    failed = shortest.record(shortest.due(now)[0].delivery.id, delivered=False, now=now)
    assert failed.due_at == now + timedelta(seconds=15)


def test_senders_that_die_each_time_do_not_go_on_for_ever(subscribe, deliveries, now):
    made, _ = subscribe()
    deliveries.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    taken = sum(len(deliveries.due(now + n * LEASE)) for n in range(MAX_TRIES + 3))
    assert taken == MAX_TRIES
    assert deliveries.list(made.id, None).items[0].state == DeliveryState.DEAD


def test_what_was_delivered_is_sent_again_only_when_asked(subscribe, deliveries, now):
    subscribe()
    deliveries.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    id_ = deliveries.due(now)[0].delivery.id
    with pytest.raises(ConflictError, match="still pending"):
        deliveries.redeliver(id_, "acme", now=now)
    sent = deliveries.record(id_, delivered=True, http_status=200, now=now)
    assert (sent.state, sent.ended_at) == (DeliveryState.SENT, now)
    assert deliveries.record(id_, delivered=False, http_status=500, now=now) == sent
    assert deliveries.due(now + LEASE) == ()
    with pytest.raises(NotFoundError, match="no delivery"):
        deliveries.redeliver(id_, "other", now=now)
    assert deliveries.redeliver(id_, "acme", now=now).tries == 0
    assert [parcel.delivery.id for parcel in deliveries.due(now)] == [id_]


def test_a_ping_goes_to_one_subscription_whatever_it_is_for(subscribe, deliveries, now):
    made, _ = subscribe()
    subscribe()
    ping = deliveries.ping(made.id, "acme", now=now)
    assert [(parcel.delivery.id, parcel.delivery.kind) for parcel in deliveries.due(now)] == [(ping.id, Event.PING)]


def test_what_is_paused_waits_and_what_is_removed_is_gone(webhooks, subscribe, deliveries, now):
    made, _ = subscribe()
    deliveries.enqueue("e", Event.CHECK_FAILED, {}, now=now)
    webhooks.change(made.id, "acme", active=False)
    assert deliveries.due(now) == ()
    webhooks.change(made.id, "acme", active=True, url="http://example.org:8080/", events=["ping"])
    assert deliveries.due(now)[0].url == "http://example.org:8080/"
    webhooks.remove(made.id, "acme")
    assert deliveries.due(now + LEASE) == webhooks.list("acme").items == ()


def test_the_subscription_of_another_owner_is_not_there(webhooks, subscribe, deliveries, now):
    made, _ = subscribe()
    calls = [
        lambda: webhooks.get(made.id, "other"),
        lambda: webhooks.change(made.id, "other", active=False),
        lambda: webhooks.remove(made.id, "other"),
        lambda: deliveries.list(made.id, "other"),
        lambda: deliveries.ping(made.id, "other", now=now),
        lambda: webhooks.get("wh_\0", None),
        lambda: deliveries.record("dl_x", delivered=True, now=now),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            call()
    assert webhooks.list("other").items == ()
    assert webhooks.list(None).items == (made,)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://h/",
        "http://",
        "https://u:hunter2@h/",
        "http://h:99999/",
        "http://[::1",
        "http://h/\r\nX: y",
        "http://h/ x",
        "http://h/" + "x" * 2_000,
    ],
)
def test_a_url_that_cannot_be_called_is_refused(webhooks, subscribe, url):
    with pytest.raises(StateError) as refused:
        subscribe(url=url)
    assert "hunter2" not in str(refused.value)
    assert webhooks.list(None).items == ()


@pytest.mark.parametrize(("events", "says"), [([], "one event at least"), (["job.finish"], "Did you mean 'job.finished'")])
def test_an_event_that_there_is_not_is_refused(subscribe, events, says):
    with pytest.raises(StateError, match=says):
        subscribe(events=events)
