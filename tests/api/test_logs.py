"""What the API writes to its log of requests, and whom it names."""

import pytest

KEY = "X-API-Key"


def requests_in(logs):
    return [(line["method"], line["route"], line["status"]) for line in logs("performance") if line["event"] == "request"]


def test_where_all_requests_are_logged_each_leaves_one_line_with_its_id_and_never_its_path_or_key(make_app, logs, monkeypatch):
    monkeypatch.setenv("MTA_LOG_REQUESTS", "all")
    client = make_app().test_client()
    client.get("/v1/attribution/linear", headers={KEY: "dev-api-key", "X-Request-ID": "req-1"}, query_string={"goal": "hidden"})
    client.get("/v1/nowhere")
    assert requests_in(logs) == [("GET", "/v1/attribution/<model_name:model>", 200), ("GET", None, 404)]
    first = logs("performance")[0]
    assert (first["correlation_id"], first["cache"]) == ("req-1", "MISS")
    assert first["ms"] > 0
    assert not any(word in str(logs("performance")) for word in ("hidden", "nowhere", "dev-api-key"))


@pytest.mark.parametrize(("setting", "slow_ms", "lines"), [("none", "0", 0), ("slow", "60000", 0), ("slow", "0", 1)])
def test_which_requests_are_logged_is_a_setting(make_app, logs, monkeypatch, setting, slow_ms, lines):
    monkeypatch.setenv("MTA_LOG_REQUESTS", setting)
    monkeypatch.setenv("MTA_LOG_SLOW_MS", slow_ms)
    make_app().test_client().get("/v1/attribution/methods", headers={KEY: "dev-api-key"})
    assert len(requests_in(logs)) == lines


def test_failed_authentications_and_refusals_are_in_the_security_stream_with_address_and_public_key_id(client, key_of, logs):
    good = key_of("viewer")
    wrong = good[:-6] + "000000"
    for key in (wrong, "mta_nobody12_" + "x" * 43, "nonsense"):
        client.get("/v1/attribution/linear", headers={KEY: key, "X-Request-ID": "req-2"})
    client.get("/v1/attribution/linear")
    client.get("/v1/audit", headers={KEY: good})
    lines = logs("security")
    assert [(line["event"], line["outcome"]) for line in lines] == [
        ("authentication failed", "wrong"),
        ("authentication failed", "unknown"),
        ("authentication failed", "unknown"),
        ("authentication failed", "missing"),
        ("request refused", "forbidden"),
    ]
    assert {line["level"] for line in lines} == {"warning"}
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert lines[0]["key_id"] == good.split("_")[1]
    assert lines[0]["correlation_id"] == "req-2"
    assert good.split("_", 2)[2] not in str(lines)


def test_changes_of_keys_are_in_the_security_stream_without_the_key(client, key_of, logs):
    admin = {KEY: key_of("admin")}
    made = client.post("/v1/keys", json={"owner": "bi", "name": "reports", "role": "viewer"}, headers=admin).json
    client.get("/v1/keys", headers=admin)
    client.delete(f"/v1/keys/{made['id']}", headers=admin)
    lines = logs("security")
    assert [(line["event"], line["action"], line["outcome"]) for line in lines] == [
        ("access changed", "keys.create_key", "ok"),
        ("access changed", "keys.revoke_key", "ok"),
    ]
    assert made["key"].split("_", 2)[2] not in str(lines)


def test_a_fault_of_ours_is_an_error_with_its_request_and_is_logged_as_a_request_whatever_its_speed(app, client, logs, monkeypatch):
    monkeypatch.setattr("api.routes.audit.services", lambda: 1 / 0)
    answer = client.get("/v1/audit", headers={KEY: "dev-api-key"})
    assert answer.status_code == 500
    (line,) = logs("application")
    assert line["correlation_id"] == answer.json["request_id"]
    assert "ZeroDivisionError" in line["exception"]
    assert requests_in(logs) == [("GET", "/v1/audit", 500)]
