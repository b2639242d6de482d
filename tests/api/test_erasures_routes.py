"""Erasures over HTTP: asked for by who may, done by the daemon, and no answer or row of the audit log names a user."""

import pytest

import api.forgetting
from api.cache import cache
from mta_assets.erasure.erase import erase_pending
from mta_assets.erasure.places import places_of
from mta_assets.pipeline.run import run
from tests.api.test_problems import assert_problem
from tests.erasure.erasing import ANN, KEYS, NOW, land, traces

FILES = {
    "event_log/a.csv": [
        "user_id,ts,channel,conversion,conversion_id",
        f"{ANN},2024-01-01T01:00Z,email,1,o1",
        "bob,2024-01-01T01:00Z,email,1,o2",
    ]
}


@pytest.fixture
def app(make_app, monkeypatch):
    monkeypatch.setenv("MTA_PRIVACY_KEY", KEYS.current.decode())
    return make_app()


@pytest.fixture
def admin(app, key_of):
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key_of("admin", owner="data-protection")
    return client


def done_by_the_daemon(app):
    services = app.extensions["mta"]
    places = places_of(services.settings, services.config, services.store)
    return erase_pending(places, services.now)


def test_it_is_asked_for_done_and_told(app, admin, tmp_path):
    services = app.extensions["mta"]
    land(services.settings.landing, FILES)
    run(services.lake, services.config, services.models, services.settings.landing, NOW)
    asked = admin.post("/v1/erasures", json={"user_ids": [ANN]}, headers={"Idempotency-Key": "once"})
    assert asked.status_code == 202
    assert (asked.json["state"], asked.json["requested_by"], asked.json["genuine"]) == ("pending", "data-protection", None)
    assert admin.get("/v1/erasures").json["data"] == [asked.json]
    assert len(done_by_the_daemon(app)) == 1
    done = admin.get(f"/v1/erasures/{asked.json['id']}")
    assert (done.json["state"], done.json["genuine"], len(done.json["marks"])) == ("done", True, 1)
    services.trail.flush()
    assert traces(tmp_path) == []
    assert ANN not in str([asked.json, done.json])


def test_a_conversion_stands_for_its_user(app, admin, tmp_path):
    services = app.extensions["mta"]
    land(services.settings.landing, FILES)
    run(services.lake, services.config, services.models, services.settings.landing, NOW)
    assert admin.post("/v1/erasures", json={"conversion_ids": ["o1"]}).status_code == 202
    done_by_the_daemon(app)
    assert traces(tmp_path) == []


@pytest.mark.parametrize("body", [{}, {"user_ids": []}, {"user_ids": [" "]}, {"user_ids": ["x" * 1_001]}, {"user": ["x"]}])
def test_what_names_nobody_is_refused(admin, body):
    assert_problem(admin.post("/v1/erasures", json=body), "invalid_parameter", 422)


def test_an_unknown_one_is_not_found(admin):
    assert_problem(admin.get("/v1/erasures/er_none"), "not_found", 404)


def test_who_may_do_all_else_may_not_erase(app, key_of):
    answer = app.test_client().post("/v1/erasures", json={"user_ids": ["x"]}, headers={"X-API-Key": key_of("analyst")})
    assert_problem(answer, "forbidden", 403)


def test_answers_in_memory_are_forgotten_once_an_erasure_has_ended(app, admin, monkeypatch):
    monkeypatch.setattr(api.forgetting, "LOOK_SECONDS", 0.0)
    admin.get("/v1/erasures")
    with app.app_context():
        cache().set("kept", b"tells of somebody", 100)
        admin.post("/v1/erasures", json={"user_ids": ["nobody@example.org"]})
        assert cache().get("kept")
        done_by_the_daemon(app)
        admin.get("/v1/erasures")
        assert cache().get("kept") is None
