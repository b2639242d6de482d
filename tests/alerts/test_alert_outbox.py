"""No message is lost and none is sent twice, whatever dies: the outbox over real receivers and both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mta_assets.errors import ConflictError, NotFoundError
from mta_assets.state.alert_records import LEASE, MAX_TRIES, MessageState
from mta_assets.state.alerts import Alerts
from mta_assets.state.store import StateStore
from tests.alerts.scene import DOWN, UP, Scene, documents, hook, told

REDIS, LAKE = "redis_unreachable", "lake_unreachable"


@pytest.fixture
def scene(store, clock, receiver):
    return Scene(store, clock, {"ops": hook(receiver.url)})


def names(messages):
    return [[(status, rule) for status, rule, _ in message] for message in messages]


def test_a_process_that_dies_between_noting_and_sending_loses_nothing_and_a_restart_sends_nothing_twice(scene, store, clock, receiver):
    scene.look(parts={"redis": DOWN})  # and here the process is killed
    restarted = Scene(StateStore(store._url), clock, {"ops": hook(receiver.url)})
    restarted.tick(parts={"redis": DOWN})
    Scene(StateStore(store._url), clock, {"ops": hook(receiver.url)}).tick(parts={"redis": DOWN})
    assert names(told(receiver)) == [[("firing", REDIS)]]


def test_a_process_that_dies_between_sending_and_recording_sends_again_under_the_same_id_and_says_so(scene, clock, receiver):
    scene.look(parts={"redis": DOWN})
    (message,) = scene.alerts.take(clock())  # and here the process is killed, having sent or not
    scene.tell()
    assert receiver.received == []  # while the lease lasts it may still be at work
    clock.forward(seconds=LEASE.total_seconds())
    scene.tell()
    (document,) = documents(receiver)
    assert document["id"] == message.id
    assert document["data"]["uncertain"] is True
    clock.forward(seconds=LEASE.total_seconds())
    scene.tell()
    assert len(receiver.received) == 1


def test_of_several_watchers_at_once_one_tells(scene, store, clock, receiver):
    others = [Scene(StateStore(store._url), clock, {"ops": hook(receiver.url)}) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each.tick(parts={"redis": DOWN}), others))
    assert names(told(receiver)) == [[("firing", REDIS)]]


def test_what_is_found_together_is_told_in_one_message_the_worst_first(scene, receiver):
    scene.tick(parts={"redis": DOWN, "lake": DOWN})
    assert names(told(receiver)) == [[("firing", LAKE), ("firing", REDIS)]]
    assert documents(receiver)[0]["data"]["title"] == "[critical] Alerts: 2 firing"


def test_a_target_that_was_down_gets_what_it_missed_in_order_and_the_rest_in_one_message(scene, clock, receiver):
    receiver.status = 503
    assert scene.tick(parts={"redis": DOWN}).failed == 1
    for parts in ({"redis": UP, "lake": DOWN}, {"redis": UP, "lake": UP}):
        clock.forward(seconds=5)
        scene.tick(parts=parts)
    receiver.received.clear()
    receiver.status = 200
    clock.forward(seconds=60)
    scene.tick(parts={"redis": UP, "lake": UP})
    assert names(told(receiver)) == [[("firing", REDIS)], [("firing", LAKE), ("resolved", LAKE), ("resolved", REDIS)]]


def test_a_message_that_no_try_delivers_is_dead_and_can_be_sent_again(scene, clock, receiver):
    receiver.status = 500
    scene.tick(parts={"redis": DOWN})
    for _ in range(MAX_TRIES):
        clock.forward(minutes=10)
        scene.tick(parts={"redis": DOWN})
    assert len(receiver.received) == MAX_TRIES
    (dead,) = scene.alerts.messages(state=MessageState.DEAD).items
    assert scene.alerts.undelivered(clock() - timedelta(days=1)) == {"ops": 1}
    assert scene.alerts.undelivered(clock() + timedelta(days=1)) == {}
    assert dead.error == "It answered 500; 200 to 299 is taken as received."
    receiver.status = 200
    assert scene.alerts.retry(dead.id, now=clock()).state is MessageState.PENDING
    assert scene.tell().sent == 1
    assert documents(receiver)[-1]["id"] == dead.id
    with pytest.raises(ConflictError):
        scene.alerts.retry(dead.id, now=clock())
    with pytest.raises(NotFoundError):
        scene.alerts.retry("al_0", now=clock())


def test_one_target_that_is_down_holds_up_no_other(store, clock, receiver):
    targets = {"gone": hook("http://127.0.0.1:9/"), "ops": hook(receiver.url)}
    scene = Scene(store, clock, targets)
    scene.tick(parts={"redis": DOWN})
    scene.tick(parts={"redis": UP})
    assert names(told(receiver)) == [[("firing", REDIS)], [("resolved", REDIS)]]


def test_what_is_held_in_quiet_hours_is_told_in_one_message_at_their_end(store, clock, receiver):
    quiet = {"start": "11:00", "end": "13:00"}
    scene = Scene(store, clock, {"ops": hook(receiver.url, quiet=quiet)})  # the clock stands at noon
    scene.tick(parts={"redis": DOWN, "lake": UP})
    scene.tick(parts={"redis": UP, "lake": UP})
    assert told(receiver) == []
    scene.tick(parts={"redis": UP, "lake": DOWN})  # critical: it cannot wait
    assert names(told(receiver)) == [[("firing", LAKE)]]
    clock.forward(hours=1)
    scene.tick(parts={"redis": UP, "lake": DOWN})
    assert names(told(receiver))[1:] == [[("firing", REDIS), ("resolved", REDIS)]]


def test_alerts_and_messages_that_are_over_go_with_retention_and_others_stay(scene, store, clock):
    scene.tick(parts={"redis": DOWN, "lake": DOWN})
    scene.tick(parts={"redis": UP, "lake": DOWN})
    clock.forward(days=1)
    assert Alerts(store).prune(clock()) == 3  # one alert, two messages
    assert [alert.rule for alert in scene.alerts.list()] == [LAKE]
    assert Alerts(store).prune(clock()) == 0
