"""Who calls, and whether the route lets them: keys and bearer tokens to a caller with scopes. What is not declared is refused. Limits are `limits`'."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

from flask import Flask, current_app, g, request

from api.auditing import Unknown
from api.limits import Limits
from api.problems import Problem
from api.routing import Access
from api.services import services
from api.tokens import Token, TokenVerifier
from mta_assets.state.access import Scope
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. id: of the key, or the token's subject; owner: whose jobs and files it may see; limit_per_hour: None for the default."""

    id: str
    owner: str
    scopes: frozenset[Scope]
    limit_per_hour: int | None = None


class KnownKeys:
    """Keys as a process has seen them within the last seconds, under a hash of what was presented."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._seen: dict[bytes, tuple[float, KeyRecord]] = {}

    def check(self, presented: str) -> KeyRecord | Refusal:
        """The record of a good key, or why it is refused. Refusals are not remembered: a new key works at once."""
        mark, now = hashlib.sha256(presented.encode()).digest(), time.monotonic()
        seen = self._seen.get(mark)
        if seen and seen[0] > now and seen[1].refusal(services().now()) is None:
            return seen[1]
        found = self._keys.check(presented, services().now())
        if isinstance(found, KeyRecord):
            if len(self._seen) >= MOST_RECORDS:
                self._seen.clear()
            self._seen[mark] = (now + RECORD_SECONDS, found)
        return found

    def forget(self, key_id: str) -> None:
        """Look at this key again when it comes next."""
        self._seen = {mark: seen for mark, seen in self._seen.items() if seen[1].id != key_id}


def authenticated(keys: KnownKeys, tokens: TokenVerifier) -> Caller | None:
    """The caller of this request; None when it carries no credentials. Raises Problem when they are not good, having noted why."""
    presented, bearer = request.headers.get("X-API-Key"), request.headers.get("Authorization")
    if presented is not None:
        found = keys.check(presented)
        if isinstance(found, Refusal):
            code, message = _REFUSED[found.reason]
            g.unknown = Unknown("key", found.reason, found.key_id)
            raise Problem(code=code, message=message, headers=_CHALLENGE)
        return Caller(id=found.id, owner=found.owner, scopes=found.scopes, limit_per_hour=found.limit_per_hour)
    if bearer is not None:
        token = _verified(tokens, bearer)
        return Caller(id=f"token:{token.subject}", owner=token.subject, scopes=token.scopes)
    return None


def guard(
    app: Flask, access: Mapping[str, Access], keys: KnownKeys, tokens: TokenVerifier, limits: Limits, *, open_on_loopback: bool = False
) -> None:
    """Ask every request who it is, charge its limits, and see whether its route lets it. Raises LookupError when a route declares no access.

    open_on_loopback: whether routes for the machine itself ask its callers for nothing.
    """
    undeclared = {rule.endpoint for rule in app.url_map.iter_rules()} - set(access)
    if undeclared:
        raise LookupError(f"No access is declared for {', '.join(sorted(undeclared))}.")

    app.extensions[_KNOWN] = keys

    @app.before_request
    def admit() -> None:
        g.caller = None
        needed = _NOWHERE if request.endpoint is None else access[request.endpoint]
        if needed.free or request.method == "OPTIONS":
            return
        if needed.machine and open_on_loopback and _from_this_machine():
            return
        if needed.scope is None:
            limits.charge_address()
            return
        caller = _identified(keys, tokens, limits)
        g.caller = caller
        limits.charge_caller(caller.id, caller.limit_per_hour, needed)
        if needed.scope not in caller.scopes:
            held = ", ".join(sorted(caller.scopes)) or "none"
            raise Problem(
                code="forbidden", message=f"This route needs the scope {needed.scope}; yours: {held}.", details={"scope": needed.scope}
            )


def _from_this_machine() -> bool:
    """Whether the caller itself is here, and not behind a proxy that is."""
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"))
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:  # a socket file has no address
        return False


def _identified(keys: KnownKeys, tokens: TokenVerifier, limits: Limits) -> Caller:
    """The caller. Raises Problem when there is none, having charged the address."""
    try:
        caller = authenticated(keys, tokens)
    except Problem:
        if g.get("unknown"):
            limits.charge_failure()
        raise
    if caller is None:
        g.unknown = Unknown("none", "missing")
        limits.charge_address()
        message = "This route needs an API key (X-API-Key) or a bearer token."
        raise Problem(code="unauthenticated", message=message, headers=_CHALLENGE)
    return caller


def _verified(tokens: TokenVerifier, bearer: str) -> Token:
    try:
        return tokens.verify(bearer)
    except Problem as problem:
        if problem.code == "unauthenticated":  # else the keys of tokens cannot be had, which is no failure of the caller's
            g.unknown = Unknown("token", problem.message)
        raise


def forget_key(key_id: str) -> None:
    """Have a change of this key seen at once by this process."""
    cast("KnownKeys", current_app.extensions[_KNOWN]).forget(key_id)


def caller() -> Caller:
    """Who calls: for views of routes that need a scope."""
    found: Caller = g.caller
    return found
