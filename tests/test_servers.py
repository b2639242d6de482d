"""The Redis of the tests fails the ways that a Redis fails."""

import pytest
import redis


def test_a_redis_can_hang_die_and_come_back(redis_server):
    with redis.Redis.from_url(redis_server.url, socket_timeout=0.2, socket_connect_timeout=0.2, retry=None) as client:
        assert client.set("key", "value")
        redis_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.get("key")
        redis_server.resume()
        assert client.get("key") == b"value"
        redis_server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        redis_server.start()
        assert client.get("key") is None
