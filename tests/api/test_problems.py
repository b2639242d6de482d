"""Every failure has one shape and tells nothing of the inside."""

from datetime import datetime

import pytest

from api.problems import CODES


def assert_problem(response, code, status):
    body = response.get_json()
    assert response.status_code == status, body
    assert response.content_type == "application/json"
    assert body["error"] == code
    assert body["message"]
    assert body["details"]["suggestion"]
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert datetime.fromisoformat(body["timestamp"]).utcoffset().total_seconds() == 0
    assert response.headers["Cache-Control"] == "no-store"
    return body


def test_a_route_that_is_not_there_is_a_problem(client):
    assert_problem(client.get("/v1/nothing"), "not_found", 404)


def test_a_method_that_a_route_lacks_is_a_problem_that_names_those_it_has(client):
    response = client.delete("/health/live")
    assert_problem(response, "method_not_allowed", 405)
    assert "GET" in response.headers["Allow"]


def test_a_fault_of_ours_is_logged_and_not_told(app, caplog):
    def broken():
        raise RuntimeError("the password is in /etc/secret")

    app.view_functions["health.live"] = broken
    body = assert_problem(app.test_client().get("/health/live"), "internal_error", 500)
    assert "password" not in str(body)
    assert "the password is in /etc/secret" in caplog.text


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_when_it_comes_and_what_to_do(code):
    assert CODES[code].status in range(400, 600)
    assert CODES[code].when.endswith(".")
    assert CODES[code].remedy.endswith(".")


def test_a_request_keeps_the_id_that_its_client_gave_it(client):
    assert client.get("/health/live", headers={"X-Request-ID": "mine-1.2_3"}).headers["X-Request-ID"] == "mine-1.2_3"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "ü", ""])
def test_an_id_that_could_do_harm_in_a_log_is_replaced(client, given):
    answered = client.get("/health/live", headers={"X-Request-ID": given.encode("utf-8").decode("latin-1")}).headers["X-Request-ID"]
    assert answered != given
    assert len(answered) == 32


@pytest.mark.parametrize(
    ("body", "media", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b'{"name": NaN}', "application/json", 400, "invalid_json"),
        (b"\xff{}", "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "application/json", 400, "invalid_json"),
        (b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"[]", "application/json", 422, "invalid_parameter"),
        (b"", "application/json", 422, "invalid_parameter"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_from_one_that_lacks_something(client, key_of, body, media, status, code):
    assert_problem(client.post("/v1/keys", data=body, headers={"Content-Type": media, "X-API-Key": key_of("admin")}), code, status)


@pytest.mark.parametrize("verb", ["validate", "analyze", "calculate"])
def test_what_is_done_to_files_is_no_model(client, verb):
    response = client.get(f"/v1/attribution/{verb}")
    assert_problem(response, "method_not_allowed", 405)
    assert "GET" not in response.headers["Allow"]
