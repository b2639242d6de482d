"""Idempotency-Key: a request that is sent again is answered as before and not done again."""

import threading

import pytest
from sqlalchemy import select

from mta_assets.state.idempotency import Idempotency
from mta_assets.state.jobs import Jobs
from mta_assets.state.tables import IdempotencyRow
from tests.api.sending import ANALYZE, EVENTS, VALIDATE, part
from tests.api.test_problems import assert_problem


@pytest.fixture
def analyst(app, client, key_of):
    client.environ_base["HTTP_X_API_KEY"] = key_of("analyst")
    return client


def send(client, key, content=EVENTS, **more):
    return client.post(ANALYZE, data={"file": part(content), "mode": "job"} | more, headers={"Idempotency-Key": key})


def test_the_same_request_again_makes_no_second_job(app, analyst):
    first, again = send(analyst, "k1"), send(analyst, "k1")
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.data, again.headers["Location"]) == (202, first.data, first.headers["Location"])
    assert len(Jobs(app.extensions["mta"].store).queued()) == 1


def test_another_request_under_the_key_is_refused(analyst):
    send(analyst, "k1")
    assert_problem(send(analyst, "k1", EVENTS + "u9,2026-03-02T11:00:00Z,search,0,\n"), "idempotency_conflict", 409)
    assert_problem(send(analyst, "k1", models="linear"), "idempotency_conflict", 409)
    other = analyst.post(VALIDATE, data=EVENTS, headers={"Idempotency-Key": "k1"})
    assert_problem(other, "idempotency_conflict", 409)


def test_the_key_of_one_owner_is_nothing_to_another(app, analyst, key_of):
    first = send(analyst, "k1")
    analyst.environ_base["HTTP_X_API_KEY"] = key_of("analyst", owner="somebody else")
    assert send(analyst, "k1").headers["Location"] != first.headers["Location"]


def test_a_request_that_failed_may_be_sent_again(analyst):
    assert send(analyst, "k1", mode="later").status_code == 422
    assert send(analyst, "k1").status_code == 202


def test_a_request_whose_first_is_under_way_is_to_wait(app, analyst, monkeypatch):
    working, go_on = threading.Event(), threading.Event()
    finish = Idempotency.finish

    def slow(self, *args, **kwargs):
        working.set()
        go_on.wait(30)
        finish(self, *args, **kwargs)

    monkeypatch.setattr(Idempotency, "finish", slow)
    client = app.test_client()
    client.environ_base = dict(analyst.environ_base)
    first = threading.Thread(target=send, args=(client, "k1"))
    first.start()
    assert working.wait(60)
    second = send(analyst, "k1")
    go_on.set()
    first.join()
    assert_problem(second, "idempotency_conflict", 409)
    assert int(second.headers["Retry-After"]) > 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schlüssel"])
def test_a_key_that_is_none_is_refused(analyst, key):
    assert_problem(send(analyst, key.encode().decode("latin-1")), "invalid_parameter", 422)


def test_after_a_day_a_key_is_free_again(analyst, clock):
    first = send(analyst, "k1")
    clock.forward(hours=25)
    assert send(analyst, "k1").headers["Location"] != first.headers["Location"]


@pytest.mark.parametrize(
    ("path", "body", "shown_once"),
    [
        ("/v1/keys", {"owner": "bi", "name": "reports", "role": "viewer"}, "key"),
        ("/v1/webhooks", {"url": "https://example.com/hook", "events": ["job.finished"]}, "secret"),
    ],
)
def test_what_is_shown_once_is_neither_shown_again_nor_kept(app, client, key_of, path, body, shown_once):
    asked = {"json": body, "headers": {"X-API-Key": key_of("admin"), "Idempotency-Key": "k1"}}
    first, again = client.post(path, **asked), client.post(path, **asked)
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 201, "true")
    assert first.get_json()[shown_once]
    assert again.get_json() == first.get_json() | {shown_once: None}
    with app.extensions["mta"].store.reading() as session:
        (kept,) = session.scalars(select(IdempotencyRow.body))
    assert first.get_json()[shown_once].encode() not in kept
