"""Every route x every role x every kind of credentials, from the application's own map of routes: a new route is tested without a line here.

A route whose address has an argument that is not in ARGUMENTS, or that needs no key and is not in OPEN, fails the build.
"""

import time
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from api import create_app
from api.application import RESOURCES
from api.services import make_services
from mta_assets.settings import ApiSettings, Settings
from mta_assets.state.access import ROLES, Scope
from mta_assets.state.job import JobFile
from mta_assets.state.jobs import Jobs
from tests.api.test_problems import assert_problem

SECRET = "s" * 64
OWNER, STRANGER = "acme", "other"
ACCESS = {endpoint: access for resource in RESOURCES for endpoint, access in resource.access.items()}
SCOPED = [endpoint for endpoint, access in ACCESS.items() if access.scope]
# Routes that ask nobody who they are: each is a decision, made here.
OPEN = {
    "documentation.openapi_json",
    "documentation.page_asset",
    "documentation.redoc_page",
    "documentation.swagger_page",
    "health.live",
    "health.ready",
    "health.show_health",
}
# What stands for the arguments of addresses; those of OWNED name an object of OWNER, made anew for each test.
ARGUMENTS = {"model": "linear", "conversion_id": "none", "key_id": "none", "name": "none", "erasure_id": "none"}
OWNED = {"job_id", "webhook_id", "delivery_id"}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    where = Settings(
        lake=str(folder / "lake"),
        landing=folder / "landing",
        uploads=folder / "uploads",
        state_url=f"sqlite:///{folder}/state.db",
        config=folder / "mta.yaml",
    )
    plenty = {"limit_failures": 10**6, "limit_address_per_minute": 10**6, "limit_total_per_minute": 10**6, "limit_per_hour": 10**6}
    services = make_services(where, ApiSettings(pepper="p" * 32, jwt_secret=SECRET, metrics_on_loopback=False, **plenty))
    yield create_app(services)
    services.close()


@pytest.fixture
def services(app):
    return app.extensions["mta"]


@pytest.fixture
def key(services):
    """Makes keys, as they are presented: of a role or of scopes, made some days ago."""

    def make(role=None, scopes=None, owner=OWNER, days_ago=0):
        return services.keys.create(owner=owner, name="matrix", role=role, scopes=scopes, now=services.now() - timedelta(days=days_ago))[1]

    return make


@pytest.fixture
def objects(services):
    """One of each thing that belongs to OWNER."""
    now = services.now()
    files = [JobFile(stored="0.csv", given="a.csv", kind="events", size_bytes=1)]
    job = Jobs(services.store).create(owner=OWNER, key_id="x", request_id="x", options={}, files=files, now=now)
    webhook, _ = services.webhooks.create(owner=OWNER, url="https://example.org/", events=["job.finished"], now=now)
    delivery = services.deliveries.ping(webhook.id, OWNER, now=now)
    return {"job_id": job.id, "webhook_id": webhook.id, "delivery_id": delivery.id}


@pytest.fixture
def ask(app, objects):
    """Ask a route with these headers, or with this key."""

    def ask(endpoint, key=None, **headers):
        rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
        unknown = rule.arguments - set(ARGUMENTS) - set(objects)
        assert not unknown, f"{endpoint}: say in ARGUMENTS or OWNED what stands for {unknown}"
        with app.test_request_context():
            path = app.url_map.bind("").build(endpoint, {name: (ARGUMENTS | objects)[name] for name in rule.arguments})
        method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
        body = {"json": {}} if method in {"POST", "PATCH"} else {}
        return app.test_client().open(path, method=method, headers=headers | ({"X-API-Key": key} if key else {}), **body)

    return ask


def other_than(key):
    return key[:-1] + ("A" if key[-1] != "A" else "B")


def token(algorithm="HS256", secret=SECRET, **claims):
    payload = {"sub": OWNER, "aud": "mta", "exp": time.time() + 600, "role": "admin"} | claims
    return f"Bearer {jwt.encode(payload, secret, algorithm=algorithm)}"


def let_in(response):
    """Whether it got past the door; whether it then found something is another question."""
    return response.status_code not in {401, 403, 429}


def test_every_route_declares_its_access_and_those_for_everybody_are_known():
    assert {endpoint for endpoint, access in ACCESS.items() if access.scope is None} == OPEN


def test_every_route_of_the_application_is_in_the_matrix(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(ACCESS)


@pytest.mark.parametrize("endpoint", sorted(OPEN))
def test_a_route_for_everybody_asks_for_no_key_and_minds_no_bad_one(ask, endpoint):
    assert let_in(ask(endpoint))
    assert let_in(ask(endpoint, "nonsense"))


@pytest.mark.parametrize("endpoint", SCOPED)
def test_without_good_credentials_nobody_gets_in(ask, key, services, endpoint):
    revoked, good = key("admin"), key("admin")
    services.keys.revoke(revoked.split("_")[1], services.now())
    nobody = ask(endpoint)
    assert_problem(nobody, "unauthenticated", 401)
    assert "WWW-Authenticate" in nobody.headers
    assert_problem(ask(endpoint, other_than(good)), "unauthenticated", 401)
    assert_problem(ask(endpoint, "mta_unknown0_" + "x" * 43), "unauthenticated", 401)
    assert_problem(ask(endpoint, "nonsense"), "unauthenticated", 401)
    assert_problem(ask(endpoint, key("admin", days_ago=31)), "key_expired", 401)
    assert_problem(ask(endpoint, revoked), "key_revoked", 401)


@pytest.fixture(scope="module")
def foreign():
    """A pair of keys that is not ours."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("endpoint", SCOPED)
def test_a_token_that_is_not_good_gets_in_nowhere(ask, foreign, endpoint):
    bad = {
        "expired": token(exp=time.time() - 600),
        "another algorithm of ours": token("HS512"),
        "a public key's algorithm": token("RS256", foreign),
        "no algorithm": token("none", ""),
        "another secret": token(secret="o" * 64),
        "another audience": token(aud="others"),
    }
    for authorization in bad.values():
        assert_problem(ask(endpoint, Authorization=authorization), "unauthenticated", 401)


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize("endpoint", SCOPED)
def test_a_role_gets_into_the_routes_of_its_scopes_only(ask, key, endpoint, role):
    """By key and by token; a token without a role may do nothing."""
    scope = ACCESS[endpoint].scope
    answers = [ask(endpoint, Authorization=token(role=role or "nobody"))] + ([ask(endpoint, key(role))] if role else [])
    for answer in answers:
        if scope in ROLES.get(role, ()):
            assert let_in(answer)
        else:
            assert assert_problem(answer, "forbidden", 403)["details"]["scope"] == scope


@pytest.mark.parametrize("endpoint", SCOPED)
def test_the_scope_of_a_route_is_needed_and_is_enough(ask, key, endpoint):
    scope = ACCESS[endpoint].scope
    assert_problem(ask(endpoint, key(scopes=set(Scope) - {scope})), "forbidden", 403)
    assert let_in(ask(endpoint, key(scopes=[scope])))


def test_another_owner_s_object_is_not_there(app, ask, key):
    owned = {rule.endpoint: rule.arguments & OWNED for rule in app.url_map.iter_rules() if rule.arguments & OWNED}
    assert set().union(*owned.values()) == OWNED
    for endpoint in owned:
        scope = ACCESS[endpoint].scope
        assert_problem(ask(endpoint, key(scopes=[scope], owner=STRANGER)), "not_found", 404)
        assert_problem(ask(endpoint, Authorization=token(sub=STRANGER, role=None, scope=str(scope))), "not_found", 404)


def test_one_s_own_object_is_there(app, ask, key):
    for endpoint in {rule.endpoint for rule in app.url_map.iter_rules() if rule.arguments & OWNED} - {"webhooks.delete_webhook"}:
        assert ask(endpoint, key(scopes=[ACCESS[endpoint].scope])).status_code not in {401, 403, 404, 429}
