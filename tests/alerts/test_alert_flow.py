"""From a fault to the receiver and back to rest, over a real HTTP server and both databases."""

from tests.alerts.scene import DOWN, UP, Scene, documents, hook, told

FIRING, RESOLVED = ("firing", "redis_unreachable", "redis"), ("resolved", "redis_unreachable", "redis")


def test_a_fault_is_told_once_and_its_end_once(store, clock, receiver):
    scene = Scene(store, clock, {"ops": hook(receiver.url)})
    scene.tick(parts={"redis": UP})
    assert told(receiver) == []
    for _ in range(3):
        scene.tick(parts={"redis": DOWN})
        clock.forward(seconds=30)
    assert told(receiver) == [[FIRING]]
    for _ in range(3):
        scene.tick(parts={"redis": UP})
        clock.forward(seconds=30)
    assert told(receiver) == [[FIRING], [RESOLVED]]


def test_a_message_says_what_is_wrong_what_to_do_and_where_to_read_on(store, clock, receiver):
    Scene(store, clock, {"ops": hook(receiver.url)}).tick(parts={"redis": DOWN})
    (document,) = documents(receiver)
    (alert,) = document["data"]["alerts"]
    assert document["data"]["title"] == "[error] Redis does not answer: redis"
    assert alert["text"] == DOWN
    assert "Start Redis" in alert["remedy"]
    assert alert["runbook"] == "docs/operations.md#redis_unreachable"
