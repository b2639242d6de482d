"""How often one may call, what is told of it, and who is blocked."""

import time

import pytest

from api.limits import network
from tests.api.test_problems import assert_problem

METHODS = "/v1/attribution/methods"
WRONG = {"X-API-Key": "mta_unknown0_" + "x" * 43}


@pytest.fixture(params=["memory", "redis"])
def limited(request, make_app):
    """Makes applications whose limits are counted in memory or in Redis."""
    where = {"redis_url": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    return lambda **settings: make_app(**where, **settings)


@pytest.fixture
def key_for(clock):
    def make(app, role="viewer", **more):
        return {"X-API-Key": app.extensions["mta"].keys.create(owner=role, name="test", role=role, now=clock.now, **more)[1]}

    return make


def statuses(client, times, path=METHODS, **how):
    return [client.get(path, **how).status_code for _ in range(times)]


def test_a_key_makes_as_many_requests_as_its_limit_has_and_is_told_how_many_are_left(limited, key_for):
    app = limited(limit_per_hour=3)
    key, client = key_for(app), app.test_client()
    first = client.get(METHODS, headers=key)
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("3", "2")
    assert first.headers["RateLimit-Policy"] == '"key";q=3;w=3600'
    assert first.headers["RateLimit"].startswith('"key";r=2;t=3')
    assert statuses(client, 2, headers=key) == [200, 200]
    refused = client.get(METHODS, headers=key)
    problem = assert_problem(refused, "too_many_requests", 429)
    assert 3_500 < problem["retry_after"] <= 3_600
    assert refused.headers["Retry-After"] == str(problem["retry_after"])
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert statuses(client, 1, headers=key_for(app)) == [200]


def test_the_time_at_which_a_limit_is_whole_again_is_told_in_both_ways(limited, key_for):
    app = limited()
    answer = app.test_client().get(METHODS, headers=key_for(app))
    seconds = int(answer.headers["RateLimit"].rpartition("t=")[2])
    assert 0 < seconds <= 3_600
    assert int(answer.headers["X-RateLimit-Reset"]) > 1_700_000_000


def test_a_key_may_have_a_limit_of_its_own(limited, key_for):
    app = limited(limit_per_hour=1)
    assert statuses(app.test_client(), 4, headers=key_for(app, limit_per_hour=3)) == [200, 200, 200, 429]


def test_all_together_have_a_limit(limited, key_for):
    app = limited(limit_total_per_minute=2)
    client = app.test_client()
    assert [statuses(client, 1, headers=key_for(app)) for _ in range(3)] == [[200], [200], [429]]


def test_what_is_forbidden_or_not_there_is_charged_too(limited, key_for):
    app = limited(limit_per_hour=2, limit_address_per_minute=2)
    nobody = {
        "X-API-Key": app.extensions["mta"].keys.create(owner="x", name="x", scopes=["audit:read"], now=app.extensions["mta"].now())[1]
    }
    assert statuses(app.test_client(), 3, headers=nobody) == [403, 403, 429]
    assert statuses(app.test_client(), 3, path="/nothing") == [404, 404, 429]


def test_an_address_without_a_key_has_a_limit_that_a_key_behind_it_does_not_share(limited, key_for):
    app = limited(limit_address_per_minute=2)
    client = app.test_client()
    assert statuses(client, 3) == [401, 401, 429]
    assert statuses(client, 3, environ_base={"REMOTE_ADDR": "10.0.0.2"}) == [401, 401, 429]
    assert statuses(client, 3, headers=key_for(app)) == [200, 200, 200]


def test_liveness_and_preflights_are_free(limited):
    app = limited(limit_address_per_minute=1, limit_total_per_minute=1)
    client = app.test_client()
    assert statuses(client, 4, path="/health/live") == [200] * 4
    assert [client.options(METHODS).status_code for _ in range(4)] == [200] * 4
    assert "X-RateLimit-Limit" not in client.get("/health/live").headers


def test_repeated_failures_block_the_address_for_a_while_and_a_good_key_behind_it_still_works(limited, key_for):
    app = limited(limit_failures=3, block_seconds=60)
    client = app.test_client()
    assert statuses(client, 3, headers=WRONG) == [401] * 3
    blocked = client.get(METHODS, headers={"Authorization": "Bearer nonsense"})
    problem = assert_problem(blocked, "address_blocked", 429)
    assert 55 < problem["retry_after"] <= 60
    assert blocked.headers["Retry-After"] == str(problem["retry_after"])
    assert statuses(client, 2, headers=key_for(app)) == [200, 200]
    assert statuses(client, 1, headers=WRONG, environ_base={"REMOTE_ADDR": "10.0.0.2"}) == [401]


def test_a_block_ends(limited):
    client = limited(limit_failures=1, block_seconds=1).test_client()
    assert statuses(client, 2, headers=WRONG) == [401, 429]
    time.sleep(1.05)
    assert statuses(client, 1, headers=WRONG) == [401]


def test_good_keys_are_never_charged_as_failures(limited, key_for):
    app = limited(limit_failures=1)
    assert statuses(app.test_client(), 5, headers=key_for(app)) == [200] * 5


def test_processes_share_limits_and_blocks_by_redis(make_app, redis_url, key_for):
    first, second = (make_app(redis_url=redis_url, limit_per_hour=3, limit_failures=2) for _ in range(2))
    key = key_for(first)
    assert statuses(first.test_client(), 2, headers=key) + statuses(second.test_client(), 2, headers=key) == [200, 200, 200, 429]
    assert statuses(first.test_client(), 2, headers=WRONG) + statuses(second.test_client(), 1, headers=WRONG) == [401, 401, 429]


def test_limits_go_on_when_redis_goes_away(make_app, redis_server, key_for):
    app = make_app(redis_url=redis_server.url, limit_per_hour=4)
    client, key = app.test_client(), key_for(app)
    assert statuses(client, 2, headers=key) == [200, 200]
    redis_server.stop()
    assert statuses(client, 3, headers=key) == [200, 200, 429]


@pytest.mark.parametrize(
    ("address", "charged"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
    ],
)
def test_an_address_of_ipv6_is_charged_to_its_network(address, charged):
    assert network(address) == charged


def test_files_have_a_smaller_limit_that_other_requests_do_not_share(limited, key_for):
    app = limited(limit_uploads_per_hour=2)
    client, key = app.test_client(), key_for(app, "analyst")
    answers = [client.post("/v1/attribution/validate", data=b"", headers=key) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    problem = assert_problem(answers[2], "too_many_requests", 429)
    assert problem["details"]["limit"] == "uploads"
    assert answers[0].headers["X-RateLimit-Limit"] == "2"
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=1000;w=3600, "uploads";q=2;w=3600'
    assert statuses(client, 1, headers=key) == [200]
