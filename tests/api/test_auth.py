"""Who may call what: from the map of routes, so that a new route cannot be forgotten."""

import time

import jwt
import pytest

from api import create_app
from api.application import RESOURCES
from mta_assets.state.access import ROLES
from tests.api.test_problems import assert_problem

SECRET = "s" * 32
SCOPED = [(name, access.scope) for resource in RESOURCES for name, access in resource.access.items() if access.scope]


@pytest.fixture
def call(app, client):
    """Ask a route by its endpoint, with these headers."""
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules()}

    def ask(endpoint, **headers):
        rule = rules[endpoint]
        path = str(rule.rule)
        for argument in rule.arguments:
            path = path.replace(f"<{argument}>", "linear")
        method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
        return client.open(path, method=method, headers=headers)

    return ask


@pytest.mark.parametrize(("endpoint", "scope"), SCOPED)
def test_without_a_key_nobody_gets_in(call, endpoint, scope):
    response = call(endpoint)
    assert_problem(response, "unauthenticated", 401)
    assert "WWW-Authenticate" in response.headers


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("endpoint", "scope"), SCOPED)
def test_a_role_gets_into_the_routes_of_its_scopes_only(call, key_of, endpoint, scope, role):
    response = call(endpoint, **{"X-API-Key": key_of(role)})
    if scope in ROLES[role]:
        assert response.status_code not in {401, 403}
    else:
        assert assert_problem(response, "forbidden", 403)["details"]["scope"] == scope


@pytest.mark.parametrize(("endpoint", "scope"), SCOPED)
def test_a_key_that_is_wrong_expired_or_revoked_gets_in_nowhere(app, call, key_of, clock, endpoint, scope):
    key = key_of("admin")
    assert_problem(call(endpoint, **{"X-API-Key": key[:-1] + ("A" if key[-1] != "A" else "B")}), "unauthenticated", 401)
    assert_problem(call(endpoint, **{"X-API-Key": "mta_unknown0_" + "x" * 43}), "unauthenticated", 401)
    revoked = key_of("admin")
    app.extensions["mta"].keys.revoke(revoked.split("_")[1], clock.now)
    assert_problem(call(endpoint, **{"X-API-Key": revoked}), "key_revoked", 401)
    clock.forward(days=31)
    assert_problem(call(endpoint, **{"X-API-Key": key}), "key_expired", 401)


def test_a_key_that_expires_while_it_is_known_gets_in_no_more(call, key_of, clock):
    key = {"X-API-Key": key_of("viewer")}
    assert call("attribution.list_methods", **key).status_code == 200
    clock.forward(days=31)
    assert_problem(call("attribution.list_methods", **key), "key_expired", 401)


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
