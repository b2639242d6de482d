"""How requests go out and come back: keys, tries, waiting as the server asks, problems as exceptions. It knows no route."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

import httpx

from mta_assets.client.errors import ApiProblem, UnreachableError

# Refusals that time heals. A POST is tried again as well: its Idempotency-Key keeps it from being done twice.
PASSING: Final = frozenset({"too_many_requests", "too_many_analyses", "unavailable", "request_timeout"})
JSON: Final = "application/json"
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 60.0

Query = Mapping[str, object]
# Opens the parts of a form, anew for every try; what it opens is closed when the try is over.
Parts = Callable[[ExitStack], Any]


@dataclass(kw_only=True)
class Transport:
    """Requests to one server with one key. tries: of a request in all; patience_seconds: the longest wait that the server may ask for.

    sleep: what waits; tests pass their own.
    """

    http: httpx.Client
    tries: int = 4
    patience_seconds: float = 120.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def json(self, method: str, path: str, query: Query | None = None, body: object = None, files: Parts | None = None) -> Any:  # noqa: ANN401  JSON
        """What the answer says; None when it has no body. files: opens the parts of a form."""
        response = self.send(method, path, query, body, files, accept=JSON)
        return response.json() if response.content else None

    def send(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        files: Parts | None = None,
        accept: str = JSON,
    ) -> httpx.Response:
        """The answer. Raises ApiProblem when it is a refusal that does not pass, UnreachableError when there is none."""
        headers = {"Accept": accept} | ({"Idempotency-Key": uuid4().hex} if method == "POST" else {})
        asked: Any = {name: value for name, value in (query or {}).items() if value not in (None, [], ())}
        for attempt in range(1, self.tries + 1):
            last = attempt == self.tries
            try:
                with ExitStack() as opened:
                    sent: dict[str, Any] = {"json": body} if body is not None else {"files": files(opened)} if files else {}
                    response = self.http.request(method, path, params=asked, headers=headers, **sent)
            except httpx.TransportError as error:
                if last:
                    raise UnreachableError(f"{self.http.base_url} does not answer: {error!r}.") from error
                self.sleep(_backoff(attempt))
                continue
            if response.status_code < HTTPStatus.BAD_REQUEST:
                return response
            problem = problem_of(response)
            wait = _backoff(attempt) if problem.retry_after is None else problem.retry_after
            if last or problem.code not in PASSING or wait > self.patience_seconds:
                raise problem
            self.sleep(wait)
        raise AssertionError("tries is at least 1")


def problem_of(response: httpx.Response) -> ApiProblem:
    """The refusal that an answer is, also when something in between has made it."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    wait = response.headers.get("Retry-After", "")
    return ApiProblem(
        status=response.status_code,
        code=body.get("error", "not_of_this_api"),
        message=body.get("message", response.reason_phrase),
        details=body.get("details", {}),
        request_id=body.get("request_id", response.headers.get("X-Request-ID", "")),
        retry_after=float(wait) if wait.isdigit() else None,
    )


def _backoff(attempt: int) -> float:
    """Twice as long each time, with jitter, so that many clients do not come back at once."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret
