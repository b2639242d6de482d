"""Keys over HTTP: shown once, listed, rotated with overlap, revoked, and never more than the caller may do."""

import pytest

from tests.api.test_problems import assert_problem

METHODS = "/v1/attribution/methods"
WANTED = {"owner": "bi", "name": "nightly report", "role": "viewer"}


@pytest.fixture
def admin(app, client, key_of):
    client.environ_base["HTTP_X_API_KEY"] = key_of("admin")
    return client


def works(client, key):
    return client.get(METHODS, headers={"X-API-Key": key}).status_code == 200


def test_a_key_is_made_shown_once_and_works(admin):
    made = admin.post("/v1/keys", json=WANTED)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    key = made.get_json()
    assert works(admin, key["key"])
    kept = admin.get(f"/v1/keys/{key['id']}").get_json()
    assert "key" not in kept
    assert (kept["owner"], kept["role"], kept["scopes"], kept["state"]) == ("bi", "viewer", ["health:read", "results:read"], "valid")
    assert key["key"].split("_", 2)[2] not in admin.get("/v1/keys").get_data(as_text=True)


def test_a_key_lives_thirty_days_unless_told_otherwise(admin, clock):
    days = [admin.post("/v1/keys", json=WANTED | more).get_json() for more in ({}, {"lifetime_days": 1})]
    keys = [each["key"] for each in days]
    clock.forward(days=2)
    assert [works(admin, key) for key in keys] == [True, False]
    clock.forward(days=27, hours=23)
    assert works(admin, keys[0])
    clock.forward(hours=2)
    assert not works(admin, keys[0])


def test_a_key_has_scopes_and_a_limit_of_its_own(admin):
    made = admin.post("/v1/keys", json={"owner": "bi", "name": "x", "scopes": ["results:read"], "limit_per_hour": 2}).get_json()
    answer = admin.get(METHODS, headers={"X-API-Key": made["key"]})
    assert (made["role"], made["scopes"], answer.headers["X-RateLimit-Limit"]) == (None, ["results:read"], "2")


def test_keys_are_listed_in_pages_the_newest_first(admin):
    made = [admin.post("/v1/keys", json=WANTED).get_json()["id"] for _ in range(3)]
    first = admin.get("/v1/keys?limit=2").get_json()
    second = admin.get(f"/v1/keys?limit=2&cursor={first['next_cursor']}").get_json()
    assert [key["id"] for key in first["data"] + second["data"]][:3] == made[::-1]
    assert second["next_cursor"] is None
    assert_problem(admin.get("/v1/keys?cursor=x"), "invalid_parameter", 422)


def test_a_rotated_key_works_on_until_its_overlap_ends(admin, clock):
    old = admin.post("/v1/keys", json=WANTED).get_json()
    new = admin.post(f"/v1/keys/{old['id']}/rotate", json={"overlap_hours": 2})
    assert new.status_code == 201
    assert works(admin, old["key"])
    assert works(admin, new.get_json()["key"])
    clock.forward(hours=2, seconds=1)
    assert (works(admin, old["key"]), works(admin, new.get_json()["key"])) == (False, True)
    assert admin.get(f"/v1/keys/{old['id']}").get_json()["replaced_by"] == new.get_json()["id"]
    assert_problem(admin.post(f"/v1/keys/{old['id']}/rotate", json={}), "conflict", 409)


def test_a_key_rotated_without_overlap_or_revoked_gets_in_no_more_at_once(admin):
    for end in (lambda id_: admin.post(f"/v1/keys/{id_}/rotate", json={"overlap_hours": 0}), lambda id_: admin.delete(f"/v1/keys/{id_}")):
        key = admin.post("/v1/keys", json=WANTED).get_json()
        assert works(admin, key["key"])
        assert end(key["id"]).status_code in {200, 201}
        assert not works(admin, key["key"])


def test_nobody_grants_what_they_may_not_do(app, client, key_of, clock):
    keys = app.extensions["mta"].keys
    strong = key_of("admin").split("_")[1]
    narrow = keys.create(owner="x", name="x", scopes=["keys:admin", "results:read"], now=clock.now)[1]
    client.environ_base["HTTP_X_API_KEY"] = narrow
    refused = assert_problem(client.post("/v1/keys", json=WANTED | {"role": "admin"}), "forbidden", 403)
    assert "audit:read" in refused["details"]["scopes"]
    assert_problem(client.post("/v1/keys", json={"owner": "x", "name": "x", "scopes": ["journeys:read"]}), "forbidden", 403)
    assert_problem(client.post(f"/v1/keys/{strong}/rotate", json={}), "forbidden", 403)
    assert client.post("/v1/keys", json={"owner": "x", "name": "x", "scopes": ["results:read"]}).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner": ""}, "owner"),
        ({"owner": "a\nb"}, "printable"),
        ({"role": "king"}, "role"),
        ({"role": None}, "either a role"),
        ({"scopes": ["results:read"]}, "either a role"),
        ({"role": None, "scopes": []}, "scopes"),
        ({"lifetime_days": 0}, "lifetime_days"),
        ({"lifetime_days": 10**9}, "lifetime_days"),
        ({"limit_per_hour": 0}, "limit_per_hour"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(admin, wrong, field):
    problem = assert_problem(admin.post("/v1/keys", json=WANTED | wrong), "invalid_parameter", 422)
    assert field in problem["message"]


def test_a_key_that_is_not_there_is_not_found(admin):
    for answer in (admin.get("/v1/keys/nothing0"), admin.delete("/v1/keys/dev"), admin.post("/v1/keys/nothing0/rotate", json={})):
        assert_problem(answer, "not_found", 404)


def test_what_was_done_to_keys_is_in_the_audit_log_without_their_secrets(app, admin):
    made = admin.post("/v1/keys", json=WANTED, headers={"X-Request-ID": "making"}).get_json()
    admin.delete(f"/v1/keys/{made['id']}")
    app.extensions["mta"].trail.flush()
    rows = admin.get("/v1/audit?kind=key").get_json()["data"]
    assert [(row["action"], row["subject"], row["outcome"]) for row in rows] == [
        ("keys.revoke_key", made["id"], "ok"),
        ("keys.create_key", made["id"], "ok"),
    ]
    assert rows[1]["request_id"] == "making"
    assert made["key"] not in str(rows)


def test_the_audit_log_is_filtered_and_paged(app, admin, clock):
    for _ in range(3):
        admin.get(METHODS)
        clock.forward(minutes=1)
    admin.get("/v1/attribution/nothing")
    app.extensions["mta"].trail.flush()

    def rows(**query):
        return admin.get("/v1/audit", query_string=query).get_json()["data"]

    assert len(rows(outcome="ok")) == 3
    assert [row["subject"] for row in rows(outcome="unknown_model")] == ["nothing"]
    assert len(rows(kind="data", since=(clock.now).isoformat())) == 1
    assert rows(owner="nobody") == []
    first = admin.get("/v1/audit?limit=2").get_json()
    rest = admin.get(f"/v1/audit?cursor={first['next_cursor']}&limit=1000").get_json()
    assert len(first["data"]) == 2
    assert len(rest["data"]) >= 2
    assert_problem(admin.get("/v1/audit?since=2026-03-01T00:00:00"), "invalid_parameter", 422)
    assert_problem(admin.get("/v1/audit?kind=everything"), "invalid_parameter", 422)


@pytest.mark.parametrize(("hours", "status"), [(2.0, 201), (False, 422), ("2", 422), (2.5, 422)])
def test_a_whole_number_is_no_text_and_no_truth(admin, hours, status):
    made = admin.post("/v1/keys", json={"owner": "bi", "name": "x", "role": "viewer"}).get_json()
    assert admin.post(f"/v1/keys/{made['id']}/rotate", json={"overlap_hours": hours}).status_code == status
