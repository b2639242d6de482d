"""Every failure a client can meet: its code, its status, and the one JSON shape that all of them have. No route, no logic beyond wording."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn

import orjson
from flask import Flask, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from api.exchange import exchange
from mta_assets.errors import (
    BusyError,
    CallError,
    ConflictError,
    CursorError,
    DataError,
    ForeignFormatError,
    HiddenError,
    LakeError,
    ModelError,
    MtaError,
    NotFoundError,
    OverloadedError,
    RefusedValueError,
    StateError,
    TooLargeError,
    UnavailableError,
    UnknownModelError,
)
from mta_assets.jobs.wording import for_clients
from mta_assets.results.questions import QuestionError
from mta_assets.results.trail import UnknownConversionError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of failure. when: what brought it about; remedy: what a client does next."""

    status: int
    when: str
    remedy: str


# The error guide of docs/api.md is made from this list.
CODES: Mapping[str, Code] = {
    "bad_request": Code(status=400, when="The request cannot be parsed.", remedy="Correct what the message names."),
    "invalid_json": Code(
        status=400, when="The body is not the JSON that its type says.", remedy="Send UTF-8 JSON without NaN or Infinity."
    ),
    "unauthenticated": Code(
        status=401, when="No key or token, or one that is not known.", remedy="Send X-API-Key or Authorization: Bearer."
    ),
    "key_expired": Code(status=401, when="The key's lifetime is over.", remedy="Use the key that replaced it, or ask for a new one."),
    "key_revoked": Code(status=401, when="The key was revoked.", remedy="Ask an administrator for a new one."),
    "forbidden": Code(status=403, when="The key lacks the scope of the route.", remedy="Use a key whose role has the scope that is named."),
    "hidden": Code(
        status=403, when="The result would tell of too few users.", remedy="Ask for attribution results or for the paths that many took."
    ),
    "not_found": Code(status=404, when="There is no such route or object, or it is another owner's.", remedy="Check the address."),
    "unknown_model": Code(status=404, when="No model has this name.", remedy="Use one of the names that are suggested."),
    "method_not_allowed": Code(status=405, when="The route has no such method.", remedy="Use one of those in the Allow header."),
    "not_acceptable": Code(status=406, when="The result has none of the formats of Accept.", remedy="Ask for one of those that are named."),
    "request_timeout": Code(status=408, when="The body came too slowly.", remedy="Send it again, faster."),
    "conflict": Code(status=409, when="The object's state does not allow it.", remedy="Read the object and decide again."),
    "idempotency_conflict": Code(
        status=409, when="The Idempotency-Key belongs to another request, or to one under way.", remedy="Use a key of its own per request."
    ),
    "payload_too_large": Code(
        status=413,
        when="The body, or what it unpacks to, is too large.",
        remedy="Send less, or split the file.",
    ),
    "uri_too_long": Code(status=414, when="The address is too long.", remedy="Send fewer or shorter parameters."),
    "unsupported_media_type": Code(status=415, when="The body is of a kind that is not read.", remedy="Send one of those that are named."),
    "invalid_parameter": Code(status=422, when="A parameter or field has a wrong value.", remedy="Correct details.field."),
    "unreadable_file": Code(status=422, when="A file cannot be read as a whole.", remedy="Mend what the message names and send it again."),
    "model_unavailable": Code(
        status=422, when="The data lack what the model needs.", remedy="Give it what it needs, or use another model."
    ),
    "cursor_expired": Code(status=422, when="The table has changed since the cursor was made.", remedy="Begin again without a cursor."),
    "too_many_requests": Code(status=429, when="A limit is used up.", remedy="Wait for Retry-After seconds."),
    "too_many_analyses": Code(status=429, when="Too many analyses of this owner wait or run.", remedy="Wait until one has ended."),
    "address_blocked": Code(status=429, when="Too many failed authentications from this address.", remedy="Wait for Retry-After seconds."),
    "headers_too_large": Code(status=431, when="The header fields are too large.", remedy="Send fewer or shorter ones."),
    "internal_error": Code(status=500, when="A fault of ours.", remedy="Report it with the request_id."),
    "unavailable": Code(
        status=503, when="A part that the request needs does not answer.", remedy="Try again; /health/ready tells which part."
    ),
}
# Errors of the engine that a client can mend, the narrower before the wider.
_TOLD: Mapping[type[MtaError], str] = {
    NotFoundError: "not_found",
    UnknownConversionError: "not_found",
    ConflictError: "conflict",
    HiddenError: "hidden",
    CursorError: "invalid_parameter",
    RefusedValueError: "invalid_parameter",
    UnknownModelError: "unknown_model",
    UnavailableError: "model_unavailable",
    ModelError: "invalid_parameter",
    ForeignFormatError: "unsupported_media_type",
    TooLargeError: "payload_too_large",
    DataError: "unreadable_file",
}
# What may go well a while later: the code, and after how many seconds.
_LATER: Mapping[type[MtaError], tuple[str, int]] = {BusyError: ("too_many_analyses", 30), OverloadedError: ("unavailable", 5)}
_PARTS: Mapping[type[MtaError], str] = {LakeError: "The lake", StateError: "The state store"}
# What pydantic puts before words of ours.
_OURS = "Value error, "
# What werkzeug raises by itself, by status.
_BY_STATUS = {code.status: name for name, code in reversed(list(CODES.items()))}


@dataclass(kw_only=True)
class Problem(Exception):  # noqa: N818  the field's word: RFC 9457
    """A failure to be answered. details: `field`, `suggestion` and whatever helps a program; retry_after: seconds."""

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def refuse(code: str, message: str, **details: object) -> NoReturn:
    """End the request with this problem."""
    raise Problem(code=code, message=message, details=details)


def document(problem: Problem, request_id: str, now: datetime) -> dict[str, object]:
    """The one shape of every failure."""
    about: dict[str, object] = {
        "error": problem.code,
        "message": problem.message,
        "details": {"suggestion": CODES[problem.code].remedy, **problem.details},
        "request_id": request_id,
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return about if problem.retry_after is None else about | {"retry_after": problem.retry_after}


def response_to(problem: Problem) -> Response:
    """The answer of this failure. It is never stored by anyone."""
    under_way = exchange()
    under_way.problem_code = problem.code  # for whoever counts failures
    body = orjson.dumps(document(problem, under_way.request_id, datetime.now(UTC)))
    response = Response(body, CODES[problem.code].status, content_type="application/json")
    response.headers.update({"Cache-Control": "no-store", **problem.headers})
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def answer_every_failure(app: Flask) -> None:
    """Give every failure of every route the one shape, also those of routing and our own faults, which are logged and not told."""
    app.register_error_handler(Problem, response_to)
    app.register_error_handler(MtaError, lambda error: response_to(of_error(error)))
    app.register_error_handler(HTTPException, lambda error: response_to(of_http(error)))
    app.register_error_handler(Exception, _fault)


def of_error(error: MtaError) -> Problem:
    """What the engine says as a client may hear it. What lies at fault with us is logged and not told: its message may name our folders."""
    if isinstance(error, QuestionError):
        return Problem(code="invalid_parameter", message=str(error), details={"field": error.field})
    if isinstance(error, CallError):
        return Problem(code="invalid_parameter", message=for_clients(str(error)), details={"field": error.field})
    for kind, (code, seconds) in _LATER.items():
        if isinstance(error, kind):
            return Problem(code=code, message=str(error), retry_after=seconds)
    for kind, code in _TOLD.items():
        if isinstance(error, kind):
            return Problem(code=code, message=for_clients(str(error)))
    log.error("a part is out of reach or set up wrongly", exc_info=error)
    for kind, part in _PARTS.items():
        if isinstance(error, kind):
            return Problem(code="unavailable", message=f"{part} does not answer at this moment. The server's log says why.", retry_after=10)
    return Problem(code="internal_error", message="The server is not set up as it should be. Its log says what.")


def of_http(error: HTTPException) -> Problem:
    """What werkzeug found wrong, in our shape and words."""
    status = error.code or 500
    code = _BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    if "Allow" in headers:
        message = f"{request.method} is not among the methods of this route: {headers['Allow']}."
    elif status == 413 and (most := request.max_content_length):
        message = f"The body is larger than {most:,} bytes, which is what this route takes."
    else:
        message = CODES[code].when
    return Problem(code=code, message=message, headers=headers)


def of_validation(error: ValidationError) -> Response:
    """The first wrong parameter or field, with all of them in the details."""
    wrong = [
        {"field": ".".join(map(str, each["loc"])) or "body", "message": each["msg"].removeprefix(_OURS)}
        for each in error.errors(include_url=False, include_input=False)
    ]
    first = wrong[0]
    details = {"field": first["field"], "errors": wrong[:20]}
    return response_to(Problem(code="invalid_parameter", message=f"{first['field']}: {first['message']}.", details=details))


def _fault(error: Exception) -> Response:
    exchange().fault = error
    log.error("internal error", exc_info=error, extra={"request_id": exchange().request_id})
    return response_to(Problem(code="internal_error", message="A fault of ours ended this request. It was logged under the request_id."))
