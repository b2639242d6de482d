"""Who calls, and whether the route lets them: keys and bearer tokens to a caller with scopes. What is not declared is refused. Limits are `limits`'."""

import hashlib
import time
from collections.abc import Mapping
from ipaddress import ip_address
from typing import cast

from flask import Flask, current_app

from api.exchange import Caller, Exchange, Unknown
from api.limits import Limits
from api.passage import Passage
from api.problems import Problem
from api.routing import Access
from api.services import Clock
from api.tokens import Token, TokenVerifier
from mta_assets.state.keys import KeyRecord, Keys, Reason, Refusal

# A revoked key may work this much longer in a process that has just seen it.
RECORD_SECONDS = 2.0
_KNOWN = "mta-known-keys"
MOST_RECORDS = 10_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mta", ApiKey header="X-API-Key"'}
# A path that leads nowhere, or a method that there is not: routing answers, to everybody.
_NOWHERE = Access(scope=None)
_REFUSED: Mapping[Reason, tuple[str, str]] = {
    Reason.UNKNOWN: ("unauthenticated", "This API key is not known."),
    Reason.WRONG: ("unauthenticated", "This API key is not known."),  # as the unknown: which half was right is nobody's business
    Reason.EXPIRED: ("key_expired", "This API key has expired."),
    Reason.REVOKED: ("key_revoked", "This API key was revoked."),
}


class KnownKeys:
    """Keys as a process has seen them within the last seconds, under a hash of what was presented."""

    def __init__(self, keys: Keys, now: Clock) -> None:
        self._keys, self._now = keys, now
        self._seen: dict[bytes, tuple[float, KeyRecord]] = {}

    def check(self, presented: str) -> KeyRecord | Refusal:
        """The record of a good key, or why it is refused. Refusals are not remembered: a new key works at once."""
        mark, now = hashlib.sha256(presented.encode()).digest(), time.monotonic()
        seen = self._seen.get(mark)
        if seen and seen[0] > now and seen[1].refusal(self._now()) is None:
            return seen[1]
        found = self._keys.check(presented, self._now())
        if isinstance(found, KeyRecord):
            if len(self._seen) >= MOST_RECORDS:
                self._seen.clear()
            self._seen[mark] = (now + RECORD_SECONDS, found)
        return found

    def forget(self, key_id: str) -> None:
        """Look at this key again when it comes next."""
        self._seen = {mark: seen for mark, seen in self._seen.items() if seen[1].id != key_id}


def authenticated(exchange: Exchange, keys: KnownKeys, tokens: TokenVerifier) -> Caller | None:
    """The caller of this request; None when it carries no credentials. Raises Problem when they are not good, having noted why."""
    presented, bearer = exchange.header("X-API-Key"), exchange.header("Authorization")
    if presented is not None:
        found = keys.check(presented)
        if isinstance(found, Refusal):
            code, message = _REFUSED[found.reason]
            exchange.unknown = Unknown("key", found.reason, found.key_id)
            raise Problem(code=code, message=message, headers=_CHALLENGE)
        return Caller(id=found.id, owner=found.owner, scopes=found.scopes, limit_per_hour=found.limit_per_hour)
    if bearer is not None:
        token = _verified(exchange, tokens, bearer)
        return Caller(id=f"token:{token.subject}", owner=token.subject, scopes=token.scopes)
    return None


def guard(
    passage: Passage,
    app: Flask,
    access: Mapping[str, Access],
    keys: KnownKeys,
    tokens: TokenVerifier,
    limits: Limits,
    *,
    open_on_loopback: bool = False,
) -> None:
    """Ask every request who it is, charge its limits, and see whether its route lets it. Raises LookupError when a route declares no access.

    open_on_loopback: whether routes for the machine itself ask its callers for nothing.
    """
    undeclared = {rule.endpoint for rule in app.url_map.iter_rules()} - set(access)
    if undeclared:
        raise LookupError(f"No access is declared for {', '.join(sorted(undeclared))}.")

    app.extensions[_KNOWN] = keys

    @passage.begin
    def admit(exchange: Exchange) -> None:
        endpoint = exchange.place.endpoint
        needed = _NOWHERE if endpoint is None else access[endpoint]
        if needed.free or exchange.method == "OPTIONS":
            return
        if needed.machine and open_on_loopback and _from_this_machine(exchange):
            return
        if needed.scope is None:
            limits.charge_address(exchange)
            return
        caller = exchange.caller = _identified(exchange, keys, tokens, limits)
        limits.charge_caller(exchange, caller, needed)
        if needed.scope not in caller.scopes:
            held = ", ".join(sorted(caller.scopes)) or "none"
            raise Problem(
                code="forbidden", message=f"This route needs the scope {needed.scope}; yours: {held}.", details={"scope": needed.scope}
            )


def _from_this_machine(exchange: Exchange) -> bool:
    """Whether the caller itself is here, and not behind a proxy that is."""
    forwarded = any(exchange.header(name) is not None for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"))
    try:
        return not forwarded and ip_address(exchange.address or "").is_loopback
    except ValueError:  # a socket file has no address
        return False


def _identified(exchange: Exchange, keys: KnownKeys, tokens: TokenVerifier, limits: Limits) -> Caller:
    """The caller. Raises Problem when there is none, having charged the address."""
    try:
        caller = authenticated(exchange, keys, tokens)
    except Problem:
        if exchange.unknown:
            limits.charge_failure(exchange)
        raise
    if caller is None:
        exchange.unknown = Unknown("none", "missing")
        limits.charge_address(exchange)
        message = "This route needs an API key (X-API-Key) or a bearer token."
        raise Problem(code="unauthenticated", message=message, headers=_CHALLENGE)
    return caller


def _verified(exchange: Exchange, tokens: TokenVerifier, bearer: str) -> Token:
    try:
        return tokens.verify(bearer)
    except Problem as problem:
        if problem.code == "unauthenticated":  # else the keys of tokens cannot be had, which is no failure of the caller's
            exchange.unknown = Unknown("token", problem.message)
        raise


def forget_key(key_id: str) -> None:
    """Have a change of this key seen at once by this process."""
    cast("KnownKeys", current_app.extensions[_KNOWN]).forget(key_id)
