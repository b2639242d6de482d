"""What keys and tokens are worth. Which route asks for what is `test_access_matrix`'s."""

import time

import jwt
import pytest

from api import create_app
from api.application import RESOURCES
from tests.api.test_problems import assert_problem

SECRET = "s" * 32


def test_a_key_that_expires_while_it_is_known_gets_in_no_more(client, key_of, clock):
    key = {"X-API-Key": key_of("viewer")}
    assert client.get("/v1/attribution/methods", headers=key).status_code == 200
    clock.forward(days=31)
    assert_problem(client.get("/v1/attribution/methods", headers=key), "key_expired", 401)


def test_a_route_that_declares_no_scope_keeps_the_application_from_being_made(app, monkeypatch):
    monkeypatch.delitem(RESOURCES[0].access, next(iter(RESOURCES[0].access)))
    with pytest.raises(LookupError, match="No access is declared"):
        create_app(app.extensions["mta"])


def token(**claims):
    payload = {"sub": "bi-team", "aud": "mta", "exp": time.time() + 60} | claims
    return jwt.encode({name: value for name, value in payload.items() if value is not None}, SECRET, algorithm="HS256")


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def test_a_token_with_a_role_gets_in(make_app):
    client = make_app(jwt_secret=SECRET).test_client()
    assert client.get("/v1/attribution/methods", headers=bearer(token(role="viewer"))).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        token(role="viewer", exp=time.time() - 120),
        token(role="viewer", aud="others"),
        token(role="viewer", sub=None),
        token(role="viewer", exp=None),
        jwt.encode({"sub": "x", "aud": "mta", "exp": time.time() + 60, "role": "admin"}, "", algorithm="none"),
        jwt.encode({"sub": "x", "aud": "mta", "exp": time.time() + 60, "role": "admin"}, "o" * 32, algorithm="HS256"),
        "nonsense",
    ],
    ids=["expired", "other audience", "no subject", "no expiry", "no algorithm", "other secret", "no token"],
)
def test_a_token_that_is_not_ours_gets_in_nowhere(make_app, text):
    client = make_app(jwt_secret=SECRET).test_client()
    assert_problem(client.get("/v1/attribution/methods", headers=bearer(text)), "unauthenticated", 401)


def test_a_token_without_scopes_is_forbidden(make_app):
    client = make_app(jwt_secret=SECRET).test_client()
    assert_problem(client.get("/v1/attribution/methods", headers=bearer(token(role="nobody"))), "forbidden", 403)


def test_without_a_secret_no_token_is_believed(make_app):
    client = make_app().test_client()
    assert_problem(client.get("/v1/attribution/methods", headers=bearer(token(role="admin"))), "unauthenticated", 401)
