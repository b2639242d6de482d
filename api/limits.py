"""How often one may call: limits of keys, of addresses, of uploads and of all together, and the headers that tell what is left. Counting is `buckets`'."""

import ipaddress
import time
from collections.abc import Iterator

from flask import Response

from api.buckets import Buckets, Limit, Quota
from api.exchange import Caller, Exchange
from api.metrics import Metrics
from api.passage import Passage
from api.problems import Problem
from api.routing import Access
from mta_assets.settings import ApiSettings

HOUR, MINUTE = 3_600, 60
# Whoever has one address of IPv6 has the other 2^64 of its network.
_IPV6_NETWORK_BITS = 64
_REFUSED = {
    "key": "This key has made as many requests as it may in an hour.",
    "uploads": "This key has sent as many files as it may in an hour.",
    "address": "This address has made as many requests without a key as it may in a minute.",
    "total": "The server has as many requests as it takes in a minute.",
}


class Limits:
    """The limits in force. Each is charged once the caller is known, before it is decided what the caller may do."""

    def __init__(self, settings: ApiSettings, buckets: Buckets, metrics: Metrics) -> None:
        self._buckets, self._metrics = buckets, metrics
        self._key = Limit(name="key", amount=settings.limit_per_hour, seconds=HOUR)
        self._uploads = Limit(name="uploads", amount=settings.limit_uploads_per_hour, seconds=HOUR)
        self._address = Limit(name="address", amount=settings.limit_address_per_minute, seconds=MINUTE)
        self._total = Limit(name="total", amount=settings.limit_total_per_minute, seconds=MINUTE)
        blocked = settings.block_seconds
        self._failures = Limit(name="failures", amount=settings.limit_failures, seconds=blocked, block_seconds=blocked)

    def charge_caller(self, exchange: Exchange, caller: Caller, access: Access) -> None:
        """Charge the key, or the subject of the token, of this request. Raises Problem when a limit is used up."""
        own = self._key if caller.limit_per_hour is None else Limit(name="key", amount=caller.limit_per_hour, seconds=HOUR)
        self._charge(exchange, own, caller.id)
        if access.upload:
            self._charge(exchange, self._uploads, caller.id)
        self._charge(exchange, self._total, "")

    def charge_address(self, exchange: Exchange) -> None:
        """Charge the address of this request, which carries no credentials or needs none. Raises Problem when its limit is used up."""
        self._charge(exchange, self._address, network(exchange.address))
        self._charge(exchange, self._total, "")

    def charge_failure(self, exchange: Exchange) -> None:
        """Charge the address of this request, whose credentials are not good. Raises Problem once it has had too many.

        Only such requests are refused: a good key may be behind the same address.
        """
        quota = self._buckets.take(self._failures, network(exchange.address))
        if not quota.granted:
            self._metrics.limit_rejections.labels(self._failures.name).inc()
            raise Problem(
                code="address_blocked",
                message="Too many failed authentications came from this address. A good key still works.",
                retry_after=quota.reset_seconds,
            )

    def _charge(self, exchange: Exchange, limit: Limit, whose: str) -> None:
        quota = self._buckets.take(limit, whose)
        if limit is not self._total:  # how busy the server is concerns a caller only when it is too busy
            exchange.quotas.append(quota)
        if not quota.granted:
            self._metrics.limit_rejections.labels(limit.name).inc()
            message, details = _REFUSED[limit.name], {"limit": limit.name, "amount": limit.amount, "seconds": limit.seconds}
            raise Problem(code="too_many_requests", message=message, details=details, retry_after=quota.reset_seconds)


def tell_limits(passage: Passage) -> None:
    """Have every answer to a request that was charged tell what is left."""

    @passage.finish
    def add_headers(exchange: Exchange, response: Response) -> None:
        if exchange.quotas:
            response.headers.extend(list(_headers(exchange.quotas)))


def network(address: str | None) -> str:
    """Whose limit an address is charged to: its own in IPv4, its network's in IPv6."""
    if not address or ":" not in address:
        return address or ""
    try:
        known = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(known), _IPV6_NETWORK_BITS), strict=False))


def _headers(quotas: list[Quota]) -> Iterator[tuple[str, str]]:
    """Of the limit that is nearest to its end, as many servers say it, and of all as draft-ietf-httpapi-ratelimit-headers-11 does.

    X-RateLimit-Reset: seconds since 1970; t of RateLimit: seconds from now.
    """
    nearest = min(quotas, key=lambda quota: quota.remaining / quota.limit.amount)
    yield "X-RateLimit-Limit", str(nearest.limit.amount)
    yield "X-RateLimit-Remaining", str(nearest.remaining)
    yield "X-RateLimit-Reset", str(int(time.time()) + nearest.reset_seconds)
    yield "RateLimit-Policy", ", ".join(f'"{quota.limit.name}";q={quota.limit.amount};w={quota.limit.seconds}' for quota in quotas)
    yield "RateLimit", ", ".join(f'"{quota.limit.name}";r={quota.remaining};t={quota.reset_seconds}' for quota in quotas)
