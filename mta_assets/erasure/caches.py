"""Finished answers of the API in Redis, forgotten. What its processes have in memory they forget by themselves, once an erasure has ended."""

import redis

from mta_assets.errors import MtaError

_PREFIX = "mta:cache:"
_SECONDS = 5
_AT_ONCE = 1_000


def forget(redis_url: str) -> int:
    """How many answers Redis had. Raises MtaError when it does not answer; without a URL there is none to ask."""
    if not redis_url:
        return 0
    client = redis.Redis.from_url(redis_url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    try:
        keys = list(client.scan_iter(f"{_PREFIX}*", count=_AT_ONCE))
        for start in range(0, len(keys), _AT_ONCE):
            client.unlink(*keys[start : start + _AT_ONCE])
        return len(keys)
    except redis.RedisError as error:
        raise MtaError(f"Redis does not answer ({error}), and may hold answers about the users. Start it, and run it again.") from error
    finally:
        client.close()
