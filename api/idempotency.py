"""Idempotency-Key: a POST that is sent again under its key is answered again and not done again. What is done is the view's business.

An answer is kept for 24 hours when it is a good one and small. What is shown once only, such as the secret of a new key, is not kept: who sends the request
again gets the answer with null in its place, so that no secret lies in the store in clear and none is handed out twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import orjson
from flask import Response, current_app, request

from api.exchange import caller
from api.problems import Problem, refuse
from api.services import services
from mta_assets.state.idempotency import Clash, Conflict, Fresh, Idempotency, Replay

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
LONGEST_KEY: Final = 255
# A larger answer is that of a computation, which can be done again and comes to the same.
MOST_KEPT_BYTES: Final = 1_000_000
_KEPT_HEADERS: Final = ("Content-Type", "Content-Encoding", "Location", "Retry-After", "Link", "Vary")
_RETRY_SECONDS: Final = 2


def once(digest: Callable[[], str], make: Callable[[], object], shown_once: Sequence[str] = ()) -> Response:
    """The answer of this request under its key, made now or before. digest: a hash of its body; shown_once: fields of the JSON that are not kept.

    Raises Problem when the key belongs to another request or to one under way, or is no key.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return _response(make())
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        refuse("invalid_parameter", f"{HEADER}: 1 to {LONGEST_KEY} printable ASCII characters.", field=HEADER)
    kept = Idempotency(services().store)
    begun = kept.begin(owner=caller().owner, key=key, fingerprint=_fingerprint(digest()), now=services().now())
    if isinstance(begun, Replay):
        return Response(begun.body, begun.status, headers={**begun.headers, REPLAYED: "true"})
    if isinstance(begun, Conflict):
        raise _conflict(begun.clash)
    try:
        response = _response(make())
    except BaseException:
        kept.forget(begun)
        raise
    _keep(kept, begun, response, shown_once)
    return response


def _response(made: object) -> Response:
    return current_app.make_response(made)  # type: ignore[arg-type]  # whatever a view may return


def _fingerprint(digest: str) -> str:
    """A hash of everything that decides the answer."""
    asked = (
        request.method,
        request.path,
        request.query_string,
        digest,
        *(request.headers.get(name) for name in ("Accept", "Accept-Encoding")),
    )
    return hashlib.sha256(repr(asked).encode(errors="replace")).hexdigest()


def _keep(kept: Idempotency, fresh: Fresh, response: Response, shown_once: Sequence[str]) -> None:
    body = response.get_data()
    if response.status_code >= 300 or len(body) > MOST_KEPT_BYTES:
        kept.forget(fresh)
        return
    if shown_once:
        body = orjson.dumps({**orjson.loads(body), **dict.fromkeys(shown_once)})
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    kept.finish(fresh, status=response.status_code, headers=headers, body=body, now=services().now())


def _conflict(clash: Clash) -> Problem:
    if clash is Clash.IN_PROGRESS:
        message = f"The first request under this {HEADER} is still being worked on."
        return Problem(code="idempotency_conflict", message=message, retry_after=_RETRY_SECONDS)
    message = f"This {HEADER} was used for another request: method, address, body, Accept and Accept-Encoding must be the same."
    return Problem(code="idempotency_conflict", message=message)
