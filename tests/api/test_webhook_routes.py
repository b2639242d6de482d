"""Subscriptions over HTTP: whose they are, what they say of their deliveries, and the secret that is shown once."""

import pytest

from mta_assets.state.webhooks import Event
from tests.api.test_problems import assert_problem

HOOK = {"url": "https://example.org/hook", "events": ["job.finished"]}


@pytest.fixture
def caller(app, clock):
    """A client of an owner who may subscribe and nothing else."""

    def make(owner):
        key = app.extensions["mta"].keys.create(owner=owner, name="test", scopes=["webhooks:write"], now=clock.now)[1]
        client = app.test_client()
        client.environ_base["HTTP_X_API_KEY"] = key
        return client

    return make


def test_a_subscription_is_made_and_its_secret_shown_once(caller):
    client = caller("acme")
    made = client.post("/v1/webhooks", json=HOOK)
    assert made.status_code == 201
    hook = made.get_json()
    assert hook["secret"].startswith("whsec_")
    assert (hook["owner"], hook["url"], hook["events"], hook["active"]) == ("acme", HOOK["url"], ["job.finished"], True)
    kept = client.get(f"/v1/webhooks/{hook['id']}").get_json()
    assert kept == {name: value for name, value in hook.items() if name != "secret"}
    assert client.get("/v1/webhooks").get_json() == {"data": [kept], "next_cursor": None}


def test_a_subscription_is_changed_and_removed(caller):
    client = caller("acme")
    where = f"/v1/webhooks/{client.post('/v1/webhooks', json=HOOK).get_json()['id']}"
    changed = client.patch(where, json={"active": False, "events": ["check.failed", "results.updated"]}).get_json()
    assert (changed["active"], changed["events"], changed["url"]) == (False, ["check.failed", "results.updated"], HOOK["url"])
    removed = client.delete(where)
    assert (removed.status_code, removed.data) == (204, b"")
    assert_problem(client.get(where), "not_found", 404)


def test_what_was_sent_is_listed_and_sent_again_when_asked(app, caller, clock):
    client, deliveries = caller("acme"), app.extensions["mta"].deliveries
    where = f"/v1/webhooks/{client.post('/v1/webhooks', json=HOOK).get_json()['id']}"
    ping = client.post(f"{where}/ping")
    assert (ping.status_code, ping.get_json()["event"], ping.get_json()["state"]) == (202, "ping", "pending")
    deliveries.enqueue("e1", Event.JOB_FINISHED, {"n": 1}, now=clock.now)
    for parcel in deliveries.due(clock.now):
        deliveries.record(parcel.delivery.id, delivered=parcel.delivery.kind == Event.PING, http_status=200, now=clock.now)
    sent = client.get(f"{where}/deliveries?state=sent").get_json()["data"]
    assert [(entry["id"], entry["http_status"], entry["tries"]) for entry in sent] == [(ping.get_json()["id"], 200, 1)]
    again = client.post(f"{where}/deliveries/{sent[0]['id']}/redeliver")
    assert (again.status_code, again.get_json()["state"]) == (202, "pending")
    assert_problem(client.post(f"{where}/deliveries/{sent[0]['id']}/redeliver"), "conflict", 409)
    first = client.get(f"{where}/deliveries?limit=1").get_json()
    second = client.get(f"{where}/deliveries?limit=1&cursor={first['next_cursor']}").get_json()
    assert [entry["event"] for entry in first["data"] + second["data"]] == ["job.finished", "ping"]


def test_the_subscription_of_another_owner_is_not_there_but_for_administrators(caller, client, key_of, app, clock):
    mine, other = caller("acme"), caller("other")
    where = f"/v1/webhooks/{mine.post('/v1/webhooks', json=HOOK).get_json()['id']}"
    ping = mine.post(f"{where}/ping").get_json()["id"]
    for answer in (
        other.get(where),
        other.patch(where, json={"active": False}),
        other.delete(where),
        other.post(f"{where}/ping"),
        other.get(f"{where}/deliveries"),
        other.post(f"{where}/deliveries/{ping}/redeliver"),
    ):
        assert_problem(answer, "not_found", 404)
    assert other.get("/v1/webhooks").get_json()["data"] == []
    assert client.get(where, headers={"X-API-Key": key_of("admin")}).status_code == 200


def test_a_delivery_is_found_under_its_own_subscription_only(app, caller, clock):
    client, deliveries = caller("acme"), app.extensions["mta"].deliveries
    first, second = (f"/v1/webhooks/{client.post('/v1/webhooks', json=HOOK).get_json()['id']}" for _ in range(2))
    ping = client.post(f"{first}/ping").get_json()["id"]
    deliveries.record(ping, delivered=True, now=clock.now)
    assert_problem(client.post(f"{second}/deliveries/{ping}/redeliver"), "not_found", 404)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": "ftp://example.org"}, "http(s)"),
        ({"url": "https://u:p@example.org/"}, "user name"),
        ({"url": "http://h/" + "x" * 2_000}, "url"),
        ({"events": []}, "events"),
        ({"events": ["job.done"]}, "events"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused_in_words(caller, wrong, says):
    assert says in assert_problem(caller("acme").post("/v1/webhooks", json=HOOK | wrong), "invalid_parameter", 422)["message"]


def test_what_was_done_to_subscriptions_is_in_the_audit_log(app, caller, client, key_of):
    made = caller("acme").post("/v1/webhooks", json=HOOK).get_json()
    app.extensions["mta"].trail.flush()
    (row,) = client.get("/v1/audit?kind=webhook", headers={"X-API-Key": key_of("admin")}).get_json()["data"]
    assert (row["action"], row["subject"], row["owner"]) == ("webhooks.create_webhook", made["id"], "acme")
    assert made["secret"] not in str(row)
