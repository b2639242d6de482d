"""What is left of a limit is counted once for all processes while Redis is there, in each of them while it is not, and never exceeded."""

import time

import pytest

from api.buckets import Buckets, Limit
from api.redis_link import RedisLink

HOURLY = Limit(name="key", amount=1_000, seconds=3_600)
FEW = Limit(name="key", amount=5, seconds=3_600)


@pytest.fixture(params=["memory", "redis"])
def buckets(request):
    return Buckets(RedisLink.to(request.getfixturevalue("redis_url")) if request.param == "redis" else None)


def granted(buckets, limit, whose="a", times=1):
    return sum(buckets.take(limit, whose).granted for _ in range(times))


def test_as_many_requests_as_the_limit_has_are_granted(buckets):
    left = [buckets.take(FEW, "a").remaining for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    refused = buckets.take(FEW, "a")
    assert (refused.granted, refused.remaining) == (False, 0)
    assert 3_590 <= refused.reset_seconds <= 3_600


def test_one_caller_s_requests_are_not_another_s(buckets):
    assert granted(buckets, FEW, "a", times=9) == 5
    assert granted(buckets, FEW, "b", times=9) == 5
    assert granted(buckets, Limit(name="uploads", amount=2, seconds=60), "a", times=9) == 2


def test_a_window_ends(buckets):
    short = Limit(name="key", amount=2, seconds=1)
    assert granted(buckets, short, times=4) == 2
    time.sleep(1.05)
    assert granted(buckets, short, times=4) == 2


def test_what_blocks_is_blocked_from_the_last_request_on(buckets):
    blocking = Limit(name="failures", amount=2, seconds=2, block_seconds=60)
    assert granted(buckets, blocking, times=2) == 2
    assert buckets.take(blocking, "a").reset_seconds > 50


def test_processes_share_a_limit_and_never_exceed_it(redis_url):
    workers = [Buckets(RedisLink.to(redis_url)) for _ in range(3)]
    granted_of_all = sum(granted(workers[n % 3], HOURLY) for n in range(1_500))
    assert granted_of_all == 1_000


def test_a_caller_that_moves_to_another_process_loses_two_percent_at_most(redis_url):
    first, second = Buckets(RedisLink.to(redis_url)), Buckets(RedisLink.to(redis_url))
    assert granted(first, HOURLY) == 1
    assert granted(second, HOURLY, times=1_500) >= 980


def test_most_requests_ask_redis_nothing(redis_url):
    link = RedisLink.to(redis_url)
    buckets, limit = Buckets(link), Limit(name="key", amount=100_000, seconds=3_600)
    before = link.client.info("commandstats")
    granted(buckets, limit, times=1_000)
    after = link.client.info("commandstats")
    assert "cmdstat_evalsha" not in before
    assert after["cmdstat_evalsha"]["calls"] <= 1_000 / 50 + 2


def test_while_redis_is_away_each_process_goes_on_with_what_was_left(redis_server):
    buckets = Buckets(RedisLink.to(redis_server.url))
    assert granted(buckets, FEW, times=3) == 3
    redis_server.stop()
    assert granted(buckets, FEW, times=9) == 2
    assert granted(buckets, FEW, "new", times=9) == 5


def test_a_redis_that_hangs_is_asked_once_in_a_while_only(redis_server):
    buckets = Buckets(RedisLink.to(redis_server.url))
    granted(buckets, FEW)
    redis_server.pause()
    began = time.monotonic()
    assert granted(buckets, HOURLY, "new", times=200) == 200
    assert time.monotonic() - began < 1
    redis_server.resume()


def test_when_redis_is_back_it_counts_again(redis_server, monkeypatch):
    monkeypatch.setattr("api.redis_link.OPEN_SECONDS", 0.0)
    link = RedisLink.to(redis_server.url)
    redis_server.stop()
    assert granted(Buckets(link), FEW, times=9) == 5
    redis_server.start()
    assert granted(Buckets(link), FEW, times=9) == 5
    assert link.client.exists("mta:limit:window:key:a")
